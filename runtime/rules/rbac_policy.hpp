#pragma once

#include "messages/object.hpp"
#include "runtime/rules/access.hpp"
#include "runtime/rules/rbac_rules.hpp"

#include <map>
#include <string>
#include <unordered_map>
#include <vector>

namespace troupe::rules {

/// The four kinds that a policy is made of, each by "namespace/name".
struct rbac_objects {
  using by_key = std::map<std::string, object>;

  by_key cluster_roles;
  by_key roles;
  by_key cluster_role_bindings;
  by_key role_bindings;

  /// Returns the map for objects of a kind; null for other kinds.
  by_key* of(const kind_info& kind);
  const by_key* of(const kind_info& kind) const;
};

/// Returns whether two states of an object of these kinds give the same rights.
bool same_rights(const object& a, const object& b);

/// Who may do what, as roles and their bindings say. Never changes, so that it
/// is shared from any thread; holds the objects that it was made of. A look-up
/// costs what the bindings of one caller cost, however many others there are.
class rbac_policy {
public:
  explicit rbac_policy(const rbac_objects& from);

  /// Allows if any binding does; the reason names it, or the roles that are
  /// bound and missing. Knows nothing of system:masters.
  verdict decide(const caller& who, const access& what) const;

  /// Returns all rules that hold for a caller in a namespace ("" for the whole
  /// cluster), and in `problem` which bound roles are missing. The rules live
  /// as long as the policy.
  std::vector<const rbac::v1::PolicyRule*> rules_of(const caller& who,
                                                    const std::string& ns,
                                                    std::string& problem) const;

  /// Returns the rules of the role that a binding in `ns` refers to; null when
  /// there is no such role.
  const role_rules* rules_of(const rbac::v1::RoleRef& ref,
                             const std::string& ns) const;

  size_t grants() const { return grants_; }

private:
  /// One subject of one binding.
  struct grant {
    object binding;
    object role; ///< none when it is missing
    const role_rules* rules = nullptr;
    int subject = 0;
  };
  using grant_list = std::vector<grant>;

  template <class Binding>
  void add(const object& binding);

  template <class Visit>
  bool visit(const caller& who, const std::string& ns, Visit f) const;

  template <class Visit>
  bool visit_subjects(const std::string& place, const caller& who,
                      Visit f) const;

  object find(const rbac::v1::RoleRef& ref, const std::string& ns) const;

  rbac_objects::by_key cluster_roles_;
  rbac_objects::by_key roles_;
  /// By namespace ("" for cluster role bindings) and subject.
  std::unordered_map<std::string, grant_list> by_subject_;
  size_t grants_ = 0;
};

} // namespace troupe::rules
