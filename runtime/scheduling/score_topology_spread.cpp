#include "runtime/scheduling/place_check.hpp"
#include "runtime/scheduling/scores.hpp"

#include <algorithm>
#include <cmath>

namespace troupe::scheduling {

namespace {

constexpr int64_t in_no_place = -1;

/// How many places of a label the nodes of the contest are in.
size_t places_in(const contest& c, const place_map& places) {
  std::vector<uint32_t> seen;
  for (size_t i = 0; i < c.size(); ++i)
    if (auto place = places.at(c.slots[i]))
      seen.push_back(place);
  std::sort(seen.begin(), seen.end());
  return static_cast<size_t>(std::unique(seen.begin(), seen.end())
                             - seen.begin());
}

} // namespace

// Kubernetes, PodTopologySpread: the fewer of its like are in a place, the
// better; the more places there are, the more one pod weighs. A node that lacks
// one of the labels gets nothing.
bool score_topology_spread(const contest& c, points& out) {
  auto rules = count_spread(c.pod, c.state, false);
  if (rules.empty())
    return false;
  std::vector<double> weights;
  for (auto& x : rules)
    weights.push_back(
        std::log(static_cast<double>(places_in(c, *x.places)) + 2));
  int64_t highest = 0;
  int64_t lowest = INT64_MAX;
  for (size_t i = 0; i < c.size(); ++i) {
    double sum = 0;
    for (size_t r = 0; r < rules.size() && sum >= 0; ++r) {
      auto* count = rules[r].at(c.slots[i]);
      sum = count == nullptr
                ? in_no_place
                : sum + *count * weights[r]
                      + static_cast<double>(rules[r].rule->max_skew - 1);
    }
    out[i] = sum < 0 ? in_no_place : std::llround(sum);
    if (out[i] == in_no_place)
      continue;
    highest = std::max(highest, out[i]);
    lowest = std::min(lowest, out[i]);
  }
  for (auto& value : out)
    value = value == in_no_place ? 0
            : highest == 0       ? best_score
                           : best_score * (highest + lowest - value) / highest;
  return true;
}

} // namespace troupe::scheduling
