#include "messages/api/meta.pb.h"
#include "messages/api/rbac.pb.h"
#include "runtime/rules/authorize.hpp"
#include "runtime/rules/rbac_aggregate.hpp"

#include <gmock/gmock.h>
#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

namespace troupe::rules {

namespace {

using namespace rbac::v1;

template <class T>
object read(const std::string& text) {
  T msg;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &msg));
  return object::of(msg);
}

/// A policy of one cluster role `r` with one rule, bound to the user u.
rbac_objects of_rule(const std::string& rule) {
  rbac_objects all;
  all.cluster_roles["r"] =
      read<ClusterRole>("metadata { name: 'r' } rules { " + rule + " }");
  all.cluster_role_bindings["b"] = read<ClusterRoleBinding>(
      "metadata { name: 'b' } role_ref { kind: 'ClusterRole' name: 'r' } "
      "subjects { kind: 'User' name: 'u' }");
  return all;
}

access wish(const std::string& verb, const std::string& resource,
            const std::string& group = {}, const std::string& name = {}) {
  access result;
  result.verb = verb;
  auto slash = resource.find('/');
  result.resource = resource.substr(0, slash);
  if (slash != std::string::npos)
    result.subresource = resource.substr(slash + 1);
  result.group = group;
  result.ns = "default";
  result.name = name;
  return result;
}

access path(const std::string& verb, const std::string& where) {
  access result;
  result.verb = verb;
  result.path = where;
  return result;
}

struct rule_case {
  const char* rule;
  access what;
  bool allowed;
};

} // namespace

TEST(RbacRules, MatchAsKubernetesDoes) {
  const rule_case table[] = {
      {"verbs: 'get' api_groups: '' resources: 'pods'", wish("get", "pods"),
       true},
      {"verbs: 'get' api_groups: '' resources: 'pods'", wish("list", "pods"),
       false},
      {"verbs: '*' api_groups: '' resources: 'pods'", wish("fly", "pods"),
       true},
      {"verbs: 'get' api_groups: '' resources: 'pods'",
       wish("get", "pods", "metrics.k8s.io"), false},
      {"verbs: 'get' api_groups: '*' resources: 'pods'",
       wish("get", "pods", "metrics.k8s.io"), true},
      {"verbs: 'get' api_groups: '' resources: 'pods'", wish("get", "pods/log"),
       false},
      {"verbs: 'get' api_groups: '' resources: 'pods/log'",
       wish("get", "pods/log"), true},
      {"verbs: 'get' api_groups: '' resources: 'pods/log'", wish("get", "pods"),
       false},
      {"verbs: 'get' api_groups: '' resources: '*'", wish("get", "pods/log"),
       true},
      {"verbs: 'get' api_groups: '*' resources: '*/scale'",
       wish("get", "deployments/scale", "apps"), true},
      {"verbs: 'get' api_groups: '*' resources: '*/scale'",
       wish("get", "deployments", "apps"), false},
      {"verbs: 'get' api_groups: '' resources: 'pods/*'",
       wish("get", "pods/log"), false},
      {"verbs: 'get' api_groups: '' resources: 'pods' resource_names: 'a'",
       wish("get", "pods", "", "a"), true},
      {"verbs: 'get' api_groups: '' resources: 'pods' resource_names: 'a'",
       wish("get", "pods", "", "b"), false},
      {"verbs: 'list' api_groups: '' resources: 'pods' resource_names: 'a'",
       wish("list", "pods"), false},
      {"verbs: 'get' non_resource_urls: '/healthz'", path("get", "/healthz"),
       true},
      {"verbs: 'get' non_resource_urls: '/healthz'", path("get", "/healthz/x"),
       false},
      {"verbs: 'get' non_resource_urls: '/apis/*'", path("get", "/apis/apps"),
       true},
      {"verbs: 'get' non_resource_urls: '/apis/*'", path("get", "/apis"),
       false},
      {"verbs: 'get' non_resource_urls: '*'", path("get", "/x"), true},
      {"verbs: 'get' non_resource_urls: '*'", path("put", "/x"), false},
      {"verbs: '*' api_groups: '*' resources: '*'", path("get", "/x"), false},
      {"verbs: '*' non_resource_urls: '*'", wish("get", "pods"), false},
  };
  for (auto& one : table)
    EXPECT_EQ(
        rbac_policy{of_rule(one.rule)}.decide({"u", {}}, one.what).allowed,
        one.allowed)
        << one.rule << " | " << one.what.verb << " "
        << one.what.whole_resource() << one.what.path;
}

TEST(RbacPolicy, KnowsUsersGroupsAndServiceAccounts) {
  auto all = of_rule("verbs: 'get' api_groups: '' resources: 'pods'");
  all.cluster_role_bindings["b"] = read<ClusterRoleBinding>(
      "metadata { name: 'b' } role_ref { kind: 'ClusterRole' name: 'r' } "
      "subjects { kind: 'User' name: 'u' } "
      "subjects { kind: 'Group' name: 'g' } "
      "subjects { kind: 'ServiceAccount' name: 'a' namespace: 'n' }");
  rbac_policy policy{all};
  auto pods = wish("get", "pods");
  EXPECT_TRUE(policy.decide({"u", {}}, pods).allowed);
  EXPECT_TRUE(policy.decide({"x", {"g"}}, pods).allowed);
  EXPECT_TRUE(policy.decide({"system:serviceaccount:n:a", {}}, pods).allowed);
  EXPECT_FALSE(policy.decide({"g", {"u"}}, pods).allowed);
  EXPECT_FALSE(policy.decide({"system:serviceaccount:m:a", {}}, pods).allowed);
  EXPECT_EQ(policy.decide({"x", {"g"}}, pods).reason,
            "RBAC: allowed by ClusterRoleBinding \"b\" of ClusterRole \"r\" to "
            "Group \"g\"");
}

TEST(RbacPolicy, GivesRightsInTheNamespaceOfABindingOnly) {
  auto all = of_rule("verbs: 'get' api_groups: '' resources: 'pods'");
  all.cluster_role_bindings.clear();
  all.roles["default/local"] = read<Role>(
      "metadata { name: 'local' namespace: 'default' } rules { verbs: 'get' "
      "api_groups: '' resources: 'secrets' }");
  all.role_bindings["default/b"] = read<RoleBinding>(
      "metadata { name: 'b' namespace: 'default' } role_ref { kind: "
      "'ClusterRole' name: 'r' } subjects { kind: 'User' name: 'u' }");
  all.role_bindings["default/c"] = read<RoleBinding>(
      "metadata { name: 'c' namespace: 'default' } role_ref { kind: 'Role' "
      "name: 'local' } subjects { kind: 'ServiceAccount' name: 'a' }");
  rbac_policy policy{all};
  auto pods = wish("get", "pods");
  EXPECT_TRUE(policy.decide({"u", {}}, pods).allowed);
  pods.ns = "other";
  EXPECT_FALSE(policy.decide({"u", {}}, pods).allowed);
  pods.ns = "";
  EXPECT_FALSE(policy.decide({"u", {}}, pods).allowed);
  auto secrets = wish("get", "secrets");
  EXPECT_TRUE(
      policy.decide({"system:serviceaccount:default:a", {}}, secrets).allowed);
  EXPECT_FALSE(policy.decide({"u", {}}, secrets).allowed);
}

TEST(RbacPolicy, SaysWhichBoundRoleIsMissing) {
  auto all = of_rule("verbs: 'get' api_groups: '' resources: 'pods'");
  all.cluster_roles.clear();
  auto found = rbac_policy{all}.decide({"u", {}}, wish("get", "pods"));
  EXPECT_FALSE(found.allowed);
  EXPECT_EQ(found.reason, "RBAC: clusterrole.rbac.authorization.k8s.io \"r\" "
                          "not found");
}

TEST(Access, RefusesInTheWordsOfKubernetes) {
  caller who{"jane", {}};
  EXPECT_EQ(refusal_text(who, wish("get", "pods/log", "", "a"), {}),
            "pods \"a\" is forbidden: User \"jane\" cannot get resource "
            "\"pods/log\" in API group \"\" in the namespace \"default\"");
  auto roles = wish("list", "clusterroles", "rbac.authorization.k8s.io");
  roles.ns = "";
  EXPECT_EQ(refusal_text(who, roles, "why"),
            "clusterroles.rbac.authorization.k8s.io is forbidden: User "
            "\"jane\" cannot list resource \"clusterroles\" in API group "
            "\"rbac.authorization.k8s.io\" at the cluster scope: why");
  EXPECT_EQ(refusal_text(who, path("get", "/metrics"), {}),
            "forbidden: User \"jane\" cannot get path \"/metrics\"");
}

TEST(Access, AddsTheGroupsThatEverybodyIsIn) {
  caller account{"system:serviceaccount:kube-system:node-controller", {}};
  add_implied_groups(account);
  EXPECT_THAT(account.groups,
              testing::ElementsAre("system:serviceaccounts",
                                   "system:serviceaccounts:kube-system",
                                   "system:authenticated"));
  caller nobody{"system:anonymous", {"system:unauthenticated"}};
  add_implied_groups(nobody);
  EXPECT_THAT(nobody.groups, testing::ElementsAre("system:unauthenticated"));
}

TEST(Authorize, LetsMastersDoEverything) {
  rbac_policy nothing{rbac_objects{}};
  EXPECT_EQ(judge(nothing, {"a", {"system:masters"}}, wish("x", "y")).what,
            decision::allowed);
  EXPECT_EQ(judge(nothing, {"a", {"system:nodes"}}, wish("x", "y")).what,
            decision::refused);
}

TEST(Aggregation, SumsUpTheRolesThatItsSelectorsChoose) {
  rbac_objects::by_key all;
  auto add = [&](const std::string& name, const std::string& label,
                 const std::string& resource) {
    all[name] = read<ClusterRole>(
        "metadata { name: '" + name + "' labels { key: '" + label
        + "' value: 'true' } } rules { verbs: 'get' api_groups: '' resources: '"
        + resource + "' }");
  };
  add("b", "sum", "pods");
  add("a", "sum", "services");
  add("twice", "sum", "pods");
  add("other", "no", "secrets");
  auto sum = read<ClusterRole>(
      "metadata { name: 'sum' } aggregation_rule { cluster_role_selectors { "
      "match_labels { key: 'sum' value: 'true' } } } rules { verbs: 'x' }");
  all["sum"] = sum;
  auto now = aggregated(sum, all);
  ASSERT_TRUE(now);
  auto& rules = now.as<ClusterRole>().rules();
  ASSERT_EQ(rules.size(), 2);
  EXPECT_EQ(rules[0].resources(0), "services");
  EXPECT_EQ(rules[1].resources(0), "pods");
  EXPECT_FALSE(aggregated(now, all));
  EXPECT_FALSE(aggregated(all["a"], all));
}

} // namespace troupe::rules
