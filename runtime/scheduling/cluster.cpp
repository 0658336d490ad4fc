#include "runtime/scheduling/cluster.hpp"

#include <algorithm>

namespace troupe::scheduling {

cluster::node_change cluster::set_node(node_spec spec) {
  auto slot = slot_for(spec.name);
  auto& node = nodes_[slot];
  if (node.known && node.spec == spec)
    return node_change::none;
  auto result = node.known ? node_change::changed : node_change::added;
  if (node.known)
    count_images(node.spec, -1);
  else
    ++known_;
  auto zone = zone_number(spec.zone);
  order_stale_ = order_stale_ || !node.known || zone != node.zone;
  count_images(spec, 1);
  spread_.set_zone(slot, zone);
  node.zone = zone;
  node.known = true;
  node.spec = std::move(spec);
  affinity_.set_node(slot, node.spec.labels);
  return result;
}

void cluster::remove_node(const std::string& name) {
  auto i = slots_.find(name);
  if (i == slots_.end() || !nodes_[i->second].known)
    return;
  auto slot = i->second;
  auto& node = nodes_[slot];
  count_images(node.spec, -1);
  spread_.set_zone(slot, 0);
  node.known = false;
  node.zone = 0;
  // Pods that are still bound to it are counted until they are gone, so that
  // a node which returns is not taken to be empty.
  node.spec = node_spec{};
  node.spec.name = name;
  affinity_.set_node(slot, {});
  order_stale_ = true;
  --known_;
  release_if_unused(slot);
}

void cluster::place(pod_ptr pod) {
  if (pod->finished || pod->node_name.empty()) {
    remove_pod(pod->key);
    return;
  }
  auto node = pod->node_name;
  put(std::move(pod), node, false);
}

void cluster::assume(pod_ptr pod, const std::string& node) {
  put(std::move(pod), node, true);
}

bool cluster::forget(const std::string& key) {
  if (!assumed(key))
    return false;
  remove_pod(key);
  return true;
}

std::string cluster::remove_pod(const std::string& key) {
  auto i = pods_.find(key);
  if (i == pods_.end())
    return {};
  auto slot = i->second.slot;
  auto& node = nodes_[slot];
  node.remove(*i->second.pod);
  spread_.remove(*i->second.pod, slot);
  affinity_.remove(*i->second.pod, slot);
  pods_.erase(i);
  auto name = node.spec.name;
  release_if_unused(slot);
  return name;
}

bool cluster::assumed(const std::string& key) const {
  auto i = pods_.find(key);
  return i != pods_.end() && i->second.assumed;
}

std::vector<std::string> cluster::pod_keys() const {
  std::vector<std::string> result;
  for (const auto& entry : pods_)
    result.push_back(entry.first);
  return result;
}

std::vector<std::string> cluster::node_names() const {
  std::vector<std::string> result;
  for (const auto& node : nodes_)
    if (node.known)
      result.push_back(node.spec.name);
  return result;
}

const std::vector<uint32_t>& cluster::order() {
  if (!order_stale_)
    return order_;
  std::map<std::string, std::vector<uint32_t>> zones;
  for (uint32_t slot = 0; slot < nodes_.size(); ++slot)
    if (nodes_[slot].known)
      zones[nodes_[slot].spec.zone].push_back(slot);
  order_.clear();
  for (size_t turn = 0; order_.size() < known_; ++turn)
    for (const auto& entry : zones)
      if (turn < entry.second.size())
        order_.push_back(entry.second[turn]);
  order_stale_ = false;
  return order_;
}

const node_info* cluster::find(const std::string& name) const {
  auto slot = slot_of(name);
  return slot < 0 ? nullptr : &nodes_[static_cast<size_t>(slot)];
}

int64_t cluster::slot_of(const std::string& name) const {
  auto i = slots_.find(name);
  if (i == slots_.end() || !nodes_[i->second].known)
    return -1;
  return i->second;
}

int64_t cluster::nodes_with_image(const std::string& name) const {
  auto i = images_.find(name);
  return i == images_.end() ? 0 : i->second;
}

uint32_t cluster::slot_for(const std::string& name) {
  auto [i, added] = slots_.try_emplace(name, 0);
  if (!added)
    return i->second;
  if (free_.empty()) {
    i->second = static_cast<uint32_t>(nodes_.size());
    nodes_.emplace_back();
  } else {
    i->second = free_.back();
    free_.pop_back();
  }
  nodes_[i->second].spec.name = name;
  return i->second;
}

void cluster::heed(const pod_info& pod) {
  if (!pod.rules || affinity_.started())
    return;
  affinity_.start();
  for (auto& [key, place] : pods_)
    affinity_.add(*place.pod, place.slot);
}

void cluster::put(pod_ptr pod, const std::string& node, bool is_assumed) {
  heed(*pod);
  // The new place first: a slot must not be released and taken in between.
  auto slot = slot_for(node);
  auto i = pods_.find(pod->key);
  if (i != pods_.end()) {
    nodes_[i->second.slot].remove(*i->second.pod);
    spread_.remove(*i->second.pod, i->second.slot);
    affinity_.remove(*i->second.pod, i->second.slot);
  }
  nodes_[slot].add(*pod);
  spread_.add(*pod, slot);
  affinity_.add(*pod, slot);
  if (i == pods_.end()) {
    auto key = pod->key;
    pods_.emplace(std::move(key), placement{std::move(pod), slot, is_assumed});
    return;
  }
  auto old = i->second.slot;
  i->second = placement{std::move(pod), slot, is_assumed};
  release_if_unused(old);
}

void cluster::release_if_unused(uint32_t slot) {
  auto& node = nodes_[slot];
  if (node.known || node.pod_count > 0)
    return;
  slots_.erase(node.spec.name);
  node = node_info{};
  free_.push_back(slot);
}

void cluster::count_images(const node_spec& spec, int64_t by) {
  for (const auto& entry : spec.images)
    if ((images_[entry.first] += by) == 0)
      images_.erase(entry.first);
}

uint32_t cluster::zone_number(const std::string& zone) {
  if (zone.empty())
    return 0;
  auto next = static_cast<uint32_t>(zones_.size()) + 1;
  return zones_.try_emplace(zone, next).first->second;
}

} // namespace troupe::scheduling
