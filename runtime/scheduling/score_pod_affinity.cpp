#include "runtime/scheduling/scores.hpp"

#include <algorithm>

namespace troupe::scheduling {

namespace {

struct wish {
  int64_t weight = 0;
  const place_map* places = nullptr;
  pod_counts* pods = nullptr;
};

std::vector<wish> wishes_of(const contest& c) {
  std::vector<wish> result;
  auto& index = c.state.affinity();
  if (!index.started())
    return result;
  for (auto& claim : index.claims_on(c.pod))
    if (claim.weight != 0)
      result.push_back({claim.weight, claim.places, claim.holders});
  if (c.pod.rules)
    for (auto& each : c.pod.rules->rather)
      result.push_back(
          {each.weight, &index.places(each.term.place),
           &index.matching(each.term.pods, affinity_index::sort::all)});
  return result;
}

} // namespace

// Kubernetes, InterPodAffinity: a node gains by each pod in its place that this
// pod wants near, or that wants this pod near, and loses by the others.
bool score_pod_affinity(const contest& c, points& out) {
  auto wishes = wishes_of(c);
  if (wishes.empty())
    return false;
  for (size_t i = 0; i < c.size(); ++i) {
    out[i] = 0;
    for (auto& each : wishes)
      out[i] += each.weight * each.pods->around(*each.places, c.slots[i]);
  }
  auto [low, high] = std::minmax_element(out.begin(), out.end());
  auto lowest = *low;
  auto span = *high - lowest;
  for (auto& value : out)
    value = span == 0 ? 0 : best_score * (value - lowest) / span;
  return span != 0;
}

} // namespace troupe::scheduling
