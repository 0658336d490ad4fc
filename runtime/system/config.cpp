#include "runtime/system/config.hpp"

namespace troupe {

std::string cluster_config::top_of(const server_config& server) const {
  return servers.size() > 1 ? server.name + "/" : "";
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
