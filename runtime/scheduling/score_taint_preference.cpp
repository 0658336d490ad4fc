#include "runtime/scheduling/scores.hpp"

namespace troupe::scheduling {

// Kubernetes, TaintToleration: the fewer PreferNoSchedule taints that the pod
// does not tolerate, the better.
bool score_taint_preference(const contest& c, points& out) {
  bool any = false;
  for (size_t i = 0; i < c.size(); ++i) {
    out[i] = 0;
    for (const auto& mark : c.node(i).spec.soft_taints)
      if (!tolerates(c.pod.tolerations, mark))
        ++out[i];
    any = any || out[i] > 0;
  }
  if (any)
    normalize(out, true);
  return any;
}

} // namespace troupe::scheduling
