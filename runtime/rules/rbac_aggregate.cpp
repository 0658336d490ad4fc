#include "runtime/rules/rbac_aggregate.hpp"

#include "messages/fields.hpp"
#include "runtime/rules/label_match.hpp"

#include <algorithm>

namespace troupe::rules {

object aggregated(const object& role, const rbac_objects::by_key& all) {
  auto& old = role.as<rbac::v1::ClusterRole>();
  if (!old.has_aggregation_rule())
    return {};
  auto now = old;
  auto& rules = *now.mutable_rules();
  rules.Clear();
  for (auto& selector : old.aggregation_rule().cluster_role_selectors())
    for (auto& [name, other] : all) {
      if (name == role.name() || !selects(selector, other.meta().labels()))
        continue;
      for (auto& rule : other.as<rbac::v1::ClusterRole>().rules())
        if (std::none_of(rules.begin(), rules.end(),
                         [&](auto& has) { return same_rule(has, rule); }))
          *rules.Add() = rule;
    }
  if (canonical_equal(old, now))
    return {};
  return object::of(now).with_revision(role.revision());
}

} // namespace troupe::rules
