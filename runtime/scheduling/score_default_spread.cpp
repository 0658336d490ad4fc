#include "runtime/scheduling/scores.hpp"

#include <algorithm>
#include <cmath>
#include <set>

namespace troupe::scheduling {

namespace {

// Kubernetes' default constraints: by node with a skew of 3, by zone with 5.
constexpr double node_skew = 3;
constexpr double zone_skew = 5;

size_t zones_in(const contest& c) {
  std::set<uint32_t> zones;
  for (size_t i = 0; i < c.size(); ++i)
    if (c.node(i).zone != 0)
      zones.insert(c.node(i).zone);
  return zones.size();
}

} // namespace

// Kubernetes, PodTopologySpread: pods that belong together spread over nodes
// and zones. The more places there are, the more one pod weighs.
bool score_default_spread(const contest& c, points& out) {
  // Not where the pod says itself how to spread.
  if (c.pod.rules && !c.pod.rules->spread.empty())
    return false;
  auto group = c.state.spread().group_of(c.pod);
  if (!group)
    return false;
  auto node_weight = std::log(static_cast<double>(c.size()) + 2);
  auto zone_weight = std::log(static_cast<double>(zones_in(c)) + 2);
  for (size_t i = 0; i < c.size(); ++i) {
    auto sum = group->on_node(c.slots[i]) * node_weight + (node_skew - 1);
    if (auto zone = c.node(i).zone)
      sum += group->in_zone(zone) * zone_weight + (zone_skew - 1);
    out[i] = std::llround(sum);
  }
  auto [low, high] = std::minmax_element(out.begin(), out.end());
  auto lowest = *low;
  auto highest = *high;
  for (auto& value : out)
    value = best_score * (highest + lowest - value) / highest;
  return true;
}

} // namespace troupe::scheduling
