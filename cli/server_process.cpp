#include "cli/server_process.hpp"

#include "actors/system/cluster.hpp"
#include "actors/system/gate.hpp"
#include "cli/cluster_shape.hpp"
#include "cli/directory_lock.hpp"
#include "cli/front_options.hpp"
#include "cli/join_service.hpp"
#include "cli/server_identity.hpp"
#include "cli/server_membership.hpp"
#include "cli/server_register.hpp"
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

#include <chrono>
#include <csignal>
#include <filesystem>
#include <mutex>
#include <unistd.h>

namespace troupe::cli {

namespace {

namespace fs = std::filesystem;

} // namespace

struct server_process::parts {
  directory_lock home; ///< of one that joined
  directory_lock lock;
  crypto::cluster_keys keys;
  std::shared_ptr<edges> outside = std::make_shared<edges>();
  std::shared_ptr<http::https_edge> https;
  std::shared_ptr<net::loop> sockets; ///< the thread of all of them
  std::shared_ptr<cluster_config> config = std::make_shared<cluster_config>();
  std::unique_ptr<server_register> others; ///< the servers elsewhere
  std::unique_ptr<actor_config> actors;
  std::unique_ptr<caf::actor_system> system;
  std::unique_ptr<secure_network> secure;
  std::unique_ptr<caf::scoped_actor> self;
  std::unique_ptr<join_service> joins;
  gate_actor gate;
  planted_tree tree;
  std::mutex mutex;
  std::string left; ///< why this is no member any more; guarded by `mutex`

  caf::error take_home(const server_options& options);
  void leave(const std::string& why);
  server_links links();
  caf::error prepare(const fs::path& data_dir, const server_settings& settings,
                     const server_place& own);
  caf::error open(const server_place& own);
  void open_joins(const server_settings& settings, const server_place& own);
  void plant(const server_settings& settings);
};

/// Takes the directory of a server that joined, or is about to; that of `up` is
/// held by that.
caf::error server_process::parts::take_home(const server_options& options) {
  auto settings = read_server_settings(options.data_dir);
  if (settings && settings->own.empty())
    return caf::none;
  std::error_code failed;
  fs::create_directories(options.data_dir, failed);
  if (failed)
    return make_error(ec::forbidden, "cannot make " + options.data_dir.string()
                                         + ": " + failed.message());
  fs::permissions(options.data_dir, fs::perms::owner_all, failed);
  return home.take(options.data_dir, lock_patience);
}

/// Ends the process as a signal does.
void server_process::parts::leave(const std::string& why) {
  {
    std::lock_guard guard{mutex};
    left = why;
  }
  kill(getpid(), SIGTERM);
}

server_links server_process::parts::links() {
  auto result = links_of(*secure, keys);
  if (!others)
    return result;
  result.keep_members = [this](const std::vector<member_address>& members) {
    others->keep(members);
  };
  result.leave = [this](const std::string& why) { leave(why); };
  return result;
}

caf::error server_process::parts::prepare(const fs::path& data_dir,
                                          const server_settings& settings,
                                          const server_place& own) {
  configure(*config, data_dir, settings, own);
  auto opened = open_server_keys(data_dir, settings);
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
  auto audit = read_audit(config->data_dir, own.name);
  if (!audit)
    return audit.error();
  https->note(std::move(*audit));
  auto host = net::parse_ipv4(own.host);
  if (!host)
    return host.error();
  if (!https->open({*host, own.api_port}))
    return no_port(own.host, own.api_port);
  actors = std::make_unique<actor_config>(2, reach::other_processes);
  system = std::make_unique<caf::actor_system>(*actors);
  secure = std::make_unique<secure_network>(*system, files_of(keys));
  outside->servers = std::make_shared<server_links>(links());
  self = std::make_unique<caf::scoped_actor>(*system, true);
  gate = system->spawn(troupe::gate,
                       std::shared_ptr<const cluster_config>{config});
  if (!secure->publish(gate, own.host, own.port))
    return no_port(own.host, own.port);
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

void server_process::parts::plant(const server_settings& settings) {
  tree.plant = [this, run = deciding(settings.without)] {
    return spawn_server(
        *system, real_world(), outside, config,
        [to = gate, joiners = joins->gate()](const directory_actor& directory) {
          caf::anon_send(to, directory);
          caf::anon_send(joiners, directory);
        },
        https, run);
  };
  tree.root = tree.plant();
  (*self)->monitor(tree.root);
}

namespace {

/// One that joined has a directory, and so a log and tokens, of its own.
caf::error keep_own_front(const server_options& options, bool joined) {
  auto front = options.front;
  front.one_server = true;
  if (joined)
    return keep_front(options.data_dir, front);
  return front.any()
             ? make_error(ec::bad_request,
                          "what the servers of `up` note, and which tokens "
                          "they know, is for `up` to say")
             : caf::error{};
}

} // namespace

server_process::server_process(server_options options, report tell)
    : options_(std::move(options)), tell_(std::move(tell)) {
  // nop
}

server_process::~server_process() = default;

caf::error server_process::start() {
  parts_ = std::make_unique<parts>();
  if (auto err = parts_->take_home(options_))
    return err;
  auto role = become_server(options_, tell_);
  if (!role)
    return role.error();
  name_ = role->name;
  auto settings = read_server_settings(options_.data_dir);
  if (!settings)
    return settings.error();
  auto* own = settings->find(name_);
  if (own == nullptr || own->elsewhere)
    return make_error(ec::not_found, "the cluster in "
                                         + options_.data_dir.string()
                                         + " has no " + name_);
  if (auto err = start_server(*settings, *own))
    return err;
  if (role->joined == 0)
    return caf::none;
  auto client = connect_to_others(options_.data_dir, *settings);
  if (!client)
    return client.error();
  if (auto err = wait_for_vote(**client, role->joined))
    return err;
  tell_(name_ + ": has a vote in the store");
  return caf::none;
}

caf::error server_process::start_server(const server_settings& settings,
                                        const server_place& own) {
  auto& p = *parts_;
  auto folder = server_folder(options_.data_dir, name_);
  std::error_code failed;
  fs::create_directories(folder, failed);
  if (failed)
    return make_error(ec::forbidden, "cannot make " + folder.string() + ": "
                                         + failed.message());
  if (auto err = p.lock.take(folder))
    return err;
  auto joined = !settings.own.empty();
  if (auto err = keep_own_front(options_, joined))
    return err;
  if (auto err = p.prepare(options_.data_dir, settings, own))
    return err;
  if (joined)
    p.others = std::make_unique<server_register>(options_.data_dir);
  if (auto err = p.open(own))
    return err;
  p.open_joins(settings, own);
  p.plant(settings);
  tell_(name_ + ": answering on " + own.address() + ", over HTTPS on "
        + own.host + ":" + std::to_string(own.api_port));
  if (!joined)
    return caf::none;
  for (auto& err : {p.joins->announce_here(),
                    p.joins->announce(options_.joining.discovery_port)})
    if (err)
      tell_("Warning: " + message_of(err));
  return caf::none;
}

void server_process::serve() {
  auto& p = *parts_;
  serve_tree(*p.self, p.tree, tell_);
  {
    std::lock_guard guard{p.mutex};
    tell_(name_ + ": " + (p.left.empty() ? "ending" : p.left + ": ending"));
  }
  auto gone = end_tree(*p.self, p.tree);
  (*p.self)->send_exit(p.gate, caf::exit_reason::user_shutdown);
  // What is left by now hangs; everything acknowledged is on the disk.
  if (!gone || !p.left.empty())
    _exit(1);
  p.gate = nullptr;
}

} // namespace troupe::cli
