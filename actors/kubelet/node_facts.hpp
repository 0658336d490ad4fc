#pragma once

#include "runtime/rules/pod_status.hpp"

#include <memory>
#include <string>

namespace troupe::core::v1 {
class NodeStatus;
} // namespace troupe::core::v1

namespace troupe {

/// What the workers of a node's pods know of it. Made once per kubelet, then
/// never changed.
struct node_facts {
  rules::pod_node node;
  std::shared_ptr<const core::v1::NodeStatus> status; ///< what it can give
  std::string pods_folder;   ///< each pod has a folder in it, named by uid
  bool own_networks = false; ///< pods have network namespaces of their own
  int lowest_port = 0;       ///< lower ports of services are moved
  /// Nothing is real: no variables, no tokens, no events but warnings.
  bool simulated = false;
};

} // namespace troupe
