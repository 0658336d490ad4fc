#pragma once

#include "runtime/scheduling/cluster.hpp"

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

namespace troupe::scheduling {

/// What a score sees: a pod, and the nodes that could take it.
struct contest {
  const pod_info& pod;
  cluster& state;
  const std::vector<uint32_t>& slots;

  const node_info& node(size_t i) const { return state.at(slots[i]); }
  size_t size() const { return slots.size(); }
};

inline constexpr int64_t best_score = 100;

/// Points per node of the contest, 0 to 100, in the same order.
using points = std::vector<int64_t>;

// Each rule returns false, and leaves `out` alone, when it has no preference
// about this pod.
bool score_least_allocated(const contest& c, points& out);
bool score_balanced_allocation(const contest& c, points& out);
bool score_taint_preference(const contest& c, points& out);
bool score_node_affinity(const contest& c, points& out);
bool score_default_spread(const contest& c, points& out);
bool score_image_locality(const contest& c, points& out);
bool score_topology_spread(const contest& c, points& out);
bool score_pod_affinity(const contest& c, points& out);

struct score_rule {
  std::string_view name; ///< Kubernetes' name of the plugin
  int64_t weight;
  bool (*score)(const contest&, points&);
};

const std::array<score_rule, 8>& scores();

/// Stretches counts so that the highest gets all points, or, `reversed`, none.
void normalize(points& values, bool reversed);

} // namespace troupe::scheduling
