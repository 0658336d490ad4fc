#pragma once

#include "runtime/scheduling/pod_info.hpp"

#include <optional>
#include <string>
#include <vector>

namespace troupe::core::v1 {
class Node;
class Pod;
} // namespace troupe::core::v1

namespace troupe::scheduling {

/// What a pod takes on its node.
struct demand {
  amounts request;
  std::vector<host_port> ports;
};

/// Nothing for a pod that has ended.
demand demand_of(const core::v1::Pod& pod);

/// Why a node does not run a pod that was bound to it, in Kubernetes' words.
struct rejection {
  std::string reason;
  std::string message;
};

/// Kubernetes: whoever bound the pod, the node looks again whether it has the
/// room, its ports free, and the labels that the pod asks for. `takes` is what
/// the pod takes, `others` are the pods that it runs besides.
std::optional<rejection> rejection_of(const core::v1::Pod& pod,
                                      const demand& takes,
                                      const core::v1::Node& node,
                                      const std::vector<const demand*>& others);

} // namespace troupe::scheduling
