#include "runtime/scheduling/place_check.hpp"

#include "runtime/scheduling/cluster.hpp"
#include "runtime/scheduling/filters.hpp"

#include <algorithm>

namespace troupe::scheduling {

namespace {

using rule_list = std::vector<const spread_rule*>;
using sort = affinity_index::sort;

rule_list rules_of(const pod_info& pod, bool must) {
  rule_list result;
  if (pod.rules)
    for (auto& rule : pod.rules->spread)
      if (rule.must == must)
        result.push_back(&rule);
  return result;
}

bool counts_for(const spread_rule& rule, const pod_info& pod,
                const node_info& node) {
  return (!rule.as_affinity || passes_node_affinity(pod, node))
         && (!rule.as_taints || passes_taints(pod, node));
}

uint32_t least_of(const spread_counts& x) {
  if (static_cast<int64_t>(x.by_place.size()) < x.rule->min_places
      || x.by_place.empty())
    return 0;
  return std::min_element(x.by_place.begin(), x.by_place.end(),
                          [](auto& a, auto& b) { return a.second < b.second; })
      ->second;
}

} // namespace

std::string_view words_for(place_refusal why) {
  switch (why) {
    case place_refusal::spread:
      return "node(s) didn't match pod topology spread constraints";
    case place_refusal::spread_label:
      return "node(s) didn't match pod topology spread constraints (missing "
             "required label)";
    case place_refusal::affinity:
      return "node(s) didn't match pod affinity rules";
    case place_refusal::anti_affinity:
      return "node(s) didn't match pod anti-affinity rules";
    case place_refusal::others:
      return "node(s) didn't satisfy existing pods anti-affinity rules";
    default:
      return "";
  }
}

const uint32_t* spread_counts::at(uint32_t slot) const {
  auto found = by_place.find(places->at(slot));
  return found == by_place.end() ? nullptr : &found->second;
}

std::vector<spread_counts> count_spread(const pod_info& pod, cluster& state,
                                        bool must) {
  std::vector<spread_counts> result;
  auto rules = rules_of(pod, must);
  if (rules.empty())
    return result;
  auto& index = state.affinity();
  std::vector<const pod_counts*> pods;
  for (auto* rule : rules) {
    spread_counts x;
    x.rule = rule;
    x.places = &index.places(rule->place);
    x.self = index.matches(*rule->pods, pod) ? 1 : 0;
    result.push_back(std::move(x));
    pods.push_back(&index.matching(rule->pods, sort::standing));
  }
  for (auto slot : state.order()) {
    if (std::any_of(result.begin(), result.end(),
                    [&](auto& x) { return x.places->at(slot) == 0; }))
      continue;
    for (size_t i = 0; i < result.size(); ++i)
      if (counts_for(*result[i].rule, pod, state.at(slot)))
        result[i].by_place[result[i].places->at(slot)] +=
            pods[i]->on_node(slot);
  }
  for (auto& x : result)
    x.least = least_of(x);
  return result;
}

place_check::place_check(const pod_info& pod, cluster& state) {
  auto& index = state.affinity();
  if (!index.started())
    return;
  for (auto& claim : index.claims_on(pod))
    if (claim.weight == 0)
      far_.push_back({claim.places, claim.holders, place_refusal::others});
  if (!pod.rules)
    return;
  for (auto& term : pod.rules->without)
    far_.push_back({&index.places(term.place),
                    &index.matching(term.pods, sort::all),
                    place_refusal::anti_affinity});
  if (pod.rules->with_pods) {
    auto& pods = index.matching(pod.rules->with_pods, sort::all);
    for (auto& place : pod.rules->with)
      near_.push_back({&index.places(place), &pods, place_refusal::affinity});
    first_of_its_kind_ =
        pods.empty() && index.matches(*pod.rules->with_pods, pod);
  }
  spread_ = count_spread(pod, state, true);
}

place_refusal place_check::check_spread(uint32_t slot) const {
  for (auto& x : spread_)
    if (x.places->at(slot) == 0)
      return place_refusal::spread_label;
  for (auto& x : spread_) {
    auto* count = x.at(slot);
    int64_t here = count != nullptr ? *count : 0;
    if (here + x.self - static_cast<int64_t>(x.least) > x.rule->max_skew)
      return place_refusal::spread;
  }
  return place_refusal::none;
}

// Kubernetes: the first of pods that want to be near their like goes anywhere
// where there are such places.
place_refusal place_check::check_near(uint32_t slot) const {
  bool found = true;
  for (auto& x : near_) {
    if (x.places->at(slot) == 0)
      return place_refusal::affinity;
    found = found && x.pods->around(*x.places, slot) > 0;
  }
  return found || first_of_its_kind_ ? place_refusal::none
                                     : place_refusal::affinity;
}

place_refusal place_check::look_at(uint32_t slot) const {
  if (auto why = check_spread(slot); why != place_refusal::none)
    return why;
  if (auto why = check_near(slot); why != place_refusal::none)
    return why;
  auto refused = place_refusal::none;
  for (auto& x : far_)
    if (x.pods->around(*x.places, slot) > 0) {
      // The pod's own wishes are told before those of others.
      if (x.why == place_refusal::anti_affinity)
        return x.why;
      refused = x.why;
    }
  return refused;
}

} // namespace troupe::scheduling
