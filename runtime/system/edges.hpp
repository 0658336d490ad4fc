#pragma once

#include <map>
#include <memory>
#include <string>

namespace leveldb {
class Env;
} // namespace leveldb

namespace troupe::net {
class dns_edge;
class pod_network;
class far_ways;
class probe_edge;
class service_edge;
class stream_sockets;
} // namespace troupe::net

namespace troupe::rpc {
class rpc_edge;
} // namespace troupe::rpc

namespace troupe {

namespace simulation {
class fleet;
} // namespace simulation

class volume_edge;
class wire_edge;
struct server_links;
struct signing_authority;

/// The outside world, each part of it behind an interface with a simulated
/// twin. A null edge means that this process has no use for it.
struct edges {
  /// Where the store keeps its files; never null. Not owned.
  leveldb::Env* disk = nullptr;

  /// Of servers that have a disk of their own, by name. Not owned.
  std::map<std::string, leveldb::Env*> disks;

  /// How kubelets ask containers over the network whether they are well.
  std::shared_ptr<net::probe_edge> probes;

  /// Joins pods with network namespaces of their own; null where they use the
  /// network of their node.
  std::shared_ptr<net::pod_network> pods;

  /// How services answer on this machine.
  std::shared_ptr<net::service_edge> services;

  /// Connections to pods that no route leads to: where those come from who want
  /// one, and the sockets of both ends. Null where nothing is connected.
  std::shared_ptr<net::far_ways> ways;
  std::shared_ptr<net::stream_sockets> sockets;

  /// Where kubelets put volumes.
  std::shared_ptr<volume_edge> volumes;

  /// The containers of simulated nodes; null where no node is simulated.
  std::shared_ptr<simulation::fleet> fleet;

  /// The way to servers in other processes; null where there are none.
  std::shared_ptr<const server_links> servers;

  /// What lies between the components; null where all of them are in this
  /// process.
  std::shared_ptr<wire_edge> wires;

  /// The cluster's authority; null in processes that do not hold its key.
  std::shared_ptr<const signing_authority> authority;

  /// How others are called over gRPC; null where nobody is.
  std::shared_ptr<rpc::rpc_edge> rpc;

  /// How names are answered on this machine.
  std::shared_ptr<net::dns_edge> names;
};

} // namespace troupe
