#include "runtime/rules/quota_plan.hpp"

#include "messages/api/core_config.pb.h"
#include "messages/api/core_pod.pb.h"
#include "messages/api/meta.pb.h"
#include "messages/fields.hpp"
#include "runtime/rules/quota_usage.hpp"
#include "runtime/rules/versions.hpp"

#include <algorithm>

namespace troupe::rules {

using core::v1::Pod;
using core::v1::ResourceQuota;
using text::quantity;

namespace {

bool can_be_counted(const kind_info& kind) {
  return kind.namespaced && !kind.plural.empty() && kind.has_verb("create")
         && kind.has_verb("list") && &stored_kind(kind) == &kind;
}

/// When a pod that is ending counts no more, even if it is still there.
std::optional<time_point> end_of(const object& what, time_point now) {
  if (&what.kind() != &kind_of<Pod>()
      || !what.meta().has_deletion_grace_period_seconds()
      || !takes_compute(what.as<Pod>(), now))
    return std::nullopt;
  return from_time(what.meta().deletion_timestamp())
         + std::chrono::seconds(what.meta().deletion_grace_period_seconds()
                                + 1);
}

} // namespace

std::vector<const kind_info*> counted_kinds(const object& quota) {
  std::vector<const kind_info*> result;
  auto& hard = quota.as<ResourceQuota>().spec().hard();
  for (auto& kind : all_kinds())
    if (can_be_counted(kind)
        && std::any_of(hard.begin(), hard.end(), [&](auto& entry) {
             return takes_of(kind, entry.first);
           }))
      result.push_back(&kind);
  return result;
}

quota_plan plan_quota(const object& what, std::span<const object> objects,
                      time_point now) {
  quota_plan plan;
  auto& quota = what.as<ResourceQuota>();
  auto& hard = quota.spec().hard();
  amounts_by_name used;
  for (auto& [name, amount] : hard)
    used[name];
  for (auto& each : objects) {
    if (!is_in_scopes(quota, each.kind(), each.message()))
      continue;
    for (auto& [name, amount] : usage_of(each.kind(), each.message(), now))
      if (auto counted = used.find(name); counted != used.end())
        counted->second += amount;
    if (auto end = end_of(each, now))
      plan.look_again = std::min(plan.look_again.value_or(*end), *end);
  }
  auto fresh = what.copy<ResourceQuota>();
  auto& status = *fresh.mutable_status();
  *status.mutable_hard() = hard;
  status.clear_used();
  for (auto& [name, amount] : used)
    (*status.mutable_used())[name] = amount.message();
  if (!canonical_equal(status, quota.status()))
    plan.status = object::of(fresh).with_revision(what.revision());
  return plan;
}

} // namespace troupe::rules
