#include "runtime/rules/rbac_policy.hpp"

#include "messages/fields.hpp"

#include <algorithm>
#include <set>

namespace troupe::rules {

namespace {

using namespace rbac::v1;

template <class Map>
Map* map_of(auto& all, const kind_info& kind) {
  if (&kind == &kind_of<ClusterRole>())
    return &all.cluster_roles;
  if (&kind == &kind_of<Role>())
    return &all.roles;
  if (&kind == &kind_of<ClusterRoleBinding>())
    return &all.cluster_role_bindings;
  if (&kind == &kind_of<RoleBinding>())
    return &all.role_bindings;
  return nullptr;
}

std::string user_key(const std::string& place, const std::string& name) {
  return place + "\nu" + name;
}

std::string group_key(const std::string& place, const std::string& name) {
  return place + "\ng" + name;
}

/// Kubernetes: an account without a namespace is of the binding's.
std::string subject_key(const Subject& subject, const std::string& place) {
  if (subject.kind() == "Group")
    return group_key(place, subject.name());
  if (subject.kind() != "ServiceAccount")
    return user_key(place, subject.name());
  auto& own = subject.namespace_();
  return user_key(place,
                  account_user(own.empty() ? place : own, subject.name()));
}

const RoleRef& role_of(const object& binding) {
  return binding.ns().empty() ? binding.as<ClusterRoleBinding>().role_ref()
                              : binding.as<RoleBinding>().role_ref();
}

const google::protobuf::RepeatedPtrField<Subject>&
subjects_of(const object& binding) {
  return binding.ns().empty() ? binding.as<ClusterRoleBinding>().subjects()
                              : binding.as<RoleBinding>().subjects();
}

const Subject& subject_of(const object& binding, int i) {
  return subjects_of(binding).Get(i);
}

template <class List>
bool same_list(const List& a, const List& b) {
  return a.size() == b.size()
         && std::equal(a.begin(), a.end(), b.begin(),
                       [](auto& x, auto& y) { return canonical_equal(x, y); });
}

const role_rules& rules_in(const object& role) {
  return role.ns().empty() ? role.as<ClusterRole>().rules()
                           : role.as<Role>().rules();
}

std::string reason_of(const object& binding, int subject) {
  auto& ref = role_of(binding);
  auto& who = subject_of(binding, subject);
  auto quoted = [](const std::string& x) { return "\"" + x + "\""; };
  auto name = binding.name();
  if (!binding.ns().empty())
    name += "/" + binding.ns();
  auto subject_name = who.name();
  if (who.kind() == "ServiceAccount")
    subject_name += "/" + who.namespace_();
  return "RBAC: allowed by " + std::string{binding.kind().kind} + " "
         + quoted(name) + " of " + ref.kind() + " " + quoted(ref.name())
         + " to " + who.kind() + " " + quoted(subject_name);
}

std::string missing_role(const RoleRef& ref) {
  return (ref.kind() == "Role" ? "role" : "clusterrole")
         + (".rbac.authorization.k8s.io \"" + ref.name() + "\" not found");
}

/// Kubernetes: several problems stand in brackets, each once.
std::string joined(const std::set<std::string>& all) {
  std::string out;
  for (auto& one : all)
    out += (out.empty() ? "" : ", ") + one;
  return all.size() > 1 ? "[" + out + "]" : out;
}

} // namespace

rbac_objects::by_key* rbac_objects::of(const kind_info& kind) {
  return map_of<by_key>(*this, kind);
}

const rbac_objects::by_key* rbac_objects::of(const kind_info& kind) const {
  return map_of<const by_key>(*this, kind);
}

bool same_rights(const object& a, const object& b) {
  auto is_role =
      &a.kind() == &kind_of<ClusterRole>() || &a.kind() == &kind_of<Role>();
  if (is_role)
    return same_list(rules_in(a), rules_in(b));
  return canonical_equal(role_of(a), role_of(b))
         && same_list(subjects_of(a), subjects_of(b));
}

rbac_policy::rbac_policy(const rbac_objects& from)
    : cluster_roles_(from.cluster_roles), roles_(from.roles) {
  for (auto& [key, binding] : from.cluster_role_bindings)
    add<ClusterRoleBinding>(binding);
  for (auto& [key, binding] : from.role_bindings)
    add<RoleBinding>(binding);
}

object rbac_policy::find(const RoleRef& ref, const std::string& ns) const {
  auto local = ref.kind() == "Role";
  auto& all = local ? roles_ : cluster_roles_;
  auto found = all.find(local ? ns + "/" + ref.name() : ref.name());
  return found == all.end() ? object{} : found->second;
}

template <class Binding>
void rbac_policy::add(const object& binding) {
  auto& what = binding.as<Binding>();
  auto role = find(what.role_ref(), binding.ns());
  auto* rules = role ? &rules_in(role) : nullptr;
  for (int i = 0; i < what.subjects_size(); ++i) {
    auto& list = by_subject_[subject_key(what.subjects(i), binding.ns())];
    list.push_back({binding, role, rules, i});
    ++grants_;
  }
}

template <class Visit>
bool rbac_policy::visit_subjects(const std::string& place, const caller& who,
                                 Visit f) const {
  auto visit_key = [&](const std::string& key) {
    auto found = by_subject_.find(key);
    if (found != by_subject_.end())
      for (auto& one : found->second)
        if (f(one))
          return true;
    return false;
  };
  if (visit_key(user_key(place, who.user)))
    return true;
  for (auto& group : who.groups)
    if (visit_key(group_key(place, group)))
      return true;
  return false;
}

/// Calls `f` with each grant to the caller until it returns true.
template <class Visit>
bool rbac_policy::visit(const caller& who, const std::string& ns,
                        Visit f) const {
  return visit_subjects({}, who, f)
         || (!ns.empty() && visit_subjects(ns, who, f));
}

verdict rbac_policy::decide(const caller& who, const access& what) const {
  verdict result;
  std::set<std::string> missing;
  visit(who, what.path.empty() ? what.ns : std::string{}, [&](const grant& g) {
    if (g.rules == nullptr) {
      missing.insert(missing_role(role_of(g.binding)));
      return false;
    }
    for (auto& rule : *g.rules)
      if (allows(rule, what)) {
        result = {true, reason_of(g.binding, g.subject)};
        return true;
      }
    return false;
  });
  if (!result.allowed && !missing.empty())
    result.reason = "RBAC: " + joined(missing);
  return result;
}

std::vector<const PolicyRule*>
rbac_policy::rules_of(const caller& who, const std::string& ns,
                      std::string& problem) const {
  std::vector<const PolicyRule*> result;
  std::set<std::string> missing;
  visit(who, ns, [&](const grant& g) {
    if (g.rules == nullptr)
      missing.insert(missing_role(role_of(g.binding)));
    else
      for (auto& rule : *g.rules)
        result.push_back(&rule);
    return false;
  });
  problem = joined(missing);
  return result;
}

const role_rules* rbac_policy::rules_of(const RoleRef& ref,
                                        const std::string& ns) const {
  auto role = find(ref, ns);
  return role ? &rules_in(role) : nullptr;
}

} // namespace troupe::rules
