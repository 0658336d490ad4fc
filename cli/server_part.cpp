#include "cli/server_part.hpp"

#include "actors/system/cluster.hpp"
#include "actors/system/gate.hpp"
#include "cli/directory_lock.hpp"
#include "cli/front_options.hpp"
#include "cli/join_service.hpp"
#include "cli/server_identity.hpp"
#include "cli/serving.hpp"
#include "runtime/http/https_edge.hpp"
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

#include <algorithm>
#include <chrono>
#include <unistd.h>

namespace troupe::cli {

namespace {

namespace fs = std::filesystem;

std::string store_place_of(const server_place& own) {
  return own.host + ":" + std::to_string(own.store_port);
}

store_member member_of(const server_settings& settings) {
  store_member result;
  result.founders = {{1, true, settings.places.front().name + "/store"}};
  result.group = settings.store_group;
  return result;
}

} // namespace

bool part_options::has(const std::string& role) const {
  return std::find(roles.begin(), roles.end(), role) != roles.end();
}

std::string process_of(const part_options& options) {
  return options.has("apiserver") ? "server-1"
         : options.has("store")   ? "store-1"
                                  : "http-1";
}

struct part_process::parts {
  directory_lock lock;
  server_settings settings;
  crypto::cluster_keys keys;
  std::shared_ptr<edges> outside = std::make_shared<edges>();
  std::shared_ptr<net::loop> sockets;
  std::shared_ptr<http::https_edge> https;
  std::shared_ptr<cluster_config> config = std::make_shared<cluster_config>();
  std::unique_ptr<actor_config> actors;
  std::unique_ptr<caf::actor_system> system;
  std::unique_ptr<secure_network> secure;
  std::unique_ptr<caf::scoped_actor> self;
  std::unique_ptr<join_service> joins; ///< beside the API server
  gate_actor gate;                     ///< null where nobody comes in
  planted_tree tree;

  const server_place& own() const { return settings.places.front(); }

  caf::error prepare(const part_options& options);
  void open_system();
  caf::error open_gate(const part_options& options);
  caf::error open_https();
  void open_joins();
  void revoke_alone();
  void plant(const part_options& options);
};

/// Who has no API server finds it as others do.
caf::error part_process::parts::prepare(const part_options& options) {
  configure(*config, options.data_dir, settings, own());
  config->process = process_of(options);
  if (!options.has("apiserver"))
    config->servers = {{"", own().address()}};
  auto opened = open_server_keys(options.data_dir, settings);
  if (!opened)
    return opened.error();
  keys = std::move(*opened);
  config->ca_certificate = keys.authority.certificate;
  outside->disk = leveldb::Env::Default();
  sockets = net::make_socket_edges().thread;
  return caf::none;
}

void part_process::parts::open_system() {
  actors = std::make_unique<actor_config>(2, reach::other_processes);
  system = std::make_unique<caf::actor_system>(*actors);
  secure = std::make_unique<secure_network>(*system, files_of(keys));
  outside->servers = std::make_shared<server_links>(links_of(*secure, keys));
  self = std::make_unique<caf::scoped_actor>(*system, true);
}

/// Where others come in, to the API server or to the store.
caf::error part_process::parts::open_gate(const part_options& options) {
  if (!options.has("apiserver") && !options.has("store"))
    return caf::none;
  auto seen = std::make_shared<cluster_config>(*config);
  seen->servers = {{own().name, ""}};
  gate =
      system->spawn(troupe::gate, std::shared_ptr<const cluster_config>{seen});
  auto port = options.has("apiserver") ? own().port : own().store_port;
  return secure->publish(gate, own().host, port) ? caf::none
                                                 : no_port(own().host, port);
}

caf::error part_process::parts::open_https() {
  https = std::make_shared<http::https_edge>(sockets);
  if (auto err = https->prepare(
          {keys.server_file.string(), keys.authority.certificate}))
    return err;
  auto audit = read_audit(config->data_dir, own().name);
  if (!audit)
    return audit.error();
  https->note(std::move(*audit));
  for (auto& host : {own().host, settings.api_address}) {
    auto at = net::parse_ipv4(host);
    if (!at)
      return at.error();
    if (!https->open({*at, own().api_port}))
      return no_port(host, own().api_port);
    if (settings.api_address == own().host)
      break;
  }
  return caf::none;
}

void part_process::parts::open_joins() {
  auto facts = facts_of(*config, keys.authority.certificate, own().host,
                        own().port, own().api_port, settings.api_service);
  joins = std::make_unique<join_service>(
      *system, *secure,
      join_service_parts{config->data_dir, keys.authority, std::move(facts),
                         https, sockets},
      *config);
  outside->authority = joins->authority();
}

/// Who takes nobody in refuses those all the same whose certificates are no
/// longer good.
void part_process::parts::revoke_alone() {
  auto result = std::make_shared<signing_authority>();
  result->revoke = [edge = https, network = secure.get()](
                       const std::set<std::string>& serials) {
    if (edge)
      edge->revoke(serials);
    network->revoke(serials);
  };
  read_tokens(config->data_dir, *result);
  outside->authority = std::move(result);
}

void part_process::parts::plant(const part_options& options) {
  server_parts which;
  if (options.has("store"))
    which.store = member_of(settings);
  else
    which.stores = {{own().name + "/store", store_place_of(own())}};
  which.apiserver = options.has("apiserver");
  which.http = https;
  tree.plant = [this, which] {
    return spawn_server_parts(
        *system, real_world(), outside, config,
        [this](const directory_actor& directory) {
          if (gate)
            caf::anon_send(gate, directory);
          if (joins)
            caf::anon_send(joins->gate(), directory);
        },
        which);
  };
  tree.root = tree.plant();
  (*self)->monitor(tree.root);
}

part_process::part_process(part_options options, report tell)
    : options_(std::move(options)), tell_(std::move(tell)) {
  // nop
}

part_process::~part_process() = default;

caf::error part_process::start() {
  parts_ = std::make_unique<parts>();
  auto& p = *parts_;
  auto settings = read_server_settings(options_.data_dir);
  if (!settings || settings->places.front().store_port == 0)
    return make_error(ec::conflict,
                      "--roles: no cluster in " + options_.data_dir.string()
                          + " has its components in processes of their own: "
                            "start one with `troupe up --apart`");
  p.settings = std::move(*settings);
  auto name = process_of(options_);
  auto folder = server_folder(options_.data_dir, name);
  std::error_code failed;
  fs::create_directories(folder, failed);
  if (failed)
    return make_error(ec::forbidden, "cannot make " + folder.string() + ": "
                                         + failed.message());
  if (auto err = p.lock.take(folder, lock_patience))
    return make_error(ec::conflict,
                      name + " runs already from " + folder.string());
  if (auto err = p.prepare(options_))
    return err;
  if (options_.has("http"))
    if (auto err = p.open_https())
      return err;
  p.open_system();
  if (auto err = p.open_gate(options_))
    return err;
  if (options_.has("apiserver"))
    p.open_joins();
  else
    p.revoke_alone();
  p.plant(options_);
  if (p.joins)
    if (auto err = p.joins->announce(options_.discovery_port))
      tell_("Warning: " + message_of(err));
  tell_(name + ": runs");
  return caf::none;
}

void part_process::serve() {
  auto& p = *parts_;
  serve_tree(*p.self, p.tree, tell_);
  tell_(process_of(options_) + ": ending");
  auto gone = end_tree(*p.self, p.tree);
  if (p.gate)
    (*p.self)->send_exit(p.gate, caf::exit_reason::user_shutdown);
  // What is left by now hangs; everything acknowledged is on the disk.
  if (!gone)
    _exit(1);
  p.gate = nullptr;
}

} // namespace troupe::cli
