#pragma once

#include "runtime/scheduling/filters.hpp"
#include "runtime/scheduling/place_check.hpp"

#include <cstddef>
#include <map>
#include <string>

namespace troupe::scheduling {

/// Why no node could take a pod.
struct diagnosis {
  size_t nodes = 0;                     ///< how many nodes there were
  std::map<std::string, size_t> counts; ///< nodes by reason
  filter_set kept_out_by = 0;

  /// Notes why `node` refuses the pod.
  void add(const filter_rule& rule, const pod_info& pod, const node_info& node);

  /// Notes that rules about other pods keep it off a node.
  void add(place_refusal why);

  /// As Kubernetes words it: `0/3 nodes are available: 1 Insufficient cpu, 2
  /// node(s) were unschedulable.`
  std::string message() const;
};

} // namespace troupe::scheduling
