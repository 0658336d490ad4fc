#include "runtime/scheduling/filters.hpp"

namespace troupe::scheduling {

bool passes_node_affinity(const pod_info& pod, const node_info& node) {
  if (pod.node_selector.empty() && !pod.has_required_terms)
    return true;
  return pod.wants(node.spec.name, node.spec.labels);
}

void tell_node_affinity(const pod_info&, const node_info&, reasons& out) {
  out.emplace_back("node(s) didn't match Pod's node affinity/selector");
}

} // namespace troupe::scheduling
