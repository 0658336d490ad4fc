#include "cli/server_settings.hpp"

#include "cli/cluster_shape.hpp"
#include "runtime/system/context.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <arpa/inet.h>
#include <cerrno>
#include <cstring>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace troupe::cli {

namespace fs = std::filesystem;
using nlohmann::json;

std::string server_place::address() const {
  return host + ":" + std::to_string(port);
}

std::vector<std::string> server_settings::hosts() const {
  std::vector<std::string> result{api_address};
  for (auto& place : places)
    result.push_back(place.host);
  return result;
}

std::string server_settings::addresses() const {
  auto all = places;
  std::stable_partition(all.begin(), all.end(),
                        [this](auto& each) { return each.name == own; });
  return addresses_of(all);
}

const server_place* server_settings::find(const std::string& name) const {
  auto i = std::find_if(places.begin(), places.end(),
                        [&](auto& x) { return x.name == name; });
  return i == places.end() ? nullptr : &*i;
}

std::string addresses_of(const std::vector<server_place>& places) {
  std::string result;
  for (auto& place : places)
    result += (result.empty() ? "" : ",") + place.address();
  return result;
}

void configure(cluster_config& config, const fs::path& data_dir,
               const server_settings& settings, const server_place& own) {
  config.data_dir = data_dir.string();
  config.process = own.name;
  config.bind_address = own.host;
  config.service_cidr = settings.service_cidr;
  config.pod_cidr = settings.pod_cidr;
  config.pod_namespaces = settings.pod_namespaces;
  config.lowest_port = settings.lowest_port;
  config.store_group = settings.store_group;
  config.limits = settings.limits;
  config.port = own.port;
  // On a machine of its own, pods reach it where it is.
  auto joined = !settings.own.empty();
  config.api_address = joined ? own.host : settings.api_address;
  config.api_port = joined ? own.api_port : settings.places.front().api_port;
  config.servers.clear();
  for (auto& each : settings.places)
    config.servers.push_back({each.name,
                              each.name == own.name ? "" : each.address(),
                              each.member, each.founder});
}

expected<crypto::cluster_keys>
open_server_keys(const fs::path& data_dir, const server_settings& settings) {
  return crypto::open_cluster_keys(
      data_dir / "pki",
      crypto::names_of_api(settings.api_service, settings.hosts()),
      real_world()->now());
}

fs::path server_settings_file(const fs::path& data_dir) {
  return data_dir / "servers" / "settings.json";
}

fs::path server_folder(const fs::path& data_dir, const std::string& name) {
  return data_dir / "servers" / name;
}

expected<server_settings> read_server_settings(const fs::path& data_dir) {
  auto text = crypto::read_file(server_settings_file(data_dir));
  if (!text)
    return text.error();
  auto result = parse_server_settings(*text);
  if (!result)
    return make_error(ec::internal_error,
                      server_settings_file(data_dir).string()
                          + message_of(result.error()));
  return result;
}

expected<server_settings> parse_server_settings(const std::string& text) {
  try {
    auto doc = json::parse(text);
    server_settings result;
    for (auto& place : doc.at("places"))
      result.places.push_back(
          {place.at("name"), place.at("port"), place.at("apiPort"),
           place.value("member", uint64_t{0}), place.value("founder", true),
           place.value("host", default_host), place.value("elsewhere", false),
           place.value("storePort", uint16_t{0})});
    result.own = doc.value("own", "");
    result.any_name = doc.value("anyName", false);
    result.service_cidr = doc.at("serviceCIDR");
    result.pod_cidr = doc.at("podCIDR");
    result.api_service = doc.at("apiService");
    result.api_address = doc.value("apiAddress", default_host);
    result.pod_namespaces = doc.at("podNamespaces");
    result.lowest_port = doc.at("lowestPort");
    result.store_group = doc.value("storeGroup", uint64_t{0});
    result.limits = limits_of(doc);
    result.without = doc.value("without", result.without);
    return result;
  } catch (const json::exception& err) {
    return make_error(ec::internal_error,
                      std::string{" does not say where the servers are: "}
                          + err.what());
  }
}

std::string text_of(const server_settings& settings) {
  json places = json::array();
  for (auto& place : settings.places)
    places.push_back({{"name", place.name},
                      {"port", place.port},
                      {"apiPort", place.api_port},
                      {"member", place.member},
                      {"founder", place.founder},
                      {"host", place.host},
                      {"elsewhere", place.elsewhere},
                      {"storePort", place.store_port}});
  json doc{{"places", places},
           {"serviceCIDR", settings.service_cidr},
           {"podCIDR", settings.pod_cidr},
           {"apiService", settings.api_service},
           {"apiAddress", settings.api_address},
           {"podNamespaces", settings.pod_namespaces},
           {"lowestPort", settings.lowest_port},
           {"storeGroup", settings.store_group}};
  if (!settings.own.empty())
    doc["own"] = settings.own;
  if (settings.any_name)
    doc["anyName"] = true;
  if (!settings.without.empty())
    doc["without"] = settings.without;
  doc.update(document_of(settings.limits));
  return doc.dump(1) + "\n";
}

expected<void> write_server_settings(const fs::path& data_dir,
                                     const server_settings& settings) {
  std::error_code failed;
  fs::create_directories(data_dir / "servers", failed);
  if (failed)
    return make_error(ec::forbidden, "cannot make "
                                         + (data_dir / "servers").string()
                                         + ": " + failed.message());
  return crypto::write_secret_file(server_settings_file(data_dir),
                                   text_of(settings));
}

caf::error settings_lock::take(const fs::path& data_dir,
                               std::chrono::milliseconds patience) {
  auto folder = server_settings_file(data_dir).parent_path();
  std::error_code failed;
  fs::create_directories(folder, failed);
  auto err = lock_.take(folder, patience);
  if (is(err, ec::conflict))
    return make_error(ec::conflict, "another command changes the servers of "
                                        + data_dir.string());
  return err;
}

namespace {

expected<uint16_t> any_free_port() {
  auto fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in where{};
  where.sin_family = AF_INET;
  where.sin_addr.s_addr = htonl(INADDR_ANY);
  socklen_t size = sizeof(where);
  auto* address = reinterpret_cast<sockaddr*>(&where);
  auto good = fd >= 0 && bind(fd, address, size) == 0
              && getsockname(fd, address, &size) == 0;
  auto why = std::strerror(errno);
  if (fd >= 0)
    close(fd);
  if (!good)
    return make_error(ec::internal_error, std::string{"no free port: "} + why);
  return ntohs(where.sin_port);
}

} // namespace

caf::error no_port(const std::string& host, uint16_t port) {
  return make_error(ec::conflict, "port " + std::to_string(port) + " of " + host
                                      + " cannot be had");
}

expected<uint16_t> free_port(const std::vector<server_place>& places) {
  for (;;) {
    auto port = any_free_port();
    if (!port || std::none_of(places.begin(), places.end(), [&](auto& x) {
          return x.port == *port || x.api_port == *port
                 || x.store_port == *port;
        }))
      return port;
  }
}

} // namespace troupe::cli
