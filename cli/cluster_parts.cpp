#include "cli/cluster_parts.hpp"

#include "cli/cluster_shape.hpp"
#include "cli/node_removal.hpp"
#include "runtime/containers/fleet.hpp"
#include "runtime/containers/volume_files.hpp"
#include "runtime/net/dns_server.hpp"
#include "runtime/net/pod_network.hpp"
#include "runtime/net/probe_edge.hpp"
#include "runtime/net/socket.hpp"
#include "runtime/net/socket_edges.hpp"
#include "runtime/rpc/module_loader.hpp"

#include <leveldb/env.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <filesystem>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>
#include <utility>

namespace troupe::cli {

namespace {

namespace fs = std::filesystem;

/// How long servers with processes of their own may take to be there.
constexpr std::chrono::seconds server_patience{3};

caf::error taken_port(const std::string& host, uint16_t port,
                      const std::string& option) {
  return make_error(ec::conflict, "port " + number(port) + " of " + host
                                      + " is taken: another cluster? Choose "
                                        "another with "
                                      + option + ", or 0 for any");
}

caf::error bad_hosts(const std::string& why) {
  return make_error(ec::bad_request, "--bind-address: " + why);
}

/// Why servers cannot be told to answer there.
caf::error check_host(const std::string& host) {
  auto address = net::parse_ipv4(host);
  if (!address)
    return bad_hosts("\"" + host + "\" is no IPv4 address");
  if (address->value == INADDR_ANY)
    return bad_hosts(host
                     + " is every address of the machine: name those "
                       "under which the servers are reached");
  return caf::none;
}

} // namespace

std::string number(int64_t value) {
  return std::to_string(value);
}

std::string node_name(size_t index) {
  return "node-" + std::to_string(index);
}

std::optional<net::network_mode> wished_mode(const up_options& options) {
  if (options.network == "loopback" || options.runtime == "simulated")
    return net::network_mode::loopback;
  if (options.network == "bridge")
    return net::network_mode::bridge;
  return std::nullopt;
}

caf::error cluster_process::parts::open_network(const up_options& options) {
  auto opened =
      net::cluster_network::open(options.data_dir, wished_mode(options));
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
    // Others reach the first one where they reach the machine.
    auto found = i == 0 && host != default_host;
    add_node(found ? host : (*addresses)[i], *pods);
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

caf::error cluster_process::parts::prepare(up_options& options) {
  std::error_code failed;
  fs::create_directories(options.data_dir, failed);
  if (failed)
    return make_error(ec::forbidden, "cannot make " + options.data_dir + ": "
                                         + failed.message());
  fs::permissions(options.data_dir, fs::perms::owner_all, failed);
  if (auto err = lock.take(options.data_dir, lock_patience))
    return err;
  settings = std::make_unique<settings_lock>();
  if (auto err = settings->take(options.data_dir))
    return err;
  if (auto err = settle_etcd(options))
    return err;
  if (auto err = settle_shape(options))
    return err;
  config = std::make_shared<cluster_config>();
  outside = std::make_shared<edges>();
  config->data_dir = options.data_dir;
  config->runtime = options.runtime;
  config->port = options.port;
  config->store_group = store_group;
  config->limits = options.limits;
  config->shim = own_folder() + "/troupe-shim";
  if (auto err = settle_hosts(options))
    return err;
  if (auto err = place_servers(options))
    return err;
  outside->disk = leveldb::Env::Default();
  outside->volumes = std::make_shared<volume_files>();
  if (auto err = open_etcd())
    return err;
  auto opened = net::make_socket_edges();
  https = std::make_shared<http::https_edge>(opened.thread);
  sockets = opened.thread;
  if (options.runtime == "simulated") {
    // Services of pods that are only told of are served on paper.
    outside->probes = std::make_shared<net::simulated_probes>();
    outside->fleet = std::make_shared<simulation::fleet>(
        simulation::script{}, real_world()->entropy({}, 0)());
  } else {
    outside->probes = opened.probes;
    outside->services = opened.services;
    outside->names = std::make_shared<net::dns_server>();
    outside->ways = opened.ways;
    outside->sockets = opened.streams;
  }
  if (auto err = open_network(options))
    return err;
  if (auto err = open_keys(options))
    return err;
  return open_api(options.api_port);
}

/// Where the state is: here, or in an etcd.
caf::error cluster_process::parts::settle_etcd(up_options& options) {
  auto place = settle_store(options.data_dir, options.store);
  if (!place)
    return place.error();
  etcd_place = std::move(*place);
  if (etcd_place.servers.empty())
    return caf::none;
  if (options.processes)
    return make_error(ec::bad_request,
                      "--processes: servers over an etcd are in one process; "
                      "their state is safe in the etcd");
  if (options.limits.quota_bytes || options.limits.keep_time)
    return make_error(ec::bad_request,
                      "--store-quota and --store-history are for the built-in "
                      "store: an etcd has its own");
  return caf::none;
}

caf::error cluster_process::parts::open_etcd() {
  config->etcd = etcd_place;
  if (etcd_place.servers.empty())
    return caf::none;
  auto edge = rpc::load_edge(own_folder());
  if (!edge)
    return edge.error();
  outside->rpc = std::move(*edge);
  return caf::none;
}

/// The keys, for the addresses at which servers are reached. Pods reach this
/// machine's own loopback address nowhere else than here, their gateway always.
caf::error cluster_process::parts::open_keys(const up_options& options) {
  auto& range = network->addresses();
  config->api_address =
      host == default_host ? to_string(range.gateway()) : host;
  std::vector<std::string> hosts{config->api_address, host};
  for (auto& place : places)
    hosts.push_back(place.host);
  auto opened = crypto::open_cluster_keys(
      fs::path{options.data_dir} / "pki",
      crypto::names_of_api(to_string(range.api_service()), hosts),
      real_world()->now());
  if (!opened)
    return opened.error();
  keys = std::move(*opened);
  config->ca_certificate = keys.authority.certificate;
  return keep_front(options.data_dir, options.front);
}

/// The REST API's place; whoever connects waits until the tree is there.
caf::error cluster_process::parts::open_api(uint16_t wanted) {
  auto audit = read_audit(config->data_dir, config->process);
  if (!audit)
    return audit.error();
  https->note(std::move(*audit));
  if (auto err = https->prepare(
          {keys.server_file.string(), keys.authority.certificate}))
    return err;
  auto at = net::parse_ipv4(host);
  if (!at)
    return at.error();
  auto bound = https->open({*at, wanted});
  if (!bound)
    return taken_port(host, wanted, "--api-port");
  config->api_port = api_port = bound->port;
  if (config->api_address == host)
    return caf::none;
  auto inside = net::parse_ipv4(config->api_address);
  if (!inside)
    return inside.error();
  if (!https->open({*inside, api_port}))
    return taken_port(config->api_address, api_port, "--api-port");
  return caf::none;
}

/// Decides at which addresses servers answer: as told, else as last time.
caf::error cluster_process::parts::settle_hosts(const up_options& options) {
  auto& hosts = options.hosts;
  for (auto& each : hosts)
    if (auto err = check_host(each))
      return err;
  auto most = options.processes ? options.servers : 1;
  if (hosts.size() > 1 && hosts.size() != most)
    return bad_hosts(number(static_cast<int64_t>(hosts.size()))
                     + " addresses for "
                     + (most == 1 ? "one process" : number(most) + " servers"));
  if (!hosts.empty())
    host = hosts.front();
  if (host.empty())
    host = default_host;
  auto own = net::parse_ipv4(host);
  if (!own)
    return own.error();
  if (!net::open_listener(net::protocol::tcp, {*own, 0}, net::sharing::no))
    return bad_hosts(host + " is no address of this machine");
  return caf::none;
}

/// Decides where servers with processes of their own are to be found, and the
/// first one by them: where they were last time, else wherever is room.
caf::error cluster_process::parts::place_servers(up_options& options) {
  config->servers.clear();
  for (uint32_t i = 1; i <= options.servers; ++i)
    config->servers.push_back({"server-" + number(i), ""});
  if (options.servers > 1 && !options.processes)
    return caf::none;
  auto last = read_server_settings(options.data_dir);
  if (last)
    places = last->places;
  else if (!is(last.error(), ec::not_found))
    return last.error();
  auto known = places.size();
  for (auto i = known; i < options.servers; ++i) {
    places.emplace_back();
    places[i].name = config->servers[i].name;
    places[i].member = i + 1;
    places[i].host = host;
  }
  for (size_t i = 0; i < places.size() && !options.hosts.empty(); ++i) {
    auto& wished = options.hosts[std::min(i, options.hosts.size() - 1)];
    if (places[i].elsewhere)
      continue;
    // The others know it by that.
    if (known > 1 && places[i].host != wished)
      return make_error(ec::conflict, "--bind-address: " + places[i].name
                                          + " answers at " + places[i].host
                                          + ": remove it, and add it anew");
    places[i].host = wished;
  }
  for (size_t i = 0; i < places.size(); ++i) {
    auto& place = places[i];
    for (auto* which : {&place.port, &place.api_port}) {
      if (*which != 0 || places.size() == 1 || place.elsewhere)
        continue;
      auto chosen = free_port(places);
      if (!chosen)
        return chosen.error();
      *which = *chosen;
    }
    config->servers[i] = {place.name, i == 0 ? "" : place.address(),
                          place.member, place.founder};
  }
  // One alone needs not be where it was.
  if (places.size() == 1)
    return caf::none;
  // Who runs on other machines knows it by its port.
  if (std::any_of(places.begin(), places.end(),
                  [](auto& each) { return each.elsewhere; }))
    options.port = options.api_port = 0;
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
  if (places.empty() || !config->etcd.servers.empty()) {
    settings = nullptr;
    return caf::none;
  }
  places[0].port = port;
  places[0].api_port = api_port;
  server_settings now;
  now.places = places;
  now.service_cidr = config->service_cidr;
  now.pod_cidr = config->pod_cidr;
  now.pod_namespaces = config->pod_namespaces;
  now.lowest_port = config->lowest_port;
  now.store_group = store_group;
  now.limits = config->limits;
  now.without = options.without;
  now.api_service = to_string(network->addresses().api_service());
  now.api_address = config->api_address;
  if (auto kept = write_server_settings(options.data_dir, now); !kept)
    return kept.error();
  settings = nullptr;
  // From here on others may join.
  others = std::make_unique<server_register>(options.data_dir);
  keeper = std::make_unique<server_keeper>(options.data_dir, tell);
  keeper->follow();
  return caf::none;
}

namespace {

bool answers(const server_place& place) {
  auto address = net::parse_ipv4(place.host);
  net::unique_fd fd{
      socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
  if (!address || fd.get() < 0)
    return false;
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(place.port);
  to.sin_addr.s_addr = htonl(address->value);
  if (connect(fd.get(), reinterpret_cast<sockaddr*>(&to), sizeof(to)) == 0)
    return true;
  pollfd one{fd.get(), POLLOUT, 0};
  int failed = 0;
  socklen_t size = sizeof(failed);
  return errno == EINPROGRESS && poll(&one, 1, 200) == 1
         && getsockopt(fd.get(), SOL_SOCKET, SO_ERROR, &failed, &size) == 0
         && failed == 0;
}

} // namespace

/// A group serves without the least of its servers: who started it should know
/// that one is missing, and where it says why.
void cluster_process::parts::tell_missing(const std::string& data_dir,
                                          const report& tell) const {
  auto deadline = std::chrono::steady_clock::now() + server_patience;
  for (size_t i = 1; i < places.size(); ++i) {
    auto& place = places[i];
    auto there = answers(place);
    while (!there && std::chrono::steady_clock::now() < deadline) {
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
      there = answers(place);
    }
    if (there)
      continue;
    auto log = server_folder(data_dir, place.name) / "troupe.log";
    tell("Warning: " + place.name + " does not answer at " + place.address()
         + (place.elsewhere ? "" : ": see " + log.string()));
  }
}

caf::error cluster_process::parts::publish(const up_options& options) {
  auto bound = secure->publish(gate, host, options.port);
  if (!bound)
    return taken_port(host, options.port, "--port");
  config->port = port = *bound;
  config->bind_address = host;
  return caf::none;
}

/// Where actors of other processes come in, at any of these.
std::string cluster_process::parts::addresses() const {
  return places.size() > 1 ? addresses_of(places) : host + ":" + number(port);
}

} // namespace troupe::cli
