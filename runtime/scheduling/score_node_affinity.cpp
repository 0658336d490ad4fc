#include "runtime/scheduling/scores.hpp"

namespace troupe::scheduling {

// Kubernetes, NodeAffinity: the sum of the weights of the preferred terms that
// the node matches.
bool score_node_affinity(const contest& c, points& out) {
  if (c.pod.preferred_terms.empty())
    return false;
  for (size_t i = 0; i < c.size(); ++i) {
    const auto& node = c.node(i).spec;
    out[i] = 0;
    for (const auto& wish : c.pod.preferred_terms)
      if (wish.term.matches(node.name, node.labels))
        out[i] += wish.weight;
  }
  normalize(out, false);
  return true;
}

} // namespace troupe::scheduling
