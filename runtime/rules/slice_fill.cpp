#include "runtime/rules/slice_fill.hpp"

#include "messages/fields.hpp"
#include "runtime/rules/ownership.hpp"

#include <algorithm>
#include <deque>
#include <set>

namespace troupe::rules {

namespace {

using discovery::v1::Endpoint;
using discovery::v1::EndpointSlice;

struct slot {
  object before; ///< none for a new slice
  EndpointSlice now;
  bool obsolete = false;
};

class filler {
public:
  filler(const slice_wish& wish, std::span<const object> existing)
      : wish_(wish) {
    for (const auto& each : existing)
      take(each);
  }

  slices_plan run() {
    for (const auto& [key, group] : wish_.groups)
      if (!group.endpoints.empty())
        fill(key, group);
    for (auto& each : slots_)
      if (!used_.count(&each))
        each.obsolete = true;
    for (const auto& family : wish_.families)
      keep_one(family);
    return result();
  }

private:
  void take(const object& slice) {
    taken_.insert(slice.name());
    const auto& labels = slice.meta().labels();
    auto manager = labels.find(slice_manager_label);
    if (manager != labels.end() && manager->second == wish_.manager
        && !slice.meta().has_deletion_timestamp())
      slots_.push_back({slice, slice.as<EndpointSlice>()});
  }

  std::string key_of_slot(const slot& each) const {
    return group_key(each.now.address_type(),
                     {each.now.ports().begin(), each.now.ports().end()});
  }

  void fill(const std::string& key, const slice_group& group) {
    std::vector<slot*> homes;
    for (auto& each : slots_)
      if (key_of_slot(each) == key)
        homes.push_back(&each);
    auto missing = group.endpoints;
    for (auto* home : homes)
      stay(*home, missing);
    // The fullest first, so that fewer slices change.
    std::stable_sort(homes.begin(), homes.end(), [](auto* a, auto* b) {
      return a->now.endpoints_size() > b->now.endpoints_size();
    });
    for (auto* home : homes)
      move_in(*home, missing);
    while (!missing.empty())
      move_in(add(key, group), missing);
    for (auto* home : homes)
      if (home->now.endpoints_size() > 0)
        used_.insert(home);
  }

  // Drops endpoints that are no longer wished and renews those that changed.
  static void stay(slot& home, std::map<std::string, Endpoint>& missing) {
    auto before = std::move(*home.now.mutable_endpoints());
    home.now.clear_endpoints();
    for (const auto& each : before) {
      auto found = missing.find(endpoint_key(each));
      if (found == missing.end())
        continue;
      *home.now.add_endpoints() = found->second;
      missing.erase(found);
    }
  }

  static void move_in(slot& home, std::map<std::string, Endpoint>& missing) {
    while (!missing.empty() && home.now.endpoints_size() < slice_capacity) {
      *home.now.add_endpoints() = missing.begin()->second;
      missing.erase(missing.begin());
    }
  }

  slot& add(const std::string& key, const slice_group& group) {
    slot fresh;
    fresh.now.set_address_type(group.family);
    fresh.now.mutable_ports()->Assign(group.ports.begin(), group.ports.end());
    auto* meta = fresh.now.mutable_metadata();
    auto base = wish_.owner.name() + "-";
    for (uint64_t i = 0; meta->name().empty(); ++i) {
      auto name = generated_name(base, wish_.owner.uid(), fnv64(key), i);
      if (taken_.insert(name).second)
        meta->set_name(name);
    }
    meta->set_generate_name(base);
    meta->set_namespace_(wish_.owner.ns());
    *meta->add_owner_references() = controller_reference(wish_.owner);
    slots_.push_back(std::move(fresh));
    used_.insert(&slots_.back());
    return slots_.back();
  }

  // Kubernetes: a service without endpoints has one slice that says so.
  void keep_one(const std::string& family) {
    slot* spare = nullptr;
    for (auto& each : slots_) {
      if (each.now.address_type() != family)
        continue;
      if (!each.obsolete)
        return;
      if (!spare)
        spare = &each;
    }
    if (!spare)
      spare = &add(group_key(family, {}), {family, {}, {}});
    spare->obsolete = false;
    spare->now.clear_endpoints();
    spare->now.clear_ports();
  }

  void label(EndpointSlice& slice) const {
    auto& labels = *slice.mutable_metadata()->mutable_labels();
    labels.clear();
    for (const auto& [key, value] : wish_.labels)
      labels[key] = value;
    labels[slice_service_label] = wish_.service;
    labels[slice_manager_label] = wish_.manager;
  }

  slices_plan result() {
    slices_plan plan;
    for (auto& each : slots_) {
      if (each.obsolete) {
        plan.deleted.push_back(each.before);
        continue;
      }
      label(each.now);
      if (!each.before)
        plan.created.push_back(object::of(each.now));
      else if (!canonical_equal(each.now, each.before.as<EndpointSlice>()))
        plan.updated.push_back(object::of(each.now));
    }
    return plan;
  }

  const slice_wish& wish_;
  std::deque<slot> slots_;
  std::set<const slot*> used_;
  std::set<std::string> taken_;
};

} // namespace

std::string endpoint_key(const discovery::v1::Endpoint& endpoint) {
  if (!endpoint.target_ref().uid().empty())
    return endpoint.target_ref().uid();
  return endpoint.addresses_size() > 0 ? endpoint.addresses(0) : "";
}

std::string group_key(const std::string& family,
                      std::vector<discovery::v1::EndpointPort> ports) {
  std::vector<std::string> parts;
  for (const auto& port : ports)
    parts.push_back(canonical_bytes(port));
  std::sort(parts.begin(), parts.end());
  auto result = family;
  for (const auto& part : parts)
    result += std::string{'\0'} + part;
  return result;
}

slices_plan fill_slices(const slice_wish& wish,
                        std::span<const object> existing) {
  return filler{wish, existing}.run();
}

} // namespace troupe::rules
