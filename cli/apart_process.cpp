#include "cli/apart_process.hpp"

#include "cli/admin_access.hpp"
#include "cli/cluster_parts.hpp"
#include "cli/cluster_shape.hpp"
#include "cli/directory_lock.hpp"
#include "cli/join_service.hpp"
#include "cli/node_process.hpp"
#include "cli/node_removal.hpp"
#include "cli/process_end.hpp"
#include "cli/process_keeper.hpp"
#include "cli/readiness.hpp"
#include "cli/running_clusters.hpp"
#include "cli/server_part.hpp"
#include "cli/server_settings.hpp"
#include "cli/serving.hpp"
#include "runtime/crypto/key_files.hpp"
#include "runtime/net/cluster_network.hpp"
#include "runtime/net/socket.hpp"
#include "runtime/system/context.hpp"

#include <chrono>
#include <csignal>
#include <filesystem>
#include <set>
#include <thread>

namespace troupe::cli {

namespace {

namespace fs = std::filesystem;
using std::chrono::steady_clock;

constexpr std::chrono::milliseconds connect_again{10};

caf::error unfit(const std::string& option, const std::string& why) {
  return make_error(ec::bad_request, option + ": " + why);
}

/// What goes with one server only, whose state is here.
caf::error check(const up_options& options, const cluster_shape& last) {
  if (options.servers > 1 || options.processes)
    return unfit("--apart", "the components of one server have processes of "
                            "their own; more servers join with `troupe "
                            "server`, each in one");
  if (!options.store.where.empty() && options.store.where != "leveldb")
    return unfit("--apart", "the state is kept by a process of the cluster, "
                            "not by an etcd");
  if (options.hosts.size() > 1)
    return unfit("--bind-address", "more than one address for one server");
  if (last.nodes != 0 && !last.apart)
    return make_error(ec::conflict,
                      "--apart: the components of the cluster in "
                          + options.data_dir
                          + " are in one process, where its pods are found "
                            "again");
  return caf::none;
}

} // namespace

struct apart_process::parts {
  directory_lock lock;
  /// While it is settled what there is.
  std::unique_ptr<settings_lock> changing = std::make_unique<settings_lock>();
  cluster_shape last;
  std::unique_ptr<net::cluster_network> network;
  crypto::cluster_keys keys;
  server_settings settings;
  std::unique_ptr<process_keeper> keeper;
  cluster_announcement announcement;
  std::unique_ptr<command_client> client;

  server_place& own() { return settings.places.front(); }

  caf::error settle(up_options& options);
  caf::error open_network(const up_options& options);
  caf::error place(const up_options& options);
  caf::error find_port(uint16_t server_place::*which, uint16_t usual,
                       bool given, const std::string& option, bool runs);
  caf::error tell_joined(const up_options& options);
  void keep_part(const up_options& options, const std::string& role);
  void keep_joined(const up_options& options, const std::string& name,
                   std::vector<std::string> words);
  void keep_components(const up_options& options);
  caf::error connect(const up_options& options);
  caf::error forget_nodes_beyond(const up_options& options);
  caf::error keep_shape(const up_options& options, uint32_t nodes);
};

/// What is not said is as it was.
caf::error apart_process::parts::settle(up_options& options) {
  auto found = last_shape(options.data_dir);
  if (!found)
    return found.error();
  last = std::move(*found);
  if (auto err = check(options, last))
    return err;
  if (options.nodes == 0)
    options.nodes = std::max(last.nodes, 1u);
  if (options.runtime.empty())
    options.runtime = last.runtime.empty() ? "process" : last.runtime;
  options.without = settled_without(options.without, last);
  if (!options.limits.quota_bytes)
    options.limits.quota_bytes = last.limits.quota_bytes;
  if (!options.limits.keep_time)
    options.limits.keep_time = last.limits.keep_time;
  while (last.store_group == 0)
    last.store_group = real_world()->entropy({}, 0)();
  if (!options.hosts.empty())
    last.host = options.hosts.front();
  auto host = net::parse_ipv4(last.host.empty() ? default_host : last.host);
  if (!host
      || !net::open_listener(net::protocol::tcp, {*host, 0}, net::sharing::no))
    return unfit("--bind-address", last.host
                                       + " is no IPv4 address of this "
                                         "machine");
  return caf::none;
}

caf::error apart_process::parts::open_network(const up_options& options) {
  auto simulated = options.runtime == "simulated";
  auto opened =
      net::cluster_network::open(options.data_dir, wished_mode(options));
  if (!opened)
    return opened.error();
  network = std::make_unique<net::cluster_network>(std::move(*opened));
  auto& range = network->addresses();
  settings.service_cidr = to_string(range.services());
  settings.pod_cidr =
      to_string(simulated ? net::simulated_layout::pods() : range.pods());
  settings.pod_namespaces = range.mode() == net::network_mode::bridge;
  settings.lowest_port = simulated ? 0 : net::lowest_open_port();
  settings.api_service = to_string(range.api_service());
  return caf::none;
}

/// The port that was asked for, or that this part had, or else the usual one,
/// or any.
caf::error apart_process::parts::find_port(uint16_t server_place::*which,
                                           uint16_t usual, bool given,
                                           const std::string& option,
                                           bool runs) {
  auto& port = own().*which;
  auto wished = given || port == 0 ? usual : uint16_t{0};
  if (runs && port != 0 && (wished == 0 || wished == port))
    return caf::none;
  if (runs && port != 0)
    return make_error(ec::conflict, option + ": what answers at "
                                        + std::to_string(port)
                                        + " runs: end it with `troupe down "
                                          "--keep-pods` first");
  if (wished != 0)
    port = wished;
  auto host = net::parse_ipv4(own().host);
  if (port != 0
      && net::open_listener(net::protocol::tcp, {*host, port},
                            net::sharing::no))
    return caf::none;
  if (wished != 0)
    return make_error(ec::conflict, "port " + std::to_string(port) + " of "
                                        + own().host
                                        + " is taken: another cluster? Choose "
                                          "another with "
                                        + option + ", or 0 for any");
  auto any = free_port(settings.places);
  if (!any)
    return any.error();
  port = *any;
  return caf::none;
}

/// Decides where the parts answer, and keeps that where they look.
caf::error apart_process::parts::place(const up_options& options) {
  if (auto known = read_server_settings(options.data_dir))
    settings.places = known->places;
  else
    settings.places = {{"server-1"}};
  own().member = 1;
  own().host = last.host.empty() ? default_host : last.host;
  auto runs = [&](const char* role) {
    part_options part{options.data_dir, {role}};
    return holder_of(server_folder(options.data_dir, process_of(part))).pid
           != 0;
  };
  auto before = own().address();
  if (auto err = find_port(&server_place::port, options.port,
                           options.port_given, "--port", runs("apiserver")))
    return err;
  if (auto err = find_port(&server_place::api_port, options.api_port,
                           options.api_port_given, "--api-port", runs("http")))
    return err;
  if (auto err =
          find_port(&server_place::store_port, 0, false, {}, runs("store")))
    return err;
  if (own().address() != before)
    if (auto err = tell_joined(options))
      return err;
  auto& range = network->addresses();
  settings.api_address =
      own().host == default_host ? to_string(range.gateway()) : own().host;
  settings.store_group = last.store_group;
  settings.limits = options.limits;
  auto opened = open_server_keys(options.data_dir, settings);
  if (!opened)
    return opened.error();
  keys = std::move(*opened);
  if (auto err = keep_front(options.data_dir, options.front))
    return err;
  auto kept = write_server_settings(options.data_dir, settings);
  return kept ? caf::none : kept.error();
}

/// Those that have joined go on where the server is now.
caf::error apart_process::parts::tell_joined(const up_options& options) {
  std::error_code none;
  auto folder = fs::path{options.data_dir} / "processes";
  for (auto& each : fs::recursive_directory_iterator(folder, none))
    if (auto home = each.path().parent_path().parent_path();
        each.path() == facts_file(home))
      if (auto err = keep_servers(home, {own().address()}))
        return err;
  return caf::none;
}

void apart_process::parts::keep_part(const up_options& options,
                                     const std::string& role) {
  part_options part{options.data_dir, {role}};
  auto name = process_of(part);
  kept_process what{
      name,
      server_folder(options.data_dir, name),
      {"--data-dir", options.data_dir, "server", "--roles", role}};
  if (role == "apiserver")
    what.words.insert(
        what.words.end(),
        {"--discovery-port", std::to_string(options.discovery_port)});
  keeper->keep(what);
}

void apart_process::parts::keep_joined(const up_options& options,
                                       const std::string& name,
                                       std::vector<std::string> words) {
  std::vector<std::string> all{
      "--data-dir", options.data_dir,   "node", "--name",
      name,         "--discovery-port", "0"};
  all.insert(all.end(), words.begin(), words.end());
  keeper->keep({name, joined_folder(options.data_dir, name), std::move(all)});
}

void apart_process::parts::keep_components(const up_options& options) {
  auto decides = deciding(options.without);
  if (decides.scheduler)
    keep_joined(options, "scheduler-1", {"--roles", "scheduler"});
  if (decides.controllers)
    keep_joined(options, "controllers-1", {"--roles", "controllers"});
  for (uint32_t i = 1; i <= options.nodes; ++i)
    keep_joined(options, node_name(i), {"--runtime", options.runtime});
}

caf::error apart_process::parts::connect(const up_options& options) {
  auto access = write_admin_kubeconfig(
      fs::path{options.data_dir} / "kubeconfig", keys,
      own().host + ":" + std::to_string(own().api_port), own().address());
  if (!access)
    return access.error();
  auto deadline = steady_clock::now() + start_patience;
  for (;;) {
    auto fresh = command_client::connect(*access);
    if (fresh) {
      client = std::move(*fresh);
      return wait_for_api(*client);
    }
    if (steady_clock::now() > deadline)
      return make_error(ec::timeout,
                        "the API server does not answer: "
                            + message_of(fresh.error()) + "; "
                            + (fs::path{options.data_dir} / "servers").string()
                            + " has the logs of each process");
    std::this_thread::sleep_for(connect_again);
  }
}

/// Takes nodes out that are no longer wished, with their pods.
caf::error
apart_process::parts::forget_nodes_beyond(const up_options& options) {
  std::vector<std::string> surplus;
  for (auto i = options.nodes + 1; i <= last.nodes; ++i) {
    auto name = node_name(i);
    auto folder = joined_folder(options.data_dir, name);
    if (auto pid = holder_of(folder).pid; pid != 0 && !end_process_of(pid))
      return make_error(ec::conflict,
                        "the process of " + name + " does not end");
    if (fs::exists(folder / "nodes" / name / "sandboxes"))
      if (auto ended = end_pods(folder / "nodes" / name); !ended)
        return ended.error();
    std::error_code ignored;
    fs::remove_all(folder, ignored);
    surplus.push_back(name);
  }
  if (surplus.empty())
    return caf::none;
  auto gone = forget_nodes(*client, surplus);
  return gone ? caf::none : gone.error();
}

caf::error apart_process::parts::keep_shape(const up_options& options,
                                            uint32_t nodes) {
  cluster_shape now = last;
  now.nodes = nodes;
  now.runtime = options.runtime;
  now.servers = 1;
  now.apart = true;
  now.limits = options.limits;
  now.without = options.without;
  auto kept = write_shape(options.data_dir, now);
  return kept ? caf::none : kept.error();
}

apart_process::apart_process(up_options options, report tell)
    : options_(std::move(options)), tell_(std::move(tell)) {
  // nop
}

apart_process::~apart_process() = default;

caf::error apart_process::start() {
  auto err = try_start();
  if (!err || !parts_ || !parts_->keeper)
    return err;
  return make_error(ec::internal_error,
                    message_of(err)
                        + "; what was started goes on, `troupe down` ends it");
}

caf::error apart_process::try_start() {
  auto begin = steady_clock::now();
  auto milestone = [&](const std::string& what) {
    auto took = std::chrono::duration_cast<std::chrono::milliseconds>(
        steady_clock::now() - begin);
    tell_(what + " (" + std::to_string(took.count()) + " ms)");
  };
  std::error_code failed;
  fs::create_directories(options_.data_dir, failed);
  if (failed)
    return make_error(ec::forbidden, "cannot make " + options_.data_dir + ": "
                                         + failed.message());
  fs::permissions(options_.data_dir, fs::perms::owner_all, failed);
  parts_ = std::make_unique<parts>();
  auto& p = *parts_;
  if (auto err = p.lock.take(options_.data_dir, lock_patience))
    return err;
  if (auto err = p.changing->take(options_.data_dir))
    return err;
  if (auto err = p.settle(options_))
    return err;
  // Before anything is started: what fails from here on has made a store.
  if (auto err = p.keep_shape(options_, std::max(options_.nodes, p.last.nodes)))
    return err;
  if (auto err = p.open_network(options_))
    return err;
  if (auto err = p.place(options_))
    return err;
  p.changing = nullptr;
  milestone("Network: " + std::string{to_string(p.network->addresses().mode())}
            + ", " + to_string(p.network->addresses().whole()) + ": "
            + p.network->reason());
  p.keeper = std::make_unique<process_keeper>(tell_);
  for (auto* role : server_roles)
    p.keep_part(options_, role);
  if (auto err = p.connect(options_))
    return err;
  milestone("API server: answering on " + p.own().address() + ", over HTTPS on "
            + p.own().host + ":" + std::to_string(p.own().api_port));
  if (auto err = p.forget_nodes_beyond(options_))
    return err;
  if (auto err = p.keep_shape(options_, options_.nodes))
    return err;
  if (auto err = give_own_token(*p.client, options_.data_dir,
                                p.keys.authority.certificate))
    return err;
  auto id = crypto::authority_hash(p.keys.authority.certificate);
  if (!id)
    return id.error();
  if (auto err = p.announcement.make(
          {options_.data_dir, *id, "troupe", {p.own().address()}}))
    return err;
  p.keep_components(options_);
  std::set<std::string> nodes;
  for (uint32_t i = 1; i <= options_.nodes; ++i)
    nodes.insert(node_name(i));
  if (auto err = wait_for_nodes(*p.client, nodes))
    return err;
  milestone("Nodes: " + std::to_string(options_.nodes) + " Ready, runtime "
            + options_.runtime + ", each component in a process of its own");
  p.client.reset();
  tell_("Kubeconfig: " + options_.data_dir + "/kubeconfig");
  return caf::none;
}

void apart_process::serve() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  int which = 0;
  sigwait(&signals, &which);
  tell_("Ending: pods go on; `troupe up` finds them again");
  parts_->keeper->end();
}

} // namespace troupe::cli
