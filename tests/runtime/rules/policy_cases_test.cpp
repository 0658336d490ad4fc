#include "messages/api/autoscaling_v1.pb.h"
#include "messages/api/node.pb.h"
#include "messages/api/policy.pb.h"
#include "messages/api/rbac.pb.h"
#include "rule_cases.hpp"

namespace troupe::rules {

using autoscaling::v1::Scale;
using node::v1::RuntimeClass;
using policy::v1::PodDisruptionBudget;
using namespace rbac::v1;

void add_limit_cases(rule_cases& all);

namespace {

template <class T>
std::function<void(T&)> merge(const char* text) {
  return [text](T& obj) {
    EXPECT_TRUE(google::protobuf::TextFormat::MergeFromString(text, &obj))
        << text;
  };
}

constexpr const char* rule =
    R"(rules { verbs: "get" api_groups: "" resources: "pods" })";

void add_roles(rule_cases& all) {
  kind_cases<Role> roles{all, "rbac/v1", "Role",
                         R"(metadata { name: "a" namespace: "b" })"};
  auto add = [](const char* text) { return merge<Role>(text); };
  roles.create("name", "metadata.name", add(R"(metadata { name: "a/b" })"),
               add(R"(metadata { name: "System:A b" })"));
  roles.create("verbs", "rules[0].verbs",
               add(R"(rules { api_groups: "" resources: "pods" })"), add(rule));
  roles.create("api-groups", "rules[0].apiGroups",
               add(R"(rules { verbs: "get" resources: "pods" })"), add(rule));
  roles.create("api-groups", "rules[0].resources",
               add(R"(rules { verbs: "get" api_groups: "" })"));
  roles.create("non-resource-urls", "rules[0].nonResourceURLs",
               add(R"(rules { verbs: "get" non_resource_urls: "/x" })"));
  kind_cases<ClusterRole> cluster{all, "rbac/v1", "ClusterRole",
                                  R"(metadata { name: "a" })"};
  auto add_cluster = [](const char* text) { return merge<ClusterRole>(text); };
  cluster.create("name", "metadata.name",
                 add_cluster(R"(metadata { name: "a%b" })"));
  cluster.create("verbs", "rules[0].verbs",
                 add_cluster(R"(rules { non_resource_urls: "/x" })"),
                 add_cluster(R"(rules { verbs: "get"
                                        non_resource_urls: "/x" })"));
  cluster.create("verbs", "rules[0].nonResourceURLs",
                 add_cluster(R"(rules { verbs: "get" resources: "pods"
                                        non_resource_urls: "/x" })"));
  auto selectors = "aggregationRule.clusterRoleSelectors";
  cluster.create("aggregation", selectors, add_cluster("aggregation_rule {}"),
                 add_cluster(R"(aggregation_rule { cluster_role_selectors {
                   match_labels { key: "a" value: "b" } } })"));
}

template <class T>
void add_binding(kind_cases<T>& cases) {
  cases.create("role-ref", "roleRef.name",
               [](T& obj) { obj.mutable_role_ref()->clear_name(); });
  cases.create("role-ref", "roleRef.apiGroup",
               merge<T>(R"(role_ref { api_group: "apps" })"));
  cases.create("role-ref", "roleRef.kind",
               merge<T>(R"(role_ref { kind: "Pod" })"));
  cases.update("role-ref", "roleRef", merge<T>(R"(role_ref { name: "x" })"),
               merge<T>(R"(metadata { labels { key: "a" value: "b" } })"));
  auto user = R"(subjects { kind: "User" name: "a"
                            api_group: "rbac.authorization.k8s.io" })";
  cases.create("subjects", "subjects[0].name",
               merge<T>(R"(subjects { kind: "User"
                             api_group: "rbac.authorization.k8s.io" })"),
               merge<T>(user));
  cases.create("subjects", "subjects[0].kind",
               merge<T>(R"(subjects { kind: "Robot" name: "a" })"));
  cases.create("subjects", "subjects[0].namespace",
               merge<T>(R"(subjects { kind: "ServiceAccount" name: "a" })"),
               merge<T>(R"(subjects { kind: "ServiceAccount" name: "a"
                                      namespace: "b" })"));
  cases.create("subjects", "subjects[0].apiGroup",
               merge<T>(R"(subjects { kind: "Group" name: "a"
                                      api_group: "b" })"));
}

void add_bindings(rule_cases& all) {
  kind_cases<RoleBinding> bindings{all, "rbac/v1", "RoleBinding", R"(
    metadata { name: "a" namespace: "b" }
    role_ref { kind: "Role" name: "c" })"};
  add_binding(bindings);
  bindings.create("name", "metadata.name",
                  merge<RoleBinding>(R"(metadata { name: ".." })"));
  kind_cases<ClusterRoleBinding> cluster{all, "rbac/v1", "ClusterRoleBinding",
                                         R"(
    metadata { name: "a" } role_ref { kind: "ClusterRole" name: "c" })"};
  add_binding(cluster);
  cluster.create("role-ref", "roleRef.kind",
                 merge<ClusterRoleBinding>(R"(role_ref { kind: "Role" })"));
}

void add_budgets(rule_cases& all) {
  kind_cases<PodDisruptionBudget> cases{all, "policy/v1", "PodDisruptionBudget",
                                        R"(metadata { name: "a"
                                                      namespace: "b" })"};
  auto add = [](const char* text) { return merge<PodDisruptionBudget>(text); };
  cases.create("one-of-two", "spec",
               add("spec { min_available { int_val: 1 } "
                   "max_unavailable { int_val: 1 } }"),
               add("spec { max_unavailable { int_val: 1 } }"));
  cases.create("min-available", "spec.minAvailable",
               add("spec { min_available { type: 1 str_val: '101%' } }"),
               add("spec { min_available { type: 1 str_val: '100%' } }"));
  cases.create("max-unavailable", "spec.maxUnavailable",
               add("spec { max_unavailable { int_val: -1 } }"),
               add("spec { max_unavailable { int_val: 0 } }"));
  cases.create("selector", "spec.selector.matchLabels",
               add(R"(spec { selector { match_labels { key: "a b"
                                                       value: "c" } } })"));
  cases.create("unhealthy-policy", "spec.unhealthyPodEvictionPolicy",
               add(R"(spec { unhealthy_pod_eviction_policy: "Never" })"),
               add(R"(spec { unhealthy_pod_eviction_policy:
                               "AlwaysAllow" })"));
}

} // namespace

void add_policy_cases(rule_cases& all) {
  add_limit_cases(all);
  add_roles(all);
  add_bindings(all);
  add_budgets(all);
  kind_cases<Scale> scales{all, "autoscaling/v1", "Scale",
                           R"(metadata { name: "a" namespace: "b" })"};
  scales.create("replicas", "spec.replicas",
                merge<Scale>("spec { replicas: -1 }"),
                merge<Scale>("spec { replicas: 0 }"));
  kind_cases<RuntimeClass> classes{all, "node/v1", "RuntimeClass",
                                   R"(metadata { name: "a" }
                                      handler: "runc")"};
  classes.create("handler", "handler",
                 merge<RuntimeClass>(R"(handler: "a.b")"));
  classes.update("handler", "handler",
                 merge<RuntimeClass>(R"(handler: "other")"),
                 merge<RuntimeClass>(R"(metadata { resource_version: "1" })"));
  classes.create("overhead", "overhead.limits[cpu]",
                 merge<RuntimeClass>(R"(overhead { pod_fixed { key: "cpu"
                                          value { string: "-1" } } })"),
                 merge<RuntimeClass>(R"(overhead { pod_fixed { key: "cpu"
                                          value { string: "250m" } } })"));
}

} // namespace troupe::rules
