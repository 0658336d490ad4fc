#pragma once

#include "runtime/scheduling/pod_info.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace troupe::core::v1 {
class Node;
} // namespace troupe::core::v1

namespace troupe::scheduling {

/// What scheduling needs to know of a node as its object tells it.
struct node_spec {
  std::string name;
  label_list labels;
  bool unschedulable = false;
  std::vector<taint> hard_taints; ///< NoSchedule and NoExecute
  std::vector<taint> soft_taints; ///< PreferNoSchedule
  amounts allocatable;
  int64_t pods = 0;                      ///< how many pods it may hold
  std::map<std::string, int64_t> images; ///< size by name
  std::string zone;

  bool operator==(const node_spec&) const = default;
};

node_spec make_node_spec(const core::v1::Node& node);

/// A node together with what the pods on it take. Kept by increments: nothing
/// here is computed by going over the node's pods.
struct node_info {
  node_spec spec;
  bool known = false; ///< false: pods are bound to it, but it does not exist
  uint32_t zone = 0;  ///< number of its zone, 0 for none
  int64_t pod_count = 0;
  amounts requested;
  amounts requested_for_scores;
  std::vector<host_port> ports;

  void add(const pod_info& pod);
  void remove(const pod_info& pod);
};

} // namespace troupe::scheduling
