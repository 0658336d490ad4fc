#pragma once

#include "messages/object.hpp"
#include "runtime/rules/rbac_rules.hpp"

#include <string>
#include <string_view>
#include <vector>

/// The roles and bindings that every cluster has from the beginning.
namespace troupe::rules {

/// Tables in a form of their own, a line each:
///   role NAME [LABEL]         a cluster role; LABEL: it is aggregated there
///   sum NAME FROM [LABEL]     one aggregated from those with the label FROM
///   controller NAME           the cluster role system:controller:NAME, bound
///                             to the service account NAME of kube-system
///   local NAMESPACE NAME      a role of a namespace
///     VERBS GROUPS RESOURCES [NAMES]    a rule of the role above
///     VERBS @ PATHS                     one for what is no resource
///     events                            the rule to tell of events
///   bind NAME ROLE SUBJECTS   a binding of a cluster role
///   local-bind NAMESPACE NAME ROLE SUBJECTS
/// Words in a list stand with commas between them; "core" is the core group,
/// "read" the verbs get, list and watch, "write" those that change. Subjects
/// are u:USER, g:GROUP and a:NAMESPACE/ACCOUNT.
std::string_view general_role_table();
std::string_view user_role_table();
std::string_view controller_role_table();

/// Returns all of them, roles before bindings, as they are to be stored: with
/// Kubernetes' label of defaults and its annotation that they are kept up to
/// date, aggregated roles with their rules. Made at the first call, which takes
/// milliseconds; from any thread.
const std::vector<object>& default_policy();

/// Returns what any node may do, whichever it is.
const role_rules& node_rules();

/// Returns what is to be written in place of a stored default so that it says
/// what it should: missing rules and subjects are added, others left. None
/// where nothing is missing or the object is annotated to be left alone.
/// A binding of another role cannot be changed; it is given back without its
/// revision, to be written after the stored one is deleted.
object reconciled(const object& stored, const object& wanted);

} // namespace troupe::rules
