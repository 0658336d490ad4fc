#include "runtime/scheduling/pod_rules.hpp"

#include "messages/api/core_pod.pb.h"

#include <algorithm>

namespace troupe::scheduling {

namespace {

using core::v1::Pod;
using core::v1::PodAffinityTerm;
using text::label_operator;
using text::label_selector;

label_selector read_selector(bool there, const meta::v1::LabelSelector& from) {
  if (!there)
    return label_selector::nothing();
  auto result = label_selector::from(from);
  return result ? std::move(*result) : label_selector::nothing();
}

/// Kubernetes: the pod's own values of these keys narrow the selector.
template <class Keys>
void narrow(label_selector& selector, const Keys& keys, const Pod& pod,
            label_operator how) {
  auto& labels = pod.metadata().labels();
  for (auto& key : keys)
    if (auto found = labels.find(key); found != labels.end())
      selector.add({key, how, {found->second}});
}

std::string key_of(const pod_matcher& x) {
  auto key = x.labels.is_nothing() ? std::string{"!"} : x.labels.str();
  key += x.every_space ? "|*" : "|";
  for (auto& space : x.spaces)
    key += space + ",";
  if (x.spaces_like)
    key += "|" + x.spaces_like->str();
  for (auto& each : x.also)
    key += "&" + each->key;
  return key;
}

matcher_ptr finish(pod_matcher x) {
  std::sort(x.spaces.begin(), x.spaces.end());
  x.key = key_of(x);
  return std::make_shared<const pod_matcher>(std::move(x));
}

pod_term read_term(const PodAffinityTerm& from, const Pod& pod) {
  pod_matcher x;
  x.labels = read_selector(from.has_label_selector(), from.label_selector());
  narrow(x.labels, from.match_label_keys(), pod, label_operator::in);
  narrow(x.labels, from.mismatch_label_keys(), pod, label_operator::not_in);
  x.spaces.assign(from.namespaces().begin(), from.namespaces().end());
  if (from.has_namespace_selector()) {
    auto like = read_selector(true, from.namespace_selector());
    x.every_space = like.is_everything();
    if (!x.every_space)
      x.spaces_like = std::move(like);
  } else if (x.spaces.empty()) {
    x.spaces.push_back(pod.metadata().namespace_());
  }
  return {finish(std::move(x)), from.topology_key()};
}

void read_with(const core::v1::PodAffinity& from, const Pod& pod,
               pod_rules& out) {
  std::vector<matcher_ptr> all;
  for (auto& each :
       from.required_during_scheduling_ignored_during_execution()) {
    auto term = read_term(each, pod);
    out.with.push_back(term.place);
    all.push_back(term.pods);
  }
  if (all.empty())
    return;
  auto first = *all.front();
  first.also.assign(all.begin() + 1, all.end());
  out.with_pods = finish(std::move(first));
}

template <class List>
void read_wishes(const List& list, const Pod& pod, int64_t sign,
                 std::vector<weighted_term>& out) {
  for (auto& each : list)
    if (each.weight() > 0)
      out.push_back(
          {read_term(each.pod_affinity_term(), pod), sign * each.weight()});
}

spread_rule read_spread(const core::v1::TopologySpreadConstraint& from,
                        const Pod& pod) {
  pod_matcher x;
  x.labels = read_selector(from.has_label_selector(), from.label_selector());
  narrow(x.labels, from.match_label_keys(), pod, label_operator::in);
  x.spaces.push_back(pod.metadata().namespace_());
  spread_rule rule;
  rule.pods = finish(std::move(x));
  rule.place = from.topology_key();
  rule.max_skew = from.max_skew();
  rule.min_places = from.has_min_domains() ? from.min_domains() : 1;
  rule.must = from.when_unsatisfiable() != "ScheduleAnyway";
  rule.as_affinity = from.node_affinity_policy() != "Ignore";
  rule.as_taints = from.node_taints_policy() == "Honor";
  return rule;
}

} // namespace

bool pod_matcher::likes(const label_list& pod_labels) const {
  if (labels.is_nothing())
    return false;
  return std::all_of(
      labels.requirements().begin(), labels.requirements().end(),
      [&](auto& r) { return r.matches(find_label(pod_labels, r.key)); });
}

std::shared_ptr<const pod_rules> read_rules(const Pod& pod) {
  auto& spec = pod.spec();
  auto& affinity = spec.affinity();
  if (!affinity.has_pod_affinity() && !affinity.has_pod_anti_affinity()
      && spec.topology_spread_constraints().empty())
    return nullptr;
  auto result = std::make_shared<pod_rules>();
  auto& with = affinity.pod_affinity();
  auto& without = affinity.pod_anti_affinity();
  read_with(with, pod, *result);
  for (auto& each :
       without.required_during_scheduling_ignored_during_execution())
    result->without.push_back(read_term(each, pod));
  read_wishes(with.preferred_during_scheduling_ignored_during_execution(), pod,
              1, result->rather);
  read_wishes(without.preferred_during_scheduling_ignored_during_execution(),
              pod, -1, result->rather);
  for (auto& each : spec.topology_spread_constraints())
    result->spread.push_back(read_spread(each, pod));
  return result;
}

} // namespace troupe::scheduling
