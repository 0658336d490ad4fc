#include "runtime/scheduling/scores.hpp"

#include <algorithm>

namespace troupe::scheduling {

const std::array<score_rule, 8>& scores() {
  // Kubernetes' default weights.
  static constexpr std::array<score_rule, 8> table{{
      {"NodeResourcesFit", 1, score_least_allocated},
      {"NodeResourcesBalancedAllocation", 1, score_balanced_allocation},
      {"TaintToleration", 3, score_taint_preference},
      {"NodeAffinity", 2, score_node_affinity},
      {"PodTopologySpread", 2, score_default_spread},
      {"PodTopologySpread", 2, score_topology_spread},
      {"InterPodAffinity", 2, score_pod_affinity},
      {"ImageLocality", 1, score_image_locality},
  }};
  return table;
}

void normalize(points& values, bool reversed) {
  auto top =
      values.empty() ? 0 : *std::max_element(values.begin(), values.end());
  for (auto& value : values) {
    auto share = top == 0 ? 0 : best_score * value / top;
    value = reversed ? best_score - share : share;
  }
}

} // namespace troupe::scheduling
