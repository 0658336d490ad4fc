#pragma once

#include "runtime/scheduling/node_info.hpp"

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::scheduling {

/// The filters in the order in which a node is put to them.
enum class filter : uint8_t {
  unschedulable,
  node_name,
  taints,
  node_affinity,
  host_ports,
  resources,
  // Not of one node alone: see place_check.
  topology_spread,
  pod_affinity,
};
inline constexpr size_t filter_count = 6; ///< of those that look at one node

/// A set of filters.
using filter_set = uint32_t;
constexpr filter_set only(filter x) {
  return filter_set{1} << static_cast<uint8_t>(x);
}

/// What happened in the cluster that may let a pod in which was kept out.
enum class happening : uint8_t {
  node_added,
  node_changed,
  pod_left,   ///< a pod that took something is gone from a node
  pod_placed, ///< a pod has come to a node
};

// One rule each; true lets the pod in. Each has a twin that tells, for people,
// why it did not.
bool passes_unschedulable(const pod_info& pod, const node_info& node);
bool passes_node_name(const pod_info& pod, const node_info& node);
bool passes_taints(const pod_info& pod, const node_info& node);
bool passes_node_affinity(const pod_info& pod, const node_info& node);
bool passes_host_ports(const pod_info& pod, const node_info& node);
bool passes_resources(const pod_info& pod, const node_info& node);

using reasons = std::vector<std::string>;
void tell_unschedulable(const pod_info&, const node_info&, reasons& out);
void tell_node_name(const pod_info&, const node_info&, reasons& out);
void tell_taints(const pod_info& pod, const node_info& node, reasons& out);
void tell_node_affinity(const pod_info&, const node_info&, reasons& out);
void tell_host_ports(const pod_info&, const node_info&, reasons& out);
void tell_resources(const pod_info& pod, const node_info& node, reasons& out);

struct filter_rule {
  filter id;
  std::string_view name; ///< Kubernetes' name of the plugin
  bool (*passes)(const pod_info&, const node_info&);
  void (*tell)(const pod_info&, const node_info&, reasons&);
  /// Whether a pod that this filter kept out is worth another look.
  bool pod_left_helps;
};

const std::array<filter_rule, filter_count>& filters();

/// The first filter that keeps the pod off the node, nullptr when none does.
const filter_rule* first_refusal(const pod_info& pod, const node_info& node);

/// Whether a pod which these filters kept out everywhere may fit because of
/// what happened on `node`.
bool helps(filter_set kept_out_by, const pod_info& pod, happening what,
           const node_info& node);

} // namespace troupe::scheduling
