#include "runtime/scheduling/placer.hpp"

#include "runtime/scheduling/scores.hpp"

#include <algorithm>
#include <set>

namespace troupe::scheduling {

// Kubernetes: all of up to 100 nodes; beyond that 50 % less one hundredth and
// a quarter of the number, at least 5 %, at least 100 nodes.
size_t enough_nodes(size_t nodes) {
  constexpr size_t least = 100;
  if (nodes < least)
    return nodes;
  auto share = nodes / 125 >= 45 ? 5 : 50 - nodes / 125;
  return std::max(least, nodes * share / 100);
}

decision placer::place(const pod_info& pod, uint64_t chance) {
  decision out;
  state_.heed(pod);
  place_check others{pod, state_};
  find_feasible(pod, others, out);
  out.feasible = feasible_.size();
  if (feasible_.empty())
    out.why = diagnose(pod, others);
  else if (feasible_.size() == 1)
    out.node = state_.at(feasible_.front()).spec.name;
  else
    choose(pod, chance, out);
  return out;
}

bool placer::takes(const pod_info& pod, const place_check& others,
                   uint32_t slot) {
  return !first_refusal(pod, state_.at(slot))
         && (others.is_free() || others.look_at(slot) == place_refusal::none);
}

void placer::find_feasible(const pod_info& pod, const place_check& others,
                           decision& out) {
  feasible_.clear();
  if (!find_named(pod, others, out))
    find_in_order(pod, others, out);
}

// A pod that names its nodes, as those of a DaemonSet do, is not put to all
// others. False when it does not.
bool placer::find_named(const pod_info& pod, const place_check& others,
                        decision& out) {
  if (!pod.has_required_terms || pod.required_terms.empty())
    return false;
  std::set<std::string> names;
  for (const auto& term : pod.required_terms) {
    auto i = std::find_if(term.names.begin(), term.names.end(),
                          [](const auto& r) { return r.op == match_op::in; });
    if (i == term.names.end())
      return false;
    names.insert(i->values.begin(), i->values.end());
  }
  for (const auto& name : names) {
    auto slot = state_.slot_of(name);
    if (slot < 0)
      continue;
    ++out.looked_at;
    if (takes(pod, others, static_cast<uint32_t>(slot)))
      feasible_.push_back(static_cast<uint32_t>(slot));
  }
  return true;
}

void placer::find_in_order(const pod_info& pod, const place_check& others,
                           decision& out) {
  const auto& order = state_.order();
  if (order.empty())
    return;
  auto wanted = enough_nodes(order.size());
  auto at = start_ % order.size();
  while (out.looked_at < order.size() && feasible_.size() < wanted) {
    auto slot = order[at];
    at = at + 1 == order.size() ? 0 : at + 1;
    ++out.looked_at;
    if (takes(pod, others, slot))
      feasible_.push_back(slot);
  }
  start_ = at;
}

void placer::choose(const pod_info& pod, uint64_t chance, decision& out) {
  contest all{pod, state_, feasible_};
  totals_.assign(feasible_.size(), 0);
  points_.assign(feasible_.size(), 0);
  for (const auto& rule : scores()) {
    if (!rule.score(all, points_))
      continue;
    for (size_t i = 0; i < totals_.size(); ++i)
      totals_[i] += rule.weight * points_[i];
  }
  out.score = *std::max_element(totals_.begin(), totals_.end());
  auto equals = static_cast<uint64_t>(
      std::count(totals_.begin(), totals_.end(), out.score));
  auto skip = chance % equals;
  for (size_t i = 0; i < totals_.size(); ++i)
    if (totals_[i] == out.score && skip-- == 0) {
      out.node = state_.at(feasible_[i]).spec.name;
      return;
    }
}

diagnosis placer::diagnose(const pod_info& pod, const place_check& others) {
  diagnosis why;
  why.nodes = state_.node_count();
  for (auto slot : state_.order()) {
    const auto& node = state_.at(slot);
    if (auto rule = first_refusal(pod, node))
      why.add(*rule, pod, node);
    else if (auto refused = others.look_at(slot);
             refused != place_refusal::none)
      why.add(refused);
  }
  return why;
}

} // namespace troupe::scheduling
