#pragma once

#include "runtime/rules/pod_state.hpp"

#include <string>
#include <vector>

namespace troupe::core::v1 {
class PodStatus;
} // namespace troupe::core::v1

namespace troupe::rules {

/// What a pod's status tells of its node.
struct pod_node {
  std::string name;
  std::vector<std::string> ips;
  std::string runtime; ///< goes before container ids: "process://..."
};

/// Returns the status that the kubelet reports: `pod`'s present one with all
/// that the kubelet knows better written over it. Conditions of others stay,
/// and a phase that is final stays. Turning points of the kubelet's own
/// conditions are kept in `state`, so that the same facts give the same bytes.
core::v1::PodStatus pod_status(const core::v1::Pod& pod, pod_state& state,
                               const pod_node& node, time_point now);

/// Guaranteed, Burstable or BestEffort, from the requests and limits.
std::string qos_class(const core::v1::Pod& pod);

/// Whether this phase is final.
bool is_final(const std::string& phase);

} // namespace troupe::rules
