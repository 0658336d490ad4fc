#include "cli/node_process.hpp"

#include "actors/system/cluster.hpp"
#include "cli/directory_lock.hpp"
#include "cli/node_registration.hpp"
#include "cli/process_end.hpp"
#include "cli/serving.hpp"
#include "runtime/containers/fleet.hpp"
#include "runtime/containers/volume_files.hpp"
#include "runtime/crypto/key_files.hpp"
#include "runtime/net/bridge_network.hpp"
#include "runtime/net/dns_server.hpp"
#include "runtime/net/joined_node.hpp"
#include "runtime/net/pod_network.hpp"
#include "runtime/net/probe_edge.hpp"
#include "runtime/net/socket.hpp"
#include "runtime/net/socket_edges.hpp"
#include "runtime/rules/access.hpp"
#include "runtime/rules/signing.hpp"
#include "runtime/system/actor_config.hpp"
#include "runtime/system/config.hpp"
#include "runtime/system/edges.hpp"
#include "runtime/system/secure_network.hpp"
#include "runtime/system/server_links.hpp"

#include <caf/actor_system.hpp>
#include <caf/scoped_actor.hpp>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <cctype>
#include <chrono>
#include <unistd.h>

namespace troupe::cli {

namespace {

namespace fs = std::filesystem;

/// As Kubernetes names a node whose name nobody says.
std::string host_name() {
  char name[256] = {};
  gethostname(name, sizeof(name) - 1);
  std::string result{name};
  std::transform(result.begin(), result.end(), result.begin(),
                 [](unsigned char c) { return std::tolower(c); });
  return result;
}

/// The component that a role is, by the name that it joins under.
const char* component_of(const std::string& role) {
  return role == "scheduler"     ? "kube-scheduler"
         : role == "controllers" ? "kube-controller-manager"
                                 : "kube-proxy";
}

net::network_mode mode_of(const join::ClusterFacts& facts) {
  return facts.network_mode() == "bridge" ? net::network_mode::bridge
                                          : net::network_mode::loopback;
}

} // namespace

bool node_options::has(const std::string& role) const {
  return std::find(roles.begin(), roles.end(), role) != roles.end();
}

fs::path joined_folder(const fs::path& data_dir, const std::string& name) {
  return data_dir / "processes" / name;
}

bool end_joined(const fs::path& data_dir) {
  auto all = true;
  std::error_code none;
  for (auto& each : fs::directory_iterator(data_dir / "processes", none))
    if (auto pid = holder_of(each.path()).pid; pid != 0)
      all = end_process_of(pid) && all;
  return all;
}

expected<void> leave_networks(const fs::path& data_dir,
                              const std::vector<std::string>& gone) {
  std::error_code none;
  for (auto& each : fs::directory_iterator(data_dir / "processes", none)) {
    auto facts = read_facts(each.path());
    auto pods = facts ? net::parse_cidr(facts->pod_cidr())
                      : expected<net::cidr>{facts.error()};
    if (!pods || mode_of(*facts) != net::network_mode::bridge)
      continue;
    net::layout whole{net::network_mode::bridge, net::whole_range_of(*pods)};
    if (auto left = net::bridge_network::remove_if_unused(whole, gone); !left)
      return left;
  }
  return caf::unit;
}

struct node_process::parts {
  /// Who this process is to the cluster, in one of its roles.
  struct membership {
    join_options options;
    joined access;

    expected<crypto::credential> credential() const;
    renewed_credential renewed() const;
  };

  directory_lock lock;
  std::vector<membership> members; ///< the first is that of the process
  std::shared_ptr<edges> outside = std::make_shared<edges>();
  std::shared_ptr<cluster_config> config = std::make_shared<cluster_config>();
  std::unique_ptr<actor_config> actors;
  std::unique_ptr<caf::actor_system> system;
  std::unique_ptr<secure_network> secure;
  std::unique_ptr<caf::scoped_actor> self;
  std::unique_ptr<node_registration> desk; ///< until the node is Ready
  planted_tree tree;

  const join::ClusterFacts& facts() const { return members[0].access.facts; }

  const membership& member_for(const std::string& user) const;
  void prepare(const node_options& options, const std::string& name);
  caf::error place(const std::string& range, bool simulated);
  caf::error open_bridge(const net::joined_addresses& addresses,
                         bool same_network);
  expected<bool> is_near() const;
  void open_system();
};

expected<crypto::credential>
node_process::parts::membership::credential() const {
  auto text = crypto::read_file(credential_file(options));
  if (!text)
    return text.error();
  return crypto::parse_credential(*text);
}

renewed_credential node_process::parts::membership::renewed() const {
  renewed_credential result;
  result.who = access.who;
  result.signer = options.role == rules::join_role::node
                      ? rules::kubelet_signer
                      : rules::component_signer;
  if (auto text = crypto::read_file(authority_file(options)))
    result.authority = *text;
  result.load = [me = *this] { return me.credential(); };
  result.save =
      [file = credential_file(options)](const crypto::credential& fresh) {
        return crypto::write_secret_file(file, fresh.pem());
      };
  return result;
}

/// Controllers are service accounts, for which their manager speaks.
const node_process::parts::membership&
node_process::parts::member_for(const std::string& user) const {
  const std::string accounts = rules::controller_user("");
  auto wanted = user.rfind(accounts, 0) == 0
                    ? std::string{"system:kube-controller-manager"}
                    : user;
  for (auto& each : members)
    if (each.access.who.user == wanted)
      return each;
  return members.front();
}

void node_process::parts::prepare(const node_options& options,
                                  const std::string& name) {
  auto& facts = this->facts();
  config->data_dir = joined_folder(options.data_dir, name).string();
  config->images = (options.data_dir / "images").string();
  config->process = name;
  config->identity = members[0].access.who.user;
  config->cluster_name = facts.cluster_name();
  config->runtime = options.runtime;
  config->servers.clear();
  for (auto& place : facts.servers())
    config->servers.push_back({"", place});
  config->service_cidr = facts.service_cidr();
  config->pod_cidr = facts.pod_cidr();
  config->api_address = facts.api_address();
  config->api_port = static_cast<uint16_t>(facts.api_port());
  config->shim = own_folder() + "/troupe-shim";
  outside->volumes = std::make_shared<volume_files>();
  if (options.runtime == "simulated") {
    outside->probes = std::make_shared<net::simulated_probes>();
    outside->fleet = std::make_shared<simulation::fleet>(
        simulation::script{}, real_world()->entropy({}, 0)());
    return;
  }
  auto sockets = net::make_socket_edges();
  outside->probes = sockets.probes;
  outside->services = sockets.services;
  outside->names = std::make_shared<net::dns_server>();
  outside->ways = sockets.ways;
  outside->sockets = sockets.streams;
  config->lowest_port = net::lowest_open_port();
}

/// Whether the servers are in the same network, so that what is bound to a
/// loopback address, or to a bridge, is the same for them and for us.
expected<bool> node_process::parts::is_near() const {
  auto server = net::parse_endpoint(facts().servers(0));
  if (!server)
    return server.error();
  auto own = net::address_towards(*server);
  if (!own)
    return own.error();
  return *own == server->address || own->value >> 24 == 127;
}

/// Pods of nodes in one network meet on one bridge, whoever made it.
caf::error
node_process::parts::open_bridge(const net::joined_addresses& addresses,
                                 bool near) {
  if (auto why = net::bridge_network::obstacle(); !why.empty())
    return make_error(ec::forbidden,
                      "pods of this cluster have networks of their own, which "
                      "cannot be made here: "
                          + why);
  auto bridge = net::bridge_network::open(addresses.cluster);
  if (!bridge)
    return bridge.error();
  if (near)
    if (auto added = bridge->add_node(addresses.node); !added)
      return added.error();
  outside->pods = std::make_shared<net::bridged_pods>(*bridge);
  config->pod_namespaces = true;
  return caf::none;
}

/// Gives the node its addresses, of the range that the cluster has for it.
caf::error node_process::parts::place(const std::string& range,
                                      bool simulated) {
  auto& facts = this->facts();
  auto pods = net::parse_cidr(facts.pod_cidr());
  auto own = net::parse_cidr(range);
  if (!pods || !own)
    return pods ? own.error() : pods.error();
  auto mode = mode_of(facts);
  auto addresses = simulated ? net::simulated_addresses_of(*pods, *own)
                             : net::addresses_of(mode, *pods, *own);
  if (!addresses)
    return addresses.error();
  auto near = is_near();
  if (!near)
    return near.error();
  config->network_reason = "the cluster's network is so";
  if (!simulated && mode == net::network_mode::bridge)
    if (auto err = open_bridge(*addresses, *near))
      return err;
  auto address = addresses->node;
  // On a machine of its own, a node is where that machine is.
  if (!simulated && !*near) {
    auto server = net::parse_endpoint(facts.servers(0));
    auto here = server ? net::address_towards(*server)
                       : expected<net::ipv4>{server.error()};
    if (!here)
      return here.error();
    address = *here;
  }
  config->nodes.push_back({config->process, to_string(address), range});
  return caf::none;
}

void node_process::parts::open_system() {
  actors = std::make_unique<actor_config>(2, reach::other_processes);
  system = std::make_unique<caf::actor_system>(*actors);
  auto& first = members[0].options;
  secure = std::make_unique<secure_network>(
      *system, secure_files{credential_file(first).string(),
                            authority_file(first).string()});
  server_links links{secure.get(), {}};
  links.own = [this](const std::string& user) {
    return member_for(user).credential();
  };
  links.keep = [this](const std::vector<std::string>& places) {
    // The next start asks those that it knows, and hears of the others.
    for (auto& each : members)
      if (auto err = keep_servers(each.options.data_dir, places))
        spdlog::warn("cannot keep where the servers are reason={}",
                     message_of(err));
  };
  outside->servers = std::make_shared<server_links>(std::move(links));
  self = std::make_unique<caf::scoped_actor>(*system, true);
}

node_process::node_process(node_options options, report tell)
    : options_(std::move(options)), tell_(std::move(tell)) {
  // nop
}

node_process::~node_process() = default;

/// Gets into the cluster once for each of its roles.
caf::error node_process::join_all() {
  auto& p = *parts_;
  auto folder = joined_folder(options_.data_dir, options_.name);
  auto join = [&](join_options how) -> caf::error {
    auto access = join_cluster(how, tell_);
    if (!access)
      return access.error();
    if (access->facts.servers_size() == 0)
      return make_error(ec::internal_error, "the cluster tells of no server");
    p.members.push_back({std::move(how), std::move(*access)});
    return caf::none;
  };
  auto how = options_.joining;
  how.data_dir = folder;
  how.name = options_.name;
  if (options_.has("kubelet"))
    if (auto err = join(how))
      return err;
  how.role = rules::join_role::component;
  for (auto& role : options_.roles) {
    // The proxy of a node is part of it.
    if (role == "kubelet" || (role == "proxy" && options_.has("kubelet")))
      continue;
    how.name = component_of(role);
    how.data_dir = folder / how.name;
    if (auto err = join(how))
      return err;
  }
  return caf::none;
}

/// Shows the node to the cluster, and gives it the addresses that it has there.
caf::error node_process::become_node() {
  auto& p = *parts_;
  auto simulated = options_.runtime == "simulated";
  auto own = p.members[0].credential();
  if (!own)
    return own.error();
  auto desk =
      node_registration::open(p.facts(), *own, p.config->ca_certificate);
  if (!desk)
    return make_error(static_cast<ec>(desk.error().code()),
                      message_of(desk.error())
                          + " If it is, the certificate of " + options_.name
                          + " may have been revoked: `troupe certificate "
                            "list` there says so; to join anew, remove "
                          + p.config->data_dir);
  p.desk = std::make_unique<node_registration>(std::move(*desk));
  auto range = p.desk->range_of(options_.name, simulated);
  if (!range)
    return range.error();
  return p.place(*range, simulated);
}

caf::error node_process::start() {
  auto begin = std::chrono::steady_clock::now();
  if (options_.name.empty()) {
    options_.name = host_name();
    if (!options_.has("kubelet"))
      for (auto role = options_.roles.rbegin(); role != options_.roles.rend();
           ++role)
        options_.name = *role + "-" + options_.name;
  }
  auto folder = joined_folder(options_.data_dir, options_.name);
  std::error_code failed;
  fs::create_directories(folder, failed);
  if (failed)
    return make_error(ec::forbidden, "cannot make " + folder.string() + ": "
                                         + failed.message());
  parts_ = std::make_unique<parts>();
  auto& p = *parts_;
  if (auto err = p.lock.take(folder, lock_patience))
    return make_error(ec::conflict,
                      options_.name + " runs already from " + folder.string());
  if (auto err = join_all())
    return err;
  p.prepare(options_, options_.name);
  auto authority = crypto::read_file(authority_file(p.members[0].options));
  if (!authority)
    return authority.error();
  p.config->ca_certificate = *authority;
  if (options_.has("kubelet"))
    if (auto err = become_node())
      return err;
  p.open_system();
  process_roles roles{options_.has("kubelet"),
                      options_.has("proxy"),
                      options_.has("scheduler"),
                      options_.has("controllers"),
                      {}};
  for (auto& each : p.members)
    roles.renewed.push_back(each.renewed());
  p.tree.plant = [&p, roles] {
    return spawn_components(
        *p.system, real_world(), p.outside, p.config,
        [](const directory_actor&) {}, roles);
  };
  p.tree.root = p.tree.plant();
  (*p.self)->monitor(p.tree.root);
  std::string what = "Process: " + options_.name + " runs";
  if (p.desk) {
    if (auto err = p.desk->wait_until_ready(options_.name))
      return err;
    p.desk.reset();
    auto& node = p.config->nodes.front();
    what = "Node: " + node.name + " Ready at " + node.address + ", pods "
           + node.pod_range;
  }
  auto took = std::chrono::duration_cast<std::chrono::milliseconds>(
      std::chrono::steady_clock::now() - begin);
  tell_(what + " (" + std::to_string(took.count()) + " ms)");
  return caf::none;
}

void node_process::serve() {
  auto& p = *parts_;
  serve_tree(*p.self, p.tree, tell_);
  tell_(options_.has("kubelet")
            ? "Ending: pods go on; `troupe node` finds them again"
            : "Ending");
  end_tree(*p.self, p.tree);
}

} // namespace troupe::cli
