#include "runtime/rules/pod_needs.hpp"

#include "messages/api/core_pod.pb.h"
#include "messages/api/meta.pb.h"

#include <algorithm>

namespace troupe::rules {

using core::v1::Container;
using core::v1::PodSpec;
using core::v1::ResourceRequirements;
using text::quantity;

namespace {

using amounts = google::protobuf::Map<std::string, meta::v1::Quantity>;
using member = const amounts& (*)(const ResourceRequirements&);

const amounts& requests_of(const ResourceRequirements& from) {
  return from.requests();
}

const amounts& limits_of(const ResourceRequirements& from) {
  return from.limits();
}

void add(amounts_by_name& to, const amounts& from) {
  for (auto& [name, amount] : from)
    to[name] += quantity::of(amount);
}

void raise(amounts_by_name& to, const amounts_by_name& from) {
  for (auto& [name, amount] : from) {
    auto [entry, fresh] = to.try_emplace(name, amount);
    if (!fresh)
      entry->second = std::max(entry->second, amount);
  }
}

// Kubernetes: an init container runs beside the sidecars started before it.
amounts_by_name needs(const PodSpec& spec, member of) {
  amounts_by_name result;
  for (auto& container : spec.containers())
    add(result, of(container.resources()));
  amounts_by_name sidecars;
  amounts_by_name peak;
  for (auto& container : spec.init_containers()) {
    auto together = sidecars;
    add(together, of(container.resources()));
    raise(peak, together);
    if (container.restart_policy() == "Always")
      sidecars = std::move(together);
  }
  for (auto& [name, amount] : sidecars)
    result[name] += amount;
  raise(result, peak);
  for (auto& [name, amount] : of(spec.resources()))
    result[name] = quantity::of(amount);
  return result;
}

} // namespace

amounts_by_name pod_requests(const PodSpec& spec) {
  auto result = needs(spec, requests_of);
  add(result, spec.overhead());
  return result;
}

amounts_by_name pod_limits(const PodSpec& spec) {
  auto result = needs(spec, limits_of);
  for (auto& [name, amount] : spec.overhead())
    if (auto known = result.find(name);
        known != result.end() && !known->second.is_zero())
      known->second += quantity::of(amount);
  return result;
}

} // namespace troupe::rules
