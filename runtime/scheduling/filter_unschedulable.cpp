#include "runtime/scheduling/filters.hpp"

namespace troupe::scheduling {

bool passes_unschedulable(const pod_info& pod, const node_info& node) {
  if (!node.spec.unschedulable)
    return true;
  // Kubernetes: a pod that tolerates the taint of a cordoned node may go there
  // also before the taint is on it.
  static const taint mark{"node.kubernetes.io/unschedulable", "", "NoSchedule"};
  return tolerates(pod.tolerations, mark);
}

void tell_unschedulable(const pod_info&, const node_info&, reasons& out) {
  out.emplace_back("node(s) were unschedulable");
}

} // namespace troupe::scheduling
