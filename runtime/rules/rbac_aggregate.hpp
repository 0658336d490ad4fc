#pragma once

#include "messages/object.hpp"
#include "runtime/rules/rbac_policy.hpp"

namespace troupe::rules {

/// Returns an aggregated cluster role with the rules of all cluster roles that
/// its selectors choose: by selector, then by name, each rule once. None when
/// it has them already, or is not aggregated.
object aggregated(const object& role, const rbac_objects::by_key& all);

} // namespace troupe::rules
