#include "runtime/scheduling/affinity_index.hpp"

#include <algorithm>

namespace troupe::scheduling {

namespace {

/// Kubernetes: what a required affinity of a placed pod weighs when another
/// looks for a place.
constexpr int64_t required_weight = 1;

using counters = std::unordered_map<uint32_t, uint32_t>;

void change_count(counters& counts, uint32_t slot, uint32_t n, bool more) {
  if (more) {
    counts[slot] += n;
    return;
  }
  auto i = counts.find(slot);
  if (i == counts.end())
    return;
  if (i->second <= n)
    counts.erase(i);
  else
    i->second -= n;
}

uint32_t place_of(place_map& places, const label_list& labels,
                  const std::string& label) {
  auto* value = find_label(labels, label);
  if (value == nullptr)
    return 0;
  auto next = static_cast<uint32_t>(places.numbers.size()) + 1;
  return places.numbers.try_emplace(*value, next).first->second;
}

void put_place(place_map& places, uint32_t slot, uint32_t number) {
  if (slot >= places.by_slot.size())
    places.by_slot.resize(slot + 1);
  places.by_slot[slot] = number;
}

void grow(std::vector<uint32_t>& counts, uint32_t place) {
  if (place >= counts.size())
    counts.resize(place + 1);
}

} // namespace

// -- counts ------------------------------------------------------------------

uint32_t pod_counts::on_node(uint32_t slot) const {
  auto i = by_node_.find(slot);
  return i == by_node_.end() ? 0 : i->second;
}

void pod_counts::change(uint32_t slot, uint32_t n, bool more) {
  auto before = on_node(slot);
  change_count(by_node_, slot, n, more);
  auto after = on_node(slot);
  for (auto& [places, counts] : by_place_) {
    auto place = places->at(slot);
    if (place == 0)
      continue;
    grow(counts, place);
    counts[place] += after - before; // wraps around and back
  }
}

uint32_t pod_counts::around(const place_map& places, uint32_t slot) {
  auto place = places.at(slot);
  if (place == 0)
    return 0;
  auto [known, fresh] = by_place_.try_emplace(&places);
  if (fresh)
    for (auto [node, n] : by_node_)
      if (auto at = places.at(node)) {
        grow(known->second, at);
        known->second[at] += n;
      }
  return place < known->second.size() ? known->second[place] : 0;
}

// -- what changes ------------------------------------------------------------

bool affinity_index::covers(const pod_matcher& pods,
                            const std::string& ns) const {
  if (pods.every_space
      || std::binary_search(pods.spaces.begin(), pods.spaces.end(), ns))
    return true;
  if (!pods.spaces_like)
    return false;
  auto space = spaces_.find(ns);
  if (space == spaces_.end())
    return false;
  auto& lines = pods.spaces_like->requirements();
  return !pods.spaces_like->is_nothing()
         && std::all_of(lines.begin(), lines.end(), [&](auto& r) {
              return r.matches(find_label(space->second, r.key));
            });
}

bool affinity_index::matches(const pod_matcher& pods, const std::string& ns,
                             const label_list& labels) const {
  return covers(pods, ns) && pods.likes(labels)
         && std::all_of(pods.also.begin(), pods.also.end(),
                        [&](auto& each) { return matches(*each, ns, labels); });
}

bool affinity_index::matches(const pod_matcher& pods,
                             const pod_info& pod) const {
  return matches(pods, pod.ns, pod.labels);
}

affinity_index::pod_class& affinity_index::class_of(const pod_info& pod) {
  auto [i, added] = classes_.try_emplace(pod.ns + "\n" + pod.class_key);
  auto& mine = i->second;
  if (added) {
    mine.ns = pod.ns;
    mine.labels = pod.labels;
    for (auto& [key, group] : groups_)
      if (matches(*group.pods, mine.ns, mine.labels))
        mine.groups.push_back(&group);
  }
  return mine;
}

void affinity_index::change_class(const pod_info& pod, uint32_t slot,
                                  bool more) {
  auto& mine = class_of(pod);
  change_count(pod.terminating ? mine.ending : mine.standing, slot, 1, more);
  for (auto* group : mine.groups)
    if (group->which == sort::all || !pod.terminating)
      group->counts.change(slot, 1, more);
  if (mine.standing.empty() && mine.ending.empty())
    classes_.erase(pod.ns + "\n" + pod.class_key);
}

void affinity_index::hold(const pod_term& term, int64_t weight, uint32_t slot,
                          bool more) {
  auto key = std::to_string(weight) + "|" + term.place + "|" + term.pods->key;
  auto [i, added] = holders_.try_emplace(key);
  auto& group = i->second;
  if (added) {
    group.term = term;
    group.weight = weight;
  }
  group.counts.change(slot, 1, more);
  if (group.counts.empty())
    holders_.erase(i);
}

void affinity_index::change(const pod_info& pod, uint32_t slot, bool more) {
  if (!started_)
    return;
  change_class(pod, slot, more);
  if (!pod.rules)
    return;
  for (auto& term : pod.rules->without)
    hold(term, 0, slot, more);
  for (auto& place : pod.rules->with)
    hold({pod.rules->with_pods, place}, required_weight, slot, more);
  for (auto& wish : pod.rules->rather)
    hold(wish.term, wish.weight, slot, more);
}

void affinity_index::set_node(uint32_t slot, const label_list& labels) {
  if (slot >= nodes_.size())
    nodes_.resize(slot + 1);
  if (nodes_[slot] == labels)
    return;
  nodes_[slot] = labels;
  bool moved = false;
  for (auto& [label, places] : places_) {
    auto number = place_of(places, labels, label);
    moved = moved || places.at(slot) != number;
    put_place(places, slot, number);
  }
  if (!moved)
    return;
  for (auto& [key, group] : groups_)
    group.counts.forget_places();
  for (auto& [key, group] : holders_)
    group.counts.forget_places();
}

void affinity_index::set_namespace(const std::string& name, label_list labels) {
  std::sort(labels.begin(), labels.end());
  auto [known, added] = spaces_.try_emplace(name);
  if (!added && known->second == labels)
    return;
  known->second = std::move(labels);
  // Whom a rule speaks of may depend on it.
  forget_groups();
}

void affinity_index::forget_groups() {
  groups_.clear();
  for (auto& [key, mine] : classes_)
    mine.groups.clear();
}

// -- what is asked -----------------------------------------------------------

const place_map& affinity_index::places(const std::string& label) {
  auto [i, added] = places_.try_emplace(label);
  if (added)
    for (uint32_t slot = 0; slot < nodes_.size(); ++slot)
      put_place(i->second, slot, place_of(i->second, nodes_[slot], label));
  return i->second;
}

pod_counts& affinity_index::matching(const matcher_ptr& pods, sort which) {
  auto key = (which == sort::all ? "a" : "s") + pods->key;
  auto [i, added] = groups_.try_emplace(key);
  auto& group = i->second;
  if (!added)
    return group.counts;
  group.pods = pods;
  group.which = which;
  for (auto& [name, mine] : classes_) {
    if (!matches(*pods, mine.ns, mine.labels))
      continue;
    mine.groups.push_back(&group);
    for (auto [slot, n] : mine.standing)
      group.counts.change(slot, n, true);
    if (which == sort::all)
      for (auto [slot, n] : mine.ending)
        group.counts.change(slot, n, true);
  }
  return group.counts;
}

std::vector<affinity_index::claim>
affinity_index::claims_on(const pod_info& pod) {
  std::vector<claim> result;
  for (auto& [key, group] : holders_)
    if (matches(*group.term.pods, pod))
      result.push_back(
          {group.weight, &places(group.term.place), &group.counts});
  return result;
}

} // namespace troupe::scheduling
