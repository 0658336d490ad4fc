#include "messages/api/autoscaling_v1.pb.h"
#include "messages/api/meta.pb.h"
#include "messages/api/node.pb.h"
#include "messages/api/policy.pb.h"
#include "messages/api/rbac.pb.h"
#include "messages/fields.hpp"
#include "runtime/rules/counts.hpp"
#include "runtime/rules/formats.hpp"
#include "runtime/rules/kind_rules.hpp"
#include "runtime/rules/kinds.hpp"
#include "runtime/rules/quantities.hpp"
#include "runtime/rules/validate_meta.hpp"

namespace troupe::rules {

using autoscaling::v1::Scale;
using node::v1::RuntimeClass;
using policy::v1::PodDisruptionBudget;
using namespace rbac::v1;

namespace {

constexpr std::string_view rbac_group = "rbac.authorization.k8s.io";

void check_rules(const google::protobuf::RepeatedPtrField<PolicyRule>& rules,
                 bool namespaced, findings& out) {
  field_path at{"rules"};
  for (int i = 0; i < rules.size(); ++i) {
    auto& rule = rules[i];
    auto one = at[static_cast<size_t>(i)];
    if (rule.verbs().empty())
      out.required(one.child("verbs"), "verbs must contain at least one value");
    if (!rule.non_resource_urls().empty()) {
      auto urls = one.child("nonResourceURLs");
      if (namespaced)
        out.invalid(urls, rule.non_resource_urls(0),
                    "namespaced rules cannot apply to non-resource URLs");
      if (!rule.api_groups().empty() || !rule.resources().empty()
          || !rule.resource_names().empty())
        out.invalid(urls, rule.non_resource_urls(0),
                    "rules cannot apply to both regular resources and "
                    "non-resource URLs");
      continue;
    }
    if (rule.api_groups().empty())
      out.required(one.child("apiGroups"),
                   "resource rules must supply at least one api group");
    if (rule.resources().empty())
      out.required(one.child("resources"),
                   "resource rules must supply at least one resource");
  }
}

void validate_role(const Role& role, findings& out) {
  check_rules(role.rules(), true, out);
}

void validate_cluster_role(const ClusterRole& role, findings& out) {
  check_rules(role.rules(), false, out);
  if (!role.has_aggregation_rule())
    return;
  field_path at{"aggregationRule.clusterRoleSelectors"};
  auto& selectors = role.aggregation_rule().cluster_role_selectors();
  if (selectors.empty())
    out.required(at,
                 "at least one clusterRoleSelector required if aggregationRule "
                 "is non-nil");
  for (int i = 0; i < selectors.size(); ++i)
    validate_selector(selectors[i], at[static_cast<size_t>(i)], out);
}

void check_subject(const Subject& subject, const field_path& at,
                   findings& out) {
  auto& kind = subject.kind();
  if (subject.name().empty())
    out.required(at.child("name"));
  auto group = at.child("apiGroup");
  if (kind == "ServiceAccount") {
    if (!subject.name().empty())
      out.invalid(at.child("name"), subject.name(),
                  check_dns1123_subdomain(subject.name()));
    if (!subject.api_group().empty())
      out.not_supported(group, subject.api_group(), {""});
    if (subject.namespace_().empty())
      out.required(at.child("namespace"));
  } else if (kind == "User" || kind == "Group") {
    if (subject.api_group() != rbac_group)
      out.not_supported(group, subject.api_group(), {std::string{rbac_group}});
  } else {
    out.not_supported(at.child("kind"), kind,
                      {"ServiceAccount", "User", "Group"});
  }
}

void check_role_reference(const RoleRef& ref, bool namespaced, findings& out) {
  field_path at{"roleRef"};
  if (ref.api_group() != rbac_group)
    out.not_supported(at.child("apiGroup"), ref.api_group(),
                      {std::string{rbac_group}});
  bool known =
      ref.kind() == "ClusterRole" || (namespaced && ref.kind() == "Role");
  if (!known && namespaced)
    out.not_supported(at.child("kind"), ref.kind(), {"ClusterRole", "Role"});
  else if (!known)
    out.not_supported(at.child("kind"), ref.kind(), {"ClusterRole"});
  if (ref.name().empty())
    out.required(at.child("name"));
  else
    out.invalid(at.child("name"), ref.name(), check_path_segment(ref.name()));
}

template <class T>
void check_subjects(const T& binding, findings& out) {
  field_path at{"subjects"};
  for (int i = 0; i < binding.subjects_size(); ++i) {
    auto one = at[static_cast<size_t>(i)];
    check_subject(binding.subjects(i), one, out);
  }
}

void validate_binding_of_role(const RoleBinding& obj, findings& out) {
  check_role_reference(obj.role_ref(), true, out);
  check_subjects(obj, out);
}

void validate_binding_of_cluster_role(const ClusterRoleBinding& obj,
                                      findings& out) {
  check_role_reference(obj.role_ref(), false, out);
  check_subjects(obj, out);
}

template <class T>
void keep_role(const T& obj, const T& old, findings& out) {
  if (!canonical_equal(obj.role_ref(), old.role_ref()))
    out.invalid(field_path{"roleRef"}, obj.role_ref().name(),
                "cannot change roleRef");
}

void validate_budget(const PodDisruptionBudget& obj, findings& out) {
  field_path at{"spec"};
  auto& spec = obj.spec();
  if (spec.has_min_available() && spec.has_max_unavailable())
    out.invalid(at, share_text(spec.min_available()),
                "minAvailable and maxUnavailable cannot be both set");
  auto check_share = [&](const char* name, const meta::v1::IntOrString& value) {
    auto one = at.child(name);
    require_share(value, one, out);
    require_at_most_all(value, one, out);
  };
  if (spec.has_min_available())
    check_share("minAvailable", spec.min_available());
  if (spec.has_max_unavailable())
    check_share("maxUnavailable", spec.max_unavailable());
  validate_selector(spec.selector(), at.child("selector"), out);
}

void validate_scale(const Scale& obj, findings& out) {
  require_count(obj.spec().replicas(), field_path{"spec.replicas"}, out);
}

void validate_runtime_class(const RuntimeClass& obj, findings& out) {
  if (obj.handler().empty())
    out.required(field_path{"handler"});
  else
    out.invalid(field_path{"handler"}, obj.handler(),
                check_dns1123_label(obj.handler()));
  check_overhead(obj.overhead().pod_fixed(), field_path{"overhead"}, out);
}

void validate_runtime_class_update(const RuntimeClass& obj,
                                   const RuntimeClass& old, findings& out) {
  require_unchanged(obj.handler() == old.handler(), obj.handler(),
                    field_path{"handler"}, out);
}

} // namespace

void add_policy_validation(registry& all) {
  all.of<Role>().validate = check<Role, validate_role>;
  all.of<ClusterRole>().validate = check<ClusterRole, validate_cluster_role>;
  auto& binding = all.of<RoleBinding>();
  binding.validate = check<RoleBinding, validate_binding_of_role>;
  binding.validate_update = check_from<RoleBinding, keep_role<RoleBinding>>;
  auto& cluster = all.of<ClusterRoleBinding>();
  cluster.validate =
      check<ClusterRoleBinding, validate_binding_of_cluster_role>;
  cluster.validate_update =
      check_from<ClusterRoleBinding, keep_role<ClusterRoleBinding>>;
  all.of<PodDisruptionBudget>().validate =
      check<PodDisruptionBudget, validate_budget>;
  all.of<Scale>().validate = check<Scale, validate_scale>;
  auto& runtime = all.of<RuntimeClass>();
  runtime.validate = check<RuntimeClass, validate_runtime_class>;
  runtime.validate_update =
      check_from<RuntimeClass, validate_runtime_class_update>;
}

} // namespace troupe::rules
