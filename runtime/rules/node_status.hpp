#pragma once

#include "messages/time.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace troupe::core::v1 {
class Node;
class NodeStatus;
} // namespace troupe::core::v1

namespace troupe::rules {

/// A machine, as whoever starts the node describes it.
struct machine {
  std::string name;     ///< of the node
  std::string hostname; ///< empty: the name
  std::vector<std::string> addresses;
  int64_t cpu_milli = 1000;
  int64_t memory_bytes = 0;
  int64_t storage_bytes = 0;
  int32_t pods = 110;
  /// Kept back for the machine itself.
  int64_t reserved_cpu_milli = 0;
  int64_t reserved_memory_bytes = 0;
  std::map<std::string, std::string> extended; ///< resource to quantity
  std::map<std::string, std::string> labels;   ///< beyond the usual ones
  int lowest_port = 0; ///< lower ports of services are moved here
  std::string network; ///< what tells its network from those of others
  std::string machine_id;
  std::string system_uuid;
  std::string boot_id;
  std::string kernel;
  std::string os_image;
  std::string architecture; ///< amd64, arm64
  std::string version;      ///< of the kubelet: v1.36.0
};

/// A condition of our own making.
struct node_remark {
  std::string type;
  bool value = true;
  std::string message;
};

/// How the machine is just now.
struct machine_health {
  bool runtime_ready = true;
  std::string runtime;         ///< process
  std::string runtime_version; ///< 1.0
  std::string runtime_message; ///< which runtime and why, or why not ready
  bool memory_pressure = false;
  bool disk_pressure = false;
  bool pid_pressure = false;
  std::vector<node_remark> remarks;
};

/// An annotation of nodes on which services answer not at their low ports: the
/// lowest one that may be opened there.
inline constexpr const char* lowest_port_key = "troupe.dev/lowest-port";

/// An annotation of nodes: what tells the network that they are in from others.
/// Those with the same reach each other's pods without any help.
inline constexpr const char* network_key = "troupe.dev/network";

/// Returns the node object to create.
core::v1::Node new_node(const machine& m);

/// Writes into `node` what a kubelet owns of its metadata: the usual labels and
/// annotations where they are missing or wrong. Returns whether anything
/// changed.
bool take_over(const machine& m, core::v1::Node& node);

/// Returns the status of the node: `old` with all that the kubelet knows
/// written over it. Conditions of others stay. Heartbeat times move only when
/// something else does; the lease is what tells that the node lives.
core::v1::NodeStatus node_status(const core::v1::NodeStatus& old,
                                 const machine& m, const machine_health& health,
                                 time_point now);

} // namespace troupe::rules
