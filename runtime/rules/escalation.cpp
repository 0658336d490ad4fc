#include "runtime/rules/escalation.hpp"

#include "messages/fields.hpp"
#include "runtime/rules/authorize.hpp"
#include "runtime/rules/refusals.hpp"

namespace troupe::rules {

namespace {

using namespace rbac::v1;

constexpr auto rbac_group = "rbac.authorization.k8s.io";

std::string listed(const std::vector<std::string>& words) {
  std::string out;
  for (auto& word : words)
    out += (out.empty() ? "\"" : " \"") + word + "\"";
  return "[" + out + "]";
}

caf::error forbidden(const object& what, const std::string& why) {
  return rules::forbidden({what.kind().group, what.kind().plural, what.name()},
                          why);
}

bool may(const rbac_policy& policy, const caller& who, const char* verb,
         const char* resource, const std::string& ns, const std::string& name) {
  access what;
  what.verb = verb;
  what.group = rbac_group;
  what.resource = resource;
  what.ns = ns;
  what.name = name;
  return judge(policy, who, what).what == decision::allowed;
}

caf::error check_rules(const rbac_policy& policy, const caller& who,
                       const object& now, const role_rules& wanted) {
  std::string problem;
  auto missing = not_covered(policy.rules_of(who, now.ns(), problem), wanted);
  if (missing.empty())
    return caf::none;
  auto text = "user \"" + who.user + "\" (groups=" + listed(who.groups)
              + ") is attempting to grant RBAC permissions not currently "
                "held:\n"
              + rules_text(missing);
  if (!problem.empty())
    text += "; resolution errors: [" + problem + "]";
  return forbidden(now, text);
}

bool same_rules(const role_rules& a, const role_rules& b) {
  return a.size() == b.size()
         && std::equal(a.begin(), a.end(), b.begin(), same_rule);
}

template <class T>
bool same_sum(const T&, const T&) {
  return true;
}

bool same_sum(const ClusterRole& a, const ClusterRole& b) {
  return a.has_aggregation_rule() == b.has_aggregation_rule()
         && canonical_equal(a.aggregation_rule(), b.aggregation_rule());
}

bool is_sum(const Role&) {
  return false;
}

bool is_sum(const ClusterRole& role) {
  return role.has_aggregation_rule();
}

template <class T>
caf::error check_role(const rbac_policy& policy, const caller& who,
                      const object& now, const object& old,
                      const char* resource) {
  if (may(policy, who, "escalate", resource, now.ns(), now.name()))
    return caf::none;
  auto& role = now.as<T>();
  if (old && same_rules(old.as<T>().rules(), role.rules())
      && same_sum(old.as<T>(), role))
    return caf::none;
  if (auto err = check_rules(policy, who, now, role.rules()))
    return err;
  if (!is_sum(role) && !(old && is_sum(old.as<T>())))
    return caf::none;
  std::string problem;
  if (not_covered(policy.rules_of(who, {}, problem), all_rights()).empty())
    return caf::none;
  return forbidden(now, "must have cluster-admin privileges to use the "
                        "aggregationRule");
}

template <class T>
bool same_binding(const T& a, const T& b) {
  if (!canonical_equal(a.role_ref(), b.role_ref())
      || a.subjects_size() != b.subjects_size())
    return false;
  for (int i = 0; i < a.subjects_size(); ++i)
    if (!canonical_equal(a.subjects(i), b.subjects(i)))
      return false;
  return true;
}

template <class T>
caf::error check_binding(const rbac_policy& policy, const caller& who,
                         const object& now, const object& old) {
  auto& binding = now.as<T>();
  if (old && same_binding(old.as<T>(), binding))
    return caf::none;
  auto& ref = binding.role_ref();
  auto local = ref.kind() == "Role";
  if (may(policy, who, "bind", local ? "roles" : "clusterroles", now.ns(),
          ref.name()))
    return caf::none;
  auto* rules = policy.rules_of(ref, now.ns());
  if (rules == nullptr)
    return make_error(ec::not_found,
                      std::string{local ? "roles" : "clusterroles"} + "."
                          + rbac_group + " \"" + ref.name() + "\" not found");
  return check_rules(policy, who, now, *rules);
}

} // namespace

bool gives_rights(const kind_info& kind) {
  return &kind == &kind_of<ClusterRole>() || &kind == &kind_of<Role>()
         || &kind == &kind_of<ClusterRoleBinding>()
         || &kind == &kind_of<RoleBinding>();
}

caf::error check_escalation(const rbac_policy& policy, const caller& who,
                            const object& now, const object& old) {
  if (who.in_group(masters_group))
    return caf::none;
  auto* kind = &now.kind();
  if (kind == &kind_of<ClusterRole>())
    return check_role<ClusterRole>(policy, who, now, old, "clusterroles");
  if (kind == &kind_of<Role>())
    return check_role<Role>(policy, who, now, old, "roles");
  if (kind == &kind_of<ClusterRoleBinding>())
    return check_binding<ClusterRoleBinding>(policy, who, now, old);
  return check_binding<RoleBinding>(policy, who, now, old);
}

} // namespace troupe::rules
