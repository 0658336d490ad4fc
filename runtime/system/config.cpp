#include "runtime/system/config.hpp"

#include "runtime/system/member_address.hpp"

namespace troupe {

std::string cluster_config::top_of(const server_config& server) const {
  return servers.size() > 1 ? server.name + "/" : "";
}

std::string cluster_config::components_of(const server_config& server) const {
  return &server == &servers.front() ? "" : top_of(server);
}

std::vector<std::string>
cluster_config::of_components(const std::string& path) const {
  std::vector<std::string> result;
  for (auto& server : servers)
    if (server.place.empty())
      result.push_back(components_of(server) + path);
  return result;
}

const server_config*
cluster_config::server_at(const std::string& member) const {
  for (auto& server : servers)
    if (server.name == member_server(member))
      return &server;
  return nullptr;
}

std::string cluster_config::place_of(const std::string& member) const {
  auto* server = server_at(member);
  if (server != nullptr && server->place.empty())
    return "";
  // One of that name may have been somewhere else when we started.
  if (auto place = member_place(member); !place.empty())
    return place;
  return server != nullptr ? server->place : "";
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
