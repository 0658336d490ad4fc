#include "runtime/system/config.hpp"

namespace troupe {

std::string cluster_config::top_of(const server_config& server) const {
  return servers.size() > 1 ? server.name + "/" : "";
}

const server_config*
cluster_config::server_at(const std::string& member) const {
  for (auto& server : servers)
    if (server.name == member.substr(0, member.find('/')))
      return &server;
  return nullptr;
}

std::vector<std::string>
cluster_config::of_servers(const std::string& path) const {
  std::vector<std::string> result;
  for (auto& server : servers)
    if (server.place.empty())
      result.push_back(top_of(server) + path);
  return result;
}

} // namespace troupe
