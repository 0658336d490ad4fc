#include "runtime/scheduling/filters.hpp"

namespace troupe::scheduling {

bool passes_node_name(const pod_info& pod, const node_info& node) {
  return pod.node_name.empty() || pod.node_name == node.spec.name;
}

void tell_node_name(const pod_info&, const node_info&, reasons& out) {
  out.emplace_back("node(s) didn't match the requested node name");
}

} // namespace troupe::scheduling
