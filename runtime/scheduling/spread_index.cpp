#include "runtime/scheduling/spread_index.hpp"

#include <algorithm>

namespace troupe::scheduling {

namespace {

using counters = std::unordered_map<uint32_t, uint32_t>;

void change_count(counters& counts, uint32_t key, uint32_t n, bool more) {
  if (more) {
    counts[key] += n;
    return;
  }
  auto i = counts.find(key);
  if (i == counts.end())
    return;
  if (i->second <= n)
    counts.erase(i);
  else
    i->second -= n;
}

uint32_t count_at(const counters& counts, uint32_t key) {
  auto i = counts.find(key);
  return i == counts.end() ? 0 : i->second;
}

} // namespace

uint32_t spread_group::on_node(uint32_t slot) const {
  return count_at(by_node, slot);
}

uint32_t spread_group::in_zone(uint32_t zone) const {
  return count_at(by_zone, zone);
}

uint32_t spread_index::zone_at(uint32_t slot) const {
  return slot < zones_.size() ? zones_[slot] : 0;
}

void spread_index::count(spread_group& group, uint32_t slot, uint32_t n,
                         bool more) const {
  change_count(group.by_node, slot, n, more);
  if (auto zone = zone_at(slot))
    change_count(group.by_zone, zone, n, more);
}

void spread_index::add(const pod_info& pod, uint32_t slot) {
  change(pod, slot, true);
}

void spread_index::remove(const pod_info& pod, uint32_t slot) {
  change(pod, slot, false);
}

void spread_index::change(const pod_info& pod, uint32_t slot, bool more) {
  if (pod.terminating)
    return;
  if (!pod.owner.empty()) {
    auto i = owners_.try_emplace(pod.owner).first;
    count(i->second, slot, 1, more);
    if (i->second.by_node.empty())
      owners_.erase(i);
  }
  auto& where = spaces_[pod.ns];
  auto& pods = class_of(where, pod);
  change_count(pods.by_node, slot, 1, more);
  for (auto group : pods.groups)
    count(group->counts, slot, 1, more);
  if (pods.by_node.empty())
    where.classes.erase(pod.class_key);
  if (where.classes.empty() && where.services.empty())
    spaces_.erase(pod.ns);
}

void spread_index::set_zone(uint32_t slot, uint32_t zone) {
  auto old = zone_at(slot);
  if (old == zone)
    return;
  auto move = [&](spread_group& group) {
    auto n = group.on_node(slot);
    if (n > 0 && old)
      change_count(group.by_zone, old, n, false);
    if (n > 0 && zone)
      change_count(group.by_zone, zone, n, true);
  };
  for (auto& entry : owners_)
    move(entry.second);
  for (auto& where : spaces_)
    for (auto& entry : where.second.groups)
      move(entry.second.counts);
  if (slot >= zones_.size())
    zones_.resize(slot + 1);
  zones_[slot] = zone;
}

void spread_index::set_service(const std::string& ns, const std::string& name,
                               label_list selector) {
  if (selector.empty())
    return remove_service(ns, name);
  std::sort(selector.begin(), selector.end());
  auto& where = spaces_[ns];
  auto& known = where.services[name];
  if (known == selector)
    return;
  known = std::move(selector);
  forget_groups(where);
}

void spread_index::remove_service(const std::string& ns,
                                  const std::string& name) {
  auto i = spaces_.find(ns);
  if (i == spaces_.end() || i->second.services.erase(name) == 0)
    return;
  forget_groups(i->second);
  if (i->second.classes.empty() && i->second.services.empty())
    spaces_.erase(i);
}

void spread_index::forget_groups(space& where) {
  for (auto i = where.classes.begin(); i != where.classes.end();) {
    auto& pods = i->second;
    pods.groups.clear();
    pods.asked = false;
    pods.own = nullptr;
    i = pods.by_node.empty() ? where.classes.erase(i) : std::next(i);
  }
  where.groups.clear();
}

spread_index::label_class& spread_index::class_of(space& where,
                                                  const pod_info& pod) {
  auto [i, added] = where.classes.try_emplace(pod.class_key);
  if (added) {
    i->second.labels = pod.labels;
    for (auto& entry : where.groups)
      if (has_all(pod.labels, entry.first))
        i->second.groups.push_back(&entry.second);
  }
  return i->second;
}

spread_index::selector_group* spread_index::group_by(space& where,
                                                     label_list selector) {
  auto [i, added] = where.groups.try_emplace(std::move(selector));
  auto& group = i->second;
  if (added) {
    for (auto& entry : where.classes) {
      auto& pods = entry.second;
      if (!has_all(pods.labels, i->first))
        continue;
      pods.groups.push_back(&group);
      for (auto [slot, n] : pods.by_node)
        count(group.counts, slot, n, true);
    }
  }
  return &group;
}

const spread_group* spread_index::group_of(const pod_info& pod) {
  if (!pod.owner.empty()) {
    auto i = owners_.find(pod.owner);
    return i == owners_.end() ? nullptr : &i->second;
  }
  auto found = spaces_.find(pod.ns);
  if (found == spaces_.end() || found->second.services.empty())
    return nullptr;
  auto& where = found->second;
  auto& pods = class_of(where, pod);
  if (!pods.asked) {
    pods.asked = true;
    // Kubernetes: the selectors of all services of the pod, taken together.
    label_list merged;
    for (const auto& service : where.services)
      if (has_all(pod.labels, service.second))
        merged.insert(merged.end(), service.second.begin(),
                      service.second.end());
    std::sort(merged.begin(), merged.end());
    merged.erase(std::unique(merged.begin(), merged.end()), merged.end());
    if (!merged.empty())
      pods.own = group_by(where, std::move(merged));
  }
  return pods.own ? &pods.own->counts : nullptr;
}

} // namespace troupe::scheduling
