#pragma once

#include "messages/api/rbac.pb.h"
#include "runtime/rules/access.hpp"

#include <string>
#include <vector>

/// What one rule of a role allows, and what rules allow together.
namespace troupe::rules {

using role_rules = google::protobuf::RepeatedPtrField<rbac::v1::PolicyRule>;

/// Returns whether the rule is about this and allows it.
bool allows(const rbac::v1::PolicyRule& rule, const access& what);

/// Returns the parts of `wanted` that nothing in `held` allows: a rule with
/// one verb, group, resource and name each, or one verb and path. Empty when
/// whoever holds `held` may give away `wanted`.
std::vector<rbac::v1::PolicyRule>
not_covered(const std::vector<const rbac::v1::PolicyRule*>& held,
            const role_rules& wanted);

/// Returns the rule as Kubernetes' messages show it:
/// {APIGroups:[""], Resources:["pods"], Verbs:["get"]}. Parts that differ in
/// nothing but the verb are shown as one.
std::string rules_text(const std::vector<rbac::v1::PolicyRule>& parts);

/// Returns the rules that allow everything.
role_rules all_rights();

/// Returns whether both say the same.
bool same_rule(const rbac::v1::PolicyRule& a, const rbac::v1::PolicyRule& b);

} // namespace troupe::rules
