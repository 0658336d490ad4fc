#include "runtime/scheduling/filters.hpp"

namespace troupe::scheduling {

bool passes_host_ports(const pod_info& pod, const node_info& node) {
  for (const auto& wanted : pod.ports)
    for (const auto& taken : node.ports)
      if (collide(wanted, taken))
        return false;
  return true;
}

void tell_host_ports(const pod_info&, const node_info&, reasons& out) {
  out.emplace_back(
      "node(s) didn't have free ports for the requested pod ports");
}

} // namespace troupe::scheduling
