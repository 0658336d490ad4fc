#include "runtime/rules/pod_resources.hpp"

#include "messages/api/core_pod.pb.h"
#include "runtime/text/quantity.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <string>

namespace troupe::rules {

using core::v1::Container;
using core::v1::PodSpec;
using core::v1::ResourceRequirements;
using text::quantity;

namespace {

using amounts = google::protobuf::Map<std::string, meta::v1::Quantity>;

struct totals {
  std::map<std::string, quantity> requests;
  std::map<std::string, quantity> limits;
  bool every_limit = true;

  void add(const ResourceRequirements& resources) {
    for (auto* name : {"cpu", "memory"}) {
      add_one(requests, resources.requests(), name);
      every_limit = add_one(limits, resources.limits(), name) && every_limit;
    }
  }

  static bool add_one(std::map<std::string, quantity>& sums,
                      const amounts& from, const std::string& name) {
    auto i = from.find(name);
    if (i == from.end())
      return false;
    auto amount = quantity::of(i->second);
    if (amount.sign() <= 0)
      return false;
    sums[name] += amount;
    return true;
  }
};

std::optional<quantity> find(const amounts& from, const std::string& name) {
  auto i = from.find(name);
  if (i == from.end())
    return std::nullopt;
  return quantity::of(i->second);
}

bool sidecar(const Container& container) {
  return container.restart_policy() == "Always";
}

// Init containers run one after the other, each beside the sidecars that were
// started before it; sidecars run on beside the main containers.
std::optional<quantity> needed(const PodSpec& spec, const std::string& name) {
  bool any = false;
  quantity sum;
  quantity sidecars;
  quantity peak;
  for (auto& container : spec.containers())
    if (auto amount = find(container.resources().requests(), name)) {
      sum += *amount;
      any = true;
    }
  for (auto& container : spec.init_containers()) {
    auto amount = find(container.resources().requests(), name);
    if (!amount)
      continue;
    any = true;
    if (sidecar(container))
      sidecars += *amount;
    peak = std::max(peak, sidecar(container) ? sidecars : sidecars + *amount);
  }
  if (!any)
    return std::nullopt;
  return std::max(sum + sidecars, peak);
}

} // namespace

std::string_view qos_class(const PodSpec& spec) {
  totals sums;
  if (!spec.resources().requests().empty()
      || !spec.resources().limits().empty()) {
    sums.add(spec.resources());
  } else {
    for (auto* list : {&spec.containers(), &spec.init_containers()})
      for (auto& container : *list)
        sums.add(container.resources());
  }
  if (sums.requests.empty() && sums.limits.empty())
    return "BestEffort";
  if (sums.every_limit && sums.requests == sums.limits)
    return "Guaranteed";
  return "Burstable";
}

void default_pod_level_requests(PodSpec& spec) {
  if (spec.resources().limits().empty())
    return;
  auto& requests = *spec.mutable_resources()->mutable_requests();
  for (auto* name : {"cpu", "memory"})
    if (!requests.contains(name))
      if (auto amount = needed(spec, name))
        requests[name] = amount->message();
  for (auto& [name, limit] : spec.resources().limits())
    requests.insert({name, limit});
}

} // namespace troupe::rules
