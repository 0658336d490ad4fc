#include "cli/cluster_process.hpp"

#include "actors/client/command_client.hpp"
#include "actors/system/cluster.hpp"
#include "actors/system/gate.hpp"
#include "cli/cluster_shape.hpp"
#include "cli/directory_lock.hpp"
#include "cli/node_removal.hpp"
#include "cli/server_keeper.hpp"
#include "cli/server_settings.hpp"
#include "cli/serving.hpp"
#include "messages/api/core_config.pb.h"
#include "messages/api/core_node.pb.h"
#include "messages/store.pb.h"
#include "messages/store_interface.hpp"
#include "messages/system.pb.h"
#include "runtime/containers/fleet.hpp"
#include "runtime/containers/volume_files.hpp"
#include "runtime/crypto/key_files.hpp"
#include "runtime/crypto/kubeconfig.hpp"
#include "runtime/http/https_edge.hpp"
#include "runtime/net/cluster_network.hpp"
#include "runtime/net/pod_network.hpp"
#include "runtime/net/probe_edge.hpp"
#include "runtime/net/socket.hpp"
#include "runtime/net/socket_edges.hpp"
#include "runtime/rpc/module_loader.hpp"
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
#include <filesystem>
#include <set>
#include <unistd.h>
#include <vector>

namespace troupe::cli {

namespace {

namespace fs = std::filesystem;

/// How long a first start may take until all nodes are Ready.
constexpr auto start_patience = std::chrono::seconds(30);

std::string number(int64_t value) {
  return std::to_string(value);
}

std::string node_name(size_t index) {
  return "node-" + std::to_string(index);
}

std::string own_folder() {
  std::error_code ignored;
  return fs::read_symlink("/proc/self/exe", ignored).parent_path().string();
}

} // namespace

struct cluster_process::parts {
  directory_lock lock;
  crypto::cluster_keys keys;
  std::unique_ptr<net::cluster_network> network;
  std::shared_ptr<edges> outside;
  std::shared_ptr<http::https_edge> https;
  std::shared_ptr<cluster_config> config;
  std::unique_ptr<actor_config> actors;
  std::unique_ptr<caf::actor_system> system;
  std::unique_ptr<secure_network> secure;
  std::unique_ptr<caf::scoped_actor> self;
  gate_actor gate;
  planted_tree tree;
  std::vector<server_place> places; ///< of servers with their own processes
  std::unique_ptr<server_keeper> keeper;
  uint16_t port = 0;
  uint32_t nodes_before = 0; ///< of the last start
  uint16_t api_port = 0;

  caf::error settle_shape(up_options& options);
  caf::error prepare(up_options& options);
  caf::error open_network(const up_options& options);
  void add_node(const std::string& address, const net::cidr& pods);
  caf::error add_nodes(uint32_t count);
  caf::error add_simulated_nodes(uint32_t count);
  caf::error open_store(up_options& options);
  caf::error open_api(uint16_t wanted);
  caf::error place_servers(up_options& options);
  caf::error start_servers(const up_options& options, const report& tell);
  std::string addresses() const;
  caf::error publish(const up_options& options);
  void plant();
  caf::error check_store();
  caf::error check_store(const directory_actor& directory,
                         const std::string& path);
  caf::error settle_nodes(command_client& client, const up_options& options,
                          const report& tell);
};

caf::error cluster_process::parts::open_network(const up_options& options) {
  std::optional<net::network_mode> wanted;
  if (options.network == "loopback" || options.runtime == "simulated")
    wanted = net::network_mode::loopback;
  else if (options.network == "bridge")
    wanted = net::network_mode::bridge;
  auto opened = net::cluster_network::open(options.data_dir, wanted);
  if (!opened)
    return opened.error();
  network = std::make_unique<net::cluster_network>(std::move(*opened));
  auto& range = network->addresses();
  config->service_cidr = to_string(range.services());
  config->pod_namespaces = range.mode() == net::network_mode::bridge;
  config->network_reason = network->reason();
  if (options.runtime != "simulated")
    config->lowest_port = net::lowest_open_port();
  if (network->bridge() != nullptr)
    outside->pods = std::make_shared<net::bridged_pods>(*network->bridge());
  return options.runtime == "simulated" ? add_simulated_nodes(options.nodes)
                                        : add_nodes(options.nodes);
}

void cluster_process::parts::add_node(const std::string& address,
                                      const net::cidr& pods) {
  auto name = node_name(config->nodes.size() + 1);
  config->nodes.push_back({name, address, to_string(pods)});
}

caf::error cluster_process::parts::add_nodes(uint32_t count) {
  auto addresses = network->prepare_nodes(count);
  if (!addresses)
    return addresses.error();
  config->pod_cidr = to_string(network->addresses().pods());
  for (uint32_t i = 0; i < count; ++i) {
    auto pods = network->addresses().pod_range(i);
    if (!pods)
      return pods.error();
    add_node((*addresses)[i], *pods);
  }
  return caf::none;
}

caf::error cluster_process::parts::add_simulated_nodes(uint32_t count) {
  using all = net::simulated_layout;
  config->pod_cidr = to_string(all::pods());
  for (uint32_t i = 0; i < count; ++i) {
    auto address = all::node_address(i);
    auto pods = all::pod_range(i);
    if (!address || !pods)
      return address ? pods.error() : address.error();
    add_node(to_string(*address), *pods);
  }
  return caf::none;
}

/// Fills in what is as it was. Processes of nodes that are no longer wished
/// end here: nobody else will know of them.
caf::error cluster_process::parts::settle_shape(up_options& options) {
  auto last = read_shape(options.data_dir);
  if (!last)
    return last.error();
  nodes_before = last->nodes;
  if (options.nodes == 0)
    options.nodes = std::max(last->nodes, 1u);
  if (options.runtime.empty())
    options.runtime = last->runtime.empty() ? "process" : last->runtime;
  if (options.servers == 0)
    options.servers = std::max(last->servers, 1u);
  if (last->servers != 0 && last->servers != options.servers)
    return make_error(ec::conflict, "the cluster in " + options.data_dir
                                        + " has " + number(last->servers)
                                        + " servers, not "
                                        + number(options.servers));
  options.processes =
      (options.processes || last->processes) && options.servers > 1;
  for (auto i = options.nodes + 1; i <= nodes_before; ++i) {
    auto folder = fs::path{options.data_dir} / "nodes" / node_name(i);
    if (!fs::is_directory(folder))
      continue;
    if (auto ended = end_pods(folder); !ended)
      return ended.error();
    std::error_code ignored;
    fs::remove_all(folder, ignored);
  }
  return caf::none;
}

caf::error cluster_process::parts::prepare(up_options& options) {
  std::error_code failed;
  fs::create_directories(options.data_dir, failed);
  if (failed)
    return make_error(ec::forbidden, "cannot make " + options.data_dir + ": "
                                         + failed.message());
  fs::permissions(options.data_dir, fs::perms::owner_all, failed);
  if (auto err = lock.take(options.data_dir))
    return err;
  if (auto err = settle_shape(options))
    return err;
  config = std::make_shared<cluster_config>();
  outside = std::make_shared<edges>();
  config->data_dir = options.data_dir;
  config->runtime = options.runtime;
  config->port = options.port;
  config->shim = own_folder() + "/troupe-shim";
  if (auto err = place_servers(options))
    return err;
  outside->disk = leveldb::Env::Default();
  outside->volumes = std::make_shared<volume_files>();
  if (auto err = open_store(options))
    return err;
  auto sockets = net::make_socket_edges();
  https = std::make_shared<http::https_edge>(sockets.thread);
  if (options.runtime == "simulated") {
    // Services of pods that are only told of are served on paper.
    outside->probes = std::make_shared<net::simulated_probes>();
    outside->fleet = std::make_shared<simulation::fleet>(
        simulation::script{}, real_world()->entropy({}, 0)());
  } else {
    outside->probes = sockets.probes;
    outside->services = sockets.services;
  }
  if (auto err = open_network(options))
    return err;
  auto opened = crypto::open_cluster_keys(
      fs::path{options.data_dir} / "pki",
      crypto::names_of_api(to_string(network->addresses().api_service())),
      real_world()->now());
  if (!opened)
    return opened.error();
  keys = std::move(*opened);
  config->ca_certificate = keys.authority.certificate;
  return open_api(options.api_port);
}

/// Where the state is: here, or in an etcd.
caf::error cluster_process::parts::open_store(up_options& options) {
  auto place = settle_store(options.data_dir, options.store);
  if (!place)
    return place.error();
  config->etcd = std::move(*place);
  if (config->etcd.servers.empty())
    return caf::none;
  if (options.processes)
    return make_error(ec::bad_request,
                      "--processes: servers over an etcd are in one process; "
                      "their state is safe in the etcd");
  auto edge = rpc::load_edge(own_folder());
  if (!edge)
    return edge.error();
  outside->rpc = std::move(*edge);
  return caf::none;
}

/// Decides where servers with processes of their own are to be found, and the
/// first one by them: where they were last time, else wherever is room.
caf::error cluster_process::parts::place_servers(up_options& options) {
  config->servers.clear();
  for (uint32_t i = 1; i <= options.servers; ++i)
    config->servers.push_back({"server-" + number(i), ""});
  if (!options.processes)
    return caf::none;
  auto last = read_server_settings(options.data_dir);
  if (last)
    places = last->places;
  else if (!is(last.error(), ec::not_found))
    return last.error();
  places.resize(options.servers);
  for (size_t i = 0; i < places.size(); ++i) {
    places[i].name = config->servers[i].name;
    for (auto* which : {&places[i].port, &places[i].api_port}) {
      if (*which != 0)
        continue;
      auto chosen = free_port();
      if (!chosen)
        return chosen.error();
      *which = *chosen;
    }
    if (i > 0)
      config->servers[i].place = "127.0.0.1:" + number(places[i].port);
  }
  for (auto both : {std::pair{&options.port, &places[0].port},
                    std::pair{&options.api_port, &places[0].api_port}}) {
    if (*both.first == 0)
      *both.first = *both.second;
    else
      *both.second = *both.first;
  }
  return caf::none;
}

/// Starts the servers that have processes of their own, or finds them.
caf::error cluster_process::parts::start_servers(const up_options& options,
                                                 const report& tell) {
  if (places.empty())
    return caf::none;
  server_settings settings;
  settings.places = places;
  settings.service_cidr = config->service_cidr;
  settings.pod_cidr = config->pod_cidr;
  settings.pod_namespaces = config->pod_namespaces;
  settings.lowest_port = config->lowest_port;
  settings.api_service = to_string(network->addresses().api_service());
  if (auto kept = write_server_settings(options.data_dir, settings); !kept)
    return kept.error();
  keeper = std::make_unique<server_keeper>(options.data_dir, tell);
  for (size_t i = 1; i < places.size(); ++i)
    keeper->keep(places[i].name);
  return caf::none;
}

/// The REST API's place; whoever connects waits until the tree is there.
caf::error cluster_process::parts::open_api(uint16_t wanted) {
  if (auto err = https->prepare(
          {keys.server_file.string(), keys.authority.certificate}))
    return err;
  auto bound = https->open({net::ipv4{INADDR_LOOPBACK}, wanted});
  if (!bound)
    return make_error(ec::conflict,
                      "port " + number(wanted)
                          + " of 127.0.0.1 is taken: another cluster? Choose "
                            "another with --api-port, or 0 for any");
  api_port = bound->port;
  return caf::none;
}

caf::error cluster_process::parts::publish(const up_options& options) {
  auto bound = secure->publish(gate, "127.0.0.1", options.port);
  if (!bound)
    return make_error(ec::conflict,
                      "port " + number(options.port)
                          + " of 127.0.0.1 is taken: another cluster? Choose "
                            "another with --port, or 0 for any");
  port = *bound;
  return caf::none;
}

/// Where actors of other processes come in, at any of these.
std::string cluster_process::parts::addresses() const {
  auto result = "127.0.0.1:" + number(port);
  for (auto& server : config->servers)
    if (!server.place.empty())
      result += "," + server.place;
  return result;
}

/// Builds the tree; its root is monitored by `self`.
void cluster_process::parts::plant() {
  auto me = caf::actor_cast<caf::actor>(*self);
  tree.plant = [this, me] {
    return spawn_cluster(
        *system, real_world(), outside, config,
        [to = gate, me](const directory_actor& directory) {
          caf::anon_send(to, directory);
          caf::anon_send(me, directory);
        },
        https);
  };
  tree.root = tree.plant();
  (*self)->monitor(tree.root);
}

caf::error cluster_process::parts::check_store(const directory_actor& directory,
                                               const std::string& path) {
  caf::error result;
  auto failed = [&](caf::error& err) { result = std::move(err); };
  system::Resolve where;
  where.set_path(path);
  store_actor store;
  (*self)
      ->request(directory, start_patience, pb<system::Resolve>{where})
      .receive(
          [&](const caf::actor& found) {
            store = caf::actor_cast<store_actor>(found);
          },
          failed);
  if (!result)
    (*self)
        ->request(store, start_patience,
                  pb<store_api::StatusRequest>{store_api::StatusRequest{}})
        .receive(
            [&](const pb<store_api::StatusResponse>& status) {
              if (status->errors_size() > 0)
                result = make_error(ec::internal_error, status->errors(0));
            },
            failed);
  return result;
}

/// What is wrong with the store; nothing when it serves. A damaged one says so
/// for ever, and everything that stands on it fails with it.
caf::error cluster_process::parts::check_store() {
  directory_actor directory;
  (*self)->receive([&](const directory_actor& newest) { directory = newest; });
  caf::error result;
  for (auto& path : config->of_servers("store/replica"))
    if (auto err = check_store(directory, path); err && !result)
      result = err;
  return result;
}

/// Takes nodes out that are no longer wished, and keeps what is.
caf::error cluster_process::parts::settle_nodes(command_client& client,
                                                const up_options& options,
                                                const report& tell) {
  std::vector<std::string> surplus;
  for (auto i = options.nodes + 1; i <= nodes_before; ++i)
    surplus.push_back(node_name(i));
  if (!surplus.empty()) {
    auto pods = forget_nodes(client, surplus);
    if (!pods)
      return pods.error();
    tell("Removed: " + number(static_cast<int64_t>(surplus.size()))
         + " nodes, pods: " + number(static_cast<int64_t>(*pods)));
  }
  auto kept =
      write_shape(options.data_dir, {options.nodes, options.runtime,
                                     options.servers, options.processes});
  return kept ? caf::none : kept.error();
}

cluster_process::cluster_process(up_options options, report tell)
    : options_(std::move(options)), tell_(std::move(tell)) {
  // nop
}

cluster_process::~cluster_process() = default;

caf::error cluster_process::start() {
  auto err = try_start();
  // Nobody will come back to a network without pods.
  if (err && parts_->network && !has_pods(options_.data_dir))
    if (auto gone = net::cluster_network::clear(options_.data_dir); !gone)
      tell_("cannot remove the network: " + message_of(gone.error()));
  return err;
}

caf::error cluster_process::try_start() {
  auto begin = std::chrono::steady_clock::now();
  auto milestone = [&](const std::string& what) {
    auto took = std::chrono::duration_cast<std::chrono::milliseconds>(
        std::chrono::steady_clock::now() - begin);
    tell_(what + " (" + number(took.count()) + " ms)");
  };
  parts_ = std::make_unique<parts>();
  if (auto err = parts_->prepare(options_))
    return err;
  auto& p = *parts_;
  milestone("Network: " + std::string{to_string(p.network->addresses().mode())}
            + ", " + to_string(p.network->addresses().whole()) + ": "
            + p.network->reason());
  p.actors = std::make_unique<actor_config>(2, reach::other_processes);
  p.system = std::make_unique<caf::actor_system>(*p.actors);
  p.secure = std::make_unique<secure_network>(
      *p.system, secure_files{p.keys.server_file.string(),
                              p.keys.authority_file.string()});
  p.self = std::make_unique<caf::scoped_actor>(*p.system, true);
  p.outside->servers = std::make_shared<server_links>(
      server_links{p.secure.get(), p.keys.server});
  p.gate =
      p.system->spawn(gate, std::shared_ptr<const cluster_config>{p.config});
  if (auto err = p.publish(options_))
    return err;
  if (auto err = p.start_servers(options_, tell_))
    return err;
  p.plant();
  if (auto err = p.check_store())
    return err;
  if (!p.config->etcd.servers.empty())
    milestone("Store: " + options_.store.where);
  if (!options_.store.where.empty())
    if (auto kept = keep_store(options_.data_dir, options_.store); !kept)
      return kept.error();
  crypto::kubeconfig config;
  config.clusters.push_back({"troupe",
                             "https://127.0.0.1:" + number(p.api_port),
                             p.keys.authority.certificate,
                             p.addresses(),
                             {}});
  config.users.push_back(
      {"kubernetes-admin", p.keys.admin.certificate, p.keys.admin.key, {}, {}});
  config.contexts.push_back({"troupe", "troupe", "kubernetes-admin", {}});
  config.current_context = "troupe";
  kubeconfig_path_ = options_.data_dir + "/kubeconfig";
  auto written =
      crypto::write_secret_file(kubeconfig_path_, crypto::to_yaml(config));
  if (!written)
    return written.error();
  // The same way in that every command line takes.
  auto access = crypto::choose(config, {});
  if (!access)
    return access.error();
  auto client = command_client::connect(*access);
  if (!client)
    return client.error();
  auto err = (*client)->watch(
      {&kind_of<core::v1::Namespace>(), {}, {}, {}}, {},
      [](const changes& batch) {
        for (auto& c : batch.items)
          if (c.what.name() == "default")
            return false;
        return true;
      },
      start_patience);
  if (err)
    return make_error(ec::timeout,
                      "the API server does not answer: " + message_of(err));
  milestone("API server: answering on 127.0.0.1:" + number(p.port)
            + ", over HTTPS on 127.0.0.1:" + number(p.api_port));
  if (auto wrong = p.settle_nodes(**client, options_, tell_))
    return wrong;
  std::set<std::string> wished;
  for (auto& node : p.config->nodes)
    wished.insert(node.name);
  std::set<std::string> ready;
  err = (*client)->watch(
      {&kind_of<core::v1::Node>(), {}, {}, {}}, {},
      [&](const changes& batch) {
        for (auto& c : batch.items)
          for (auto& condition :
               c.what.as<core::v1::Node>().status().conditions())
            if (condition.type() == "Ready" && condition.status() == "True"
                && wished.count(c.what.name()) > 0)
              ready.insert(c.what.name());
        return ready.size() < options_.nodes;
      },
      start_patience);
  if (err)
    return make_error(ec::timeout,
                      "only " + number(static_cast<int64_t>(ready.size()))
                          + " of " + number(options_.nodes)
                          + " nodes became Ready: " + message_of(err));
  milestone("Nodes: " + number(options_.nodes) + " Ready, runtime "
            + options_.runtime);
  return caf::none;
}

void cluster_process::serve() {
  auto& p = *parts_;
  serve_tree(*p.self, p.tree, tell_);
  tell_("Ending: pods go on; `troupe up` finds them again");
  auto gone = end_tree(*p.self, p.tree);
  if (p.keeper)
    p.keeper->end();
  (*p.self)->send_exit(p.gate, caf::exit_reason::user_shutdown);
  // What is left by now hangs; everything acknowledged is on the disk.
  if (!gone)
    _exit(1);
  p.gate = nullptr;
}

} // namespace troupe::cli
