#pragma once

#include "messages/errors.hpp"
#include "messages/object.hpp"
#include "runtime/rules/rbac_policy.hpp"

namespace troupe::rules {

/// Returns whether objects of a kind give rights away: roles and bindings.
bool gives_rights(const kind_info& kind);

/// Nobody gives away what they do not have. Checks a role or a binding that
/// `who` is about to write; `old` is what was there, none on create. Who may
/// `escalate` roles, or `bind` the role that a binding names, may write what
/// they like. Fails with Forbidden, and names what is missing.
caf::error check_escalation(const rbac_policy& policy, const caller& who,
                            const object& now, const object& old);

} // namespace troupe::rules
