#include "runtime/scheduling/filters.hpp"

namespace troupe::scheduling {

const std::array<filter_rule, filter_count>& filters() {
  static constexpr std::array<filter_rule, filter_count> table{{
      {filter::unschedulable, "NodeUnschedulable", passes_unschedulable,
       tell_unschedulable, false},
      {filter::node_name, "NodeName", passes_node_name, tell_node_name, false},
      {filter::taints, "TaintToleration", passes_taints, tell_taints, false},
      {filter::node_affinity, "NodeAffinity", passes_node_affinity,
       tell_node_affinity, false},
      {filter::host_ports, "NodePorts", passes_host_ports, tell_host_ports,
       true},
      {filter::resources, "NodeResourcesFit", passes_resources, tell_resources,
       true},
  }};
  return table;
}

const filter_rule* first_refusal(const pod_info& pod, const node_info& node) {
  for (const auto& rule : filters())
    if (!rule.passes(pod, node))
      return &rule;
  return nullptr;
}

bool helps(filter_set kept_out_by, const pod_info& pod, happening what,
           const node_info& node) {
  if (!node.known)
    return false;
  // What other pods keep out may be let in anywhere by what happens here.
  if (kept_out_by
      & (only(filter::topology_spread) | only(filter::pod_affinity)))
    return true;
  if (what == happening::pod_placed)
    return false;
  if (what == happening::pod_left) {
    bool any = false;
    for (const auto& rule : filters())
      any = any || (rule.pod_left_helps && (kept_out_by & only(rule.id)));
    if (!any)
      return false;
  }
  return first_refusal(pod, node) == nullptr;
}

} // namespace troupe::scheduling
