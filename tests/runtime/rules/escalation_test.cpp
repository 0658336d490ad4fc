#include "messages/api/meta.pb.h"
#include "messages/api/rbac.pb.h"
#include "runtime/rules/escalation.hpp"

#include <gmock/gmock.h>
#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

namespace troupe::rules {

namespace {

using namespace rbac::v1;
using testing::HasSubstr;

template <class T>
object read(const std::string& text) {
  T msg;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &msg));
  return object::of(msg);
}

object role(const std::string& rules) {
  return read<Role>("metadata { name: 'r' namespace: 'default' } rules { "
                    + rules + " }");
}

object binding(const std::string& kind, const std::string& name) {
  return read<RoleBinding>("metadata { name: 'b' namespace: 'default' } "
                           "role_ref { kind: '"
                           + kind + "' name: '" + name
                           + "' } subjects { kind: 'User' name: 'x' }");
}

/// jane may read pods and all of apps, and has what `extra` says.
rbac_policy policy_of(const std::string& extra = {}) {
  rbac_objects all;
  auto more = extra.empty() ? std::string{} : " rules { " + extra + " }";
  all.cluster_roles["jane"] = read<ClusterRole>(
      "metadata { name: 'jane' } rules { verbs: 'get' verbs: 'list' "
      "api_groups: '' resources: 'pods' } rules { verbs: '*' api_groups: "
      "'apps' resources: '*' } rules { verbs: 'get' non_resource_urls: "
      "'/metrics' }"
      + more);
  all.cluster_roles["strong"] = read<ClusterRole>(
      "metadata { name: 'strong' } rules { verbs: 'get' api_groups: '' "
      "resources: 'secrets' }");
  all.cluster_roles["weak"] = read<ClusterRole>(
      "metadata { name: 'weak' } rules { verbs: 'get' api_groups: '' "
      "resources: 'pods' resource_names: 'a' }");
  all.cluster_role_bindings["jane"] = read<ClusterRoleBinding>(
      "metadata { name: 'jane' } role_ref { kind: 'ClusterRole' name: 'jane' } "
      "subjects { kind: 'User' name: 'jane' }");
  return rbac_policy{all};
}

const caller jane{"jane", {"system:authenticated"}};

std::string refusal(const object& now, const std::string& extra = {},
                    const object& old = {}) {
  auto err = check_escalation(policy_of(extra), jane, now, old);
  return err ? message_of(err) : std::string{};
}

} // namespace

TEST(Escalation, RefusesRulesThatOneDoesNotHave) {
  EXPECT_EQ(refusal(role("verbs: 'get' api_groups: '' resources: 'pods'")), "");
  EXPECT_EQ(refusal(role("verbs: 'get' verbs: 'patch' api_groups: 'apps' "
                         "resources: 'deployments' resources: 'x/scale'")),
            "");
  EXPECT_EQ(refusal(role("verbs: 'get' verbs: 'delete' api_groups: '' "
                         "resources: 'pods' resources: 'secrets'")),
            "roles.rbac.authorization.k8s.io \"r\" is forbidden: user \"jane\" "
            "(groups=[\"system:authenticated\"]) is attempting to grant RBAC "
            "permissions not currently held:\n"
            "{APIGroups:[\"\"], Resources:[\"pods\"], Verbs:[\"delete\"]}\n"
            "{APIGroups:[\"\"], Resources:[\"secrets\"], Verbs:[\"delete\" "
            "\"get\"]}");
  EXPECT_NE(refusal(role("verbs: '*' api_groups: '' resources: 'pods'")), "");
  EXPECT_NE(refusal(role("verbs: 'get' api_groups: '*' resources: 'pods'")),
            "");
}

TEST(Escalation, LetsMastersAndWhoMayEscalateDoIt) {
  auto strong = role("verbs: 'get' api_groups: '' resources: 'secrets'");
  EXPECT_FALSE(check_escalation(policy_of(), {"a", {"system:masters"}}, strong,
                                object{}));
  EXPECT_EQ(refusal(strong, "verbs: 'escalate' api_groups: "
                            "'rbac.authorization.k8s.io' resources: 'roles'"),
            "");
}

TEST(Escalation, LetsARoleBeChangedWhoseRulesStay) {
  auto strong = role("verbs: 'get' api_groups: '' resources: 'secrets'");
  auto labelled = strong.copy<Role>();
  (*labelled.mutable_metadata()->mutable_labels())["a"] = "b";
  EXPECT_EQ(refusal(object::of(labelled), {}, strong), "");
}

TEST(Escalation, RefusesBindingsOfRolesThatOneDoesNotHave) {
  EXPECT_EQ(refusal(binding("ClusterRole", "weak")), "");
  EXPECT_THAT(refusal(binding("ClusterRole", "strong")),
              HasSubstr("rolebindings.rbac.authorization.k8s.io \"b\" is "
                        "forbidden: user \"jane\""));
  EXPECT_THAT(refusal(binding("ClusterRole", "none")),
              HasSubstr("clusterroles.rbac.authorization.k8s.io \"none\" not "
                        "found"));
  auto bind = "verbs: 'bind' api_groups: 'rbac.authorization.k8s.io' "
              "resources: 'clusterroles' resource_names: 'strong'";
  EXPECT_EQ(refusal(binding("ClusterRole", "strong"), bind), "");
  EXPECT_NE(refusal(binding("Role", "strong"), bind), "");
}

TEST(Escalation, LeavesSumsOfRolesToAdministrators) {
  auto sum = read<ClusterRole>(
      "metadata { name: 's' } aggregation_rule { cluster_role_selectors { "
      "match_labels { key: 'a' value: 'b' } } }");
  EXPECT_THAT(refusal(sum), HasSubstr("must have cluster-admin privileges"));
  EXPECT_EQ(refusal(sum, "verbs: '*' api_groups: '*' resources: '*' } rules { "
                         "verbs: '*' non_resource_urls: '*'"),
            "");
}

} // namespace troupe::rules
