#pragma once

#include "runtime/etcd/place.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace troupe {

/// A node that runs in this process.
struct node_config {
  std::string name;
  std::string address;
  std::string pod_range; ///< addresses of its pods, CIDR
};

/// A member of the control plane: a store and an API server.
struct server_config {
  std::string name = "server-1";
  std::string place;   ///< HOST:PORT of its process; "" for this one
  uint64_t member = 0; ///< of the store's group; 0 for that of its place here
  bool founder = true; ///< of the group; else it was added to it
};

/// What a store may take and must keep; as it is set up by default where
/// nothing is said.
struct store_limits {
  std::optional<uint64_t> quota_bytes; ///< of the state; 0 for no limit
  std::optional<std::chrono::seconds> keep_time; ///< of history
};

/// What a cluster is told when it starts. Does not change while it runs.
struct cluster_config {
  std::string data_dir;
  std::string images; ///< folder of container images; "" for that in data_dir
  std::string cluster_name = "troupe";
  /// Name of this process; no other of the cluster has it at a time.
  std::string process = "server-1";
  /// The user that this process is to others.
  std::string identity = "kube-apiserver";
  std::vector<node_config> nodes;
  /// Tells its store's group from any other; 0 where nobody looks.
  uint64_t store_group = 0;
  store_limits limits{}; ///< of its store
  /// All servers of the cluster, in the order in which they became members.
  std::vector<server_config> servers{{}};
  std::string runtime = "process"; ///< process or simulated
  uint16_t port = 6444;            ///< actors; 0 for any
  std::string bind_address = "127.0.0.1";

  /// Addresses, as the network mode of the machine allows.
  std::string service_cidr = "10.96.0.0/16";
  std::string pod_cidr = "10.244.0.0/16";
  bool pod_namespaces = false; ///< pods have network namespaces of their own
  std::string network_reason;  ///< why the network is as it is
  /// Ports below may not be opened by this process; 0 when it may open all.
  int lowest_port = 0;
  uint16_t node_port_first = 30000;
  uint16_t node_port_last = 32767;

  /// Where pods reach the API over HTTPS; port 0 while nothing serves that.
  std::string api_address;
  uint16_t api_port = 0;

  /// The cluster's authority, PEM. Public.
  std::string ca_certificate;

  /// The etcd that keeps the state; without servers it is kept here.
  etcd::place etcd;

  /// Path of the program `troupe-shim`.
  std::string shim;

  /// Returns where a server's branches begin in the tree: "server-2/", or ""
  /// where there is one server only.
  std::string top_of(const server_config& server) const;

  /// Returns where the scheduler and the controllers beside a server begin in
  /// the tree: "" for those of the first server, else as `top_of`.
  std::string components_of(const server_config& server) const;

  /// Returns the paths of a component beside each server in this process.
  std::vector<std::string> of_components(const std::string& path) const;

  /// Returns the server that a member of the store is part of, by the member's
  /// address: "server-2/store". Null for none that is known.
  const server_config* server_at(const std::string& member) const;

  /// Returns where a member's process answers, "" for this one. A member that
  /// was added later brings that along: "server-2/store@HOST:PORT".
  std::string place_of(const std::string& member) const;

  /// Returns the path of a branch, or below it, of each server in this process.
  std::vector<std::string> of_servers(const std::string& path) const;
};

} // namespace troupe
