#include "cli/server_process.hpp"

#include "actors/system/cluster.hpp"
#include "actors/system/gate.hpp"
#include "cli/directory_lock.hpp"
#include "cli/join_service.hpp"
#include "cli/server_settings.hpp"
#include "cli/serving.hpp"
#include "runtime/crypto/key_files.hpp"
#include "runtime/http/https_edge.hpp"
#include "runtime/net/socket.hpp"
#include "runtime/net/socket_edges.hpp"
#include "runtime/system/actor_config.hpp"
#include "runtime/system/config.hpp"
#include "runtime/system/edges.hpp"
#include "runtime/system/secure_network.hpp"
#include "runtime/system/server_links.hpp"

#include <caf/actor_cast.hpp>
#include <caf/actor_system.hpp>
#include <caf/scoped_actor.hpp>
#include <leveldb/env.h>

#include <filesystem>
#include <unistd.h>

namespace troupe::cli {

namespace {

namespace fs = std::filesystem;

caf::error no_port(const server_place& own, uint16_t port) {
  return make_error(ec::conflict, "port " + std::to_string(port) + " of "
                                      + own.host + " cannot be had");
}

} // namespace

struct server_process::parts {
  directory_lock lock;
  crypto::cluster_keys keys;
  std::shared_ptr<edges> outside = std::make_shared<edges>();
  std::shared_ptr<http::https_edge> https;
  std::shared_ptr<net::loop> sockets; ///< the thread of all of them
  std::shared_ptr<cluster_config> config = std::make_shared<cluster_config>();
  std::unique_ptr<actor_config> actors;
  std::unique_ptr<caf::actor_system> system;
  std::unique_ptr<secure_network> secure;
  std::unique_ptr<caf::scoped_actor> self;
  std::unique_ptr<join_service> joins;
  gate_actor gate;
  planted_tree tree;

  caf::error prepare(const std::string& data_dir,
                     const server_settings& settings, const server_place& own);
  caf::error open(const server_place& own);
  void open_joins(const server_settings& settings, const server_place& own);
};

caf::error server_process::parts::prepare(const std::string& data_dir,
                                          const server_settings& settings,
                                          const server_place& own) {
  config->data_dir = data_dir;
  config->process = own.name;
  config->bind_address = own.host;
  config->service_cidr = settings.service_cidr;
  config->pod_cidr = settings.pod_cidr;
  config->pod_namespaces = settings.pod_namespaces;
  config->lowest_port = settings.lowest_port;
  config->store_group = settings.store_group;
  config->limits = settings.limits;
  config->port = own.port;
  config->api_address = settings.api_address;
  config->api_port = settings.places.front().api_port;
  config->servers.clear();
  for (auto& each : settings.places)
    config->servers.push_back({each.name,
                               each.name == own.name ? "" : each.address(),
                               each.member, each.founder});
  auto opened = crypto::open_cluster_keys(
      fs::path{data_dir} / "pki",
      crypto::names_of_api(settings.api_service, settings.hosts()),
      real_world()->now());
  if (!opened)
    return opened.error();
  keys = std::move(*opened);
  config->ca_certificate = keys.authority.certificate;
  return caf::none;
}

caf::error server_process::parts::open(const server_place& own) {
  outside->disk = leveldb::Env::Default();
  sockets = net::make_socket_edges().thread;
  https = std::make_shared<http::https_edge>(sockets);
  if (auto err = https->prepare(
          {keys.server_file.string(), keys.authority.certificate}))
    return err;
  auto host = net::parse_ipv4(own.host);
  if (!host)
    return host.error();
  if (!https->open({*host, own.api_port}))
    return no_port(own, own.api_port);
  actors = std::make_unique<actor_config>(2, reach::other_processes);
  system = std::make_unique<caf::actor_system>(*actors);
  secure = std::make_unique<secure_network>(
      *system,
      secure_files{keys.server_file.string(), keys.authority_file.string()});
  outside->servers = std::make_shared<server_links>(
      server_links{secure.get(), always(keys.server)});
  self = std::make_unique<caf::scoped_actor>(*system, true);
  gate = system->spawn(troupe::gate,
                       std::shared_ptr<const cluster_config>{config});
  if (!secure->publish(gate, own.host, own.port))
    return no_port(own, own.port);
  return caf::none;
}

/// Others may join here too; the tree is told of the authority's key.
void server_process::parts::open_joins(const server_settings& settings,
                                       const server_place& own) {
  auto facts = facts_of(*config, keys.authority.certificate, own.host, own.port,
                        own.api_port, settings.api_service);
  joins = std::make_unique<join_service>(
      *system, *secure,
      join_service_parts{config->data_dir, keys.authority, std::move(facts),
                         https, sockets},
      *config);
  outside->authority = joins->authority();
}

server_process::server_process(std::string data_dir, std::string name,
                               report tell)
    : data_dir_(std::move(data_dir)),
      name_(std::move(name)),
      tell_(std::move(tell)) {
  // nop
}

server_process::~server_process() = default;

caf::error server_process::start() {
  auto settings = read_server_settings(data_dir_);
  if (!settings)
    return settings.error();
  auto* own = settings->find(name_);
  if (own == nullptr)
    return make_error(ec::not_found,
                      "the cluster in " + data_dir_ + " has no " + name_);
  auto folder = server_folder(data_dir_, name_);
  std::error_code failed;
  fs::create_directories(folder, failed);
  if (failed)
    return make_error(ec::forbidden, "cannot make " + folder.string() + ": "
                                         + failed.message());
  parts_ = std::make_unique<parts>();
  auto& p = *parts_;
  if (auto err = p.lock.take(folder))
    return err;
  if (auto err = p.prepare(data_dir_, *settings, *own))
    return err;
  if (auto err = p.open(*own))
    return err;
  p.open_joins(*settings, *own);
  p.tree.plant = [&p] {
    return spawn_server(
        *p.system, real_world(), p.outside, p.config,
        [to = p.gate,
         joiners = p.joins->gate()](const directory_actor& directory) {
          caf::anon_send(to, directory);
          caf::anon_send(joiners, directory);
        },
        p.https);
  };
  p.tree.root = p.tree.plant();
  (*p.self)->monitor(p.tree.root);
  tell_(name_ + ": answering on " + own->address() + ", over HTTPS on "
        + own->host + ":" + std::to_string(own->api_port));
  return caf::none;
}

void server_process::serve() {
  auto& p = *parts_;
  serve_tree(*p.self, p.tree, tell_);
  tell_(name_ + ": ending");
  auto gone = end_tree(*p.self, p.tree);
  (*p.self)->send_exit(p.gate, caf::exit_reason::user_shutdown);
  // What is left by now hangs; everything acknowledged is on the disk.
  if (!gone)
    _exit(1);
  p.gate = nullptr;
}

} // namespace troupe::cli
