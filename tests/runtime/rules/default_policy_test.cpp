#include "messages/api/meta.pb.h"
#include "messages/api/rbac.pb.h"
#include "runtime/rules/authorize.hpp"
#include "runtime/rules/default_policy.hpp"
#include "runtime/rules/strategy.hpp"

#include <gtest/gtest.h>

#include <sstream>

namespace troupe::rules {

namespace {

using namespace rbac::v1;

rbac_objects default_objects() {
  rbac_objects all;
  for (auto& one : default_policy())
    EXPECT_TRUE(all.of(one.kind())->emplace(one.key(), one).second)
        << one.key() << " twice";
  return all;
}

/// "VERB RESOURCE[.GROUP][/SUBRESOURCE]" or "VERB /PATH".
access parse(const std::string& text) {
  access what;
  std::istringstream in{text};
  std::string word;
  in >> what.verb >> word;
  if (word[0] == '/') {
    what.path = word;
    return what;
  }
  auto slash = word.find('/');
  if (slash != std::string::npos)
    what.subresource = word.substr(slash + 1);
  word = word.substr(0, slash);
  auto dot = word.find('.');
  what.resource = word.substr(0, dot);
  if (dot != std::string::npos)
    what.group = word.substr(dot + 1);
  what.ns = "default";
  return what;
}

caller of(const std::string& user, std::vector<std::string> groups = {}) {
  caller who{user, std::move(groups)};
  add_implied_groups(who);
  return who;
}

} // namespace

TEST(DefaultPolicy, IsMadeOfValidObjectsWithTheirMarks) {
  auto all = default_policy();
  EXPECT_GT(all.size(), 120u);
  for (auto& one : all) {
    auto msg = one.clone();
    apply_defaults(*msg);
    prepare_for_create(*msg);
    for (auto& found : validate_create(*msg, {}))
      ADD_FAILURE() << one.key() << ": " << found.field << " " << found.detail;
    EXPECT_EQ(one.meta().labels().at("kubernetes.io/bootstrapping"),
              "rbac-defaults");
    EXPECT_EQ(one.meta().annotations().at(
                  "rbac.authorization.kubernetes.io/autoupdate"),
              "true");
  }
}

TEST(DefaultPolicy, BindsOnlyRolesThatItHas) {
  auto all = default_objects();
  rbac_policy policy{all};
  for (auto& [key, one] : all.cluster_role_bindings)
    EXPECT_NE(policy.rules_of(one.as<ClusterRoleBinding>().role_ref(), {}),
              nullptr)
        << key;
  for (auto& [key, one] : all.role_bindings)
    EXPECT_NE(policy.rules_of(one.as<RoleBinding>().role_ref(), one.ns()),
              nullptr)
        << key;
}

TEST(DefaultPolicy, HasAggregatedRolesWithTheirRules) {
  auto all = default_objects();
  auto size = [&](const char* name) {
    return all.cluster_roles.at(name).as<ClusterRole>().rules_size();
  };
  EXPECT_GT(size("view"), 5);
  EXPECT_GT(size("edit"), size("view"));
  EXPECT_GT(size("admin"), size("edit"));
}

TEST(DefaultPolicy, GivesEverybodyWhatKubernetesDoes) {
  rbac_policy policy{default_objects()};
  struct row {
    caller who;
    const char* what;
    bool allowed;
  };
  auto controller = [](const char* name) { return of(controller_user(name)); };
  auto jane = of("jane");
  auto nobody = of("system:anonymous", {"system:unauthenticated"});
  auto scheduler = of("system:kube-scheduler");
  auto admin = of("root", {"system:masters"});
  const row table[] = {
      {admin, "delete nodes", true},
      {admin, "get /metrics", true},
      {jane, "get /version", true},
      {jane, "get /apis/apps", true},
      {jane, "get /metrics", false},
      {jane, "get pods", false},
      {jane, "create selfsubjectaccessreviews.authorization.k8s.io", true},
      {jane, "create subjectaccessreviews.authorization.k8s.io", false},
      {nobody, "get /healthz", true},
      {nobody, "get /version", true},
      {nobody, "get /api", false},
      {nobody, "create selfsubjectaccessreviews.authorization.k8s.io", false},
      {scheduler, "create pods/binding", true},
      {scheduler, "delete pods", true},
      {scheduler, "create pods", false},
      {scheduler, "get secrets", false},
      {of("system:kube-proxy"), "watch services", true},
      {of("system:kube-proxy"), "watch endpointslices.discovery.k8s.io", true},
      {of("system:kube-proxy"), "watch pods", false},
      {of("system:node:n", {"system:nodes"}), "watch services", true},
      {of("system:kube-controller-manager"), "watch secrets", true},
      {controller("replicaset-controller"), "create pods", true},
      {controller("replicaset-controller"), "get secrets", false},
      {controller("replicaset-controller"), "update deployments.apps", false},
      {controller("namespace-controller"), "delete secrets", true},
      {controller("namespace-controller"), "create secrets", false},
      {controller("generic-garbage-collector"), "delete pods", true},
      {controller("clusterrole-aggregation-controller"),
       "escalate clusterroles.rbac.authorization.k8s.io", true},
      {of("system:my-own-controller"), "get pods", false},
      {of(account_user("default", "replicaset-controller")), "create pods",
       false},
  };
  for (auto& one : table)
    EXPECT_EQ(policy.decide(one.who, parse(one.what)).allowed, one.allowed)
        << one.who.user << ": " << one.what;
}

TEST(DefaultPolicy, GivesUsersRolesWithoutTheRightToRiseThemselves) {
  auto all = default_objects();
  struct row {
    const char* role;
    const char* what;
    bool allowed;
  };
  const row table[] = {
      {"view", "get pods/log", true},
      {"view", "get secrets", false},
      {"view", "get pods/exec", false},
      {"view", "create pods", false},
      {"edit", "get secrets", true},
      {"edit", "create pods/exec", true},
      {"edit", "patch deployments.apps/scale", true},
      {"edit", "create rolebindings.rbac.authorization.k8s.io", false},
      {"edit", "update resourcequotas", false},
      {"admin", "create rolebindings.rbac.authorization.k8s.io", true},
      {"admin", "escalate roles.rbac.authorization.k8s.io", false},
      {"admin", "update nodes", false},
  };
  for (auto& one : table) {
    ClusterRoleBinding binding;
    binding.mutable_metadata()->set_name("test");
    binding.mutable_role_ref()->set_kind("ClusterRole");
    binding.mutable_role_ref()->set_name(one.role);
    binding.add_subjects()->set_kind("User");
    binding.mutable_subjects(0)->set_name("jane");
    all.cluster_role_bindings["test"] = object::of(binding);
    EXPECT_EQ(rbac_policy{all}.decide({"jane", {}}, parse(one.what)).allowed,
              one.allowed)
        << one.role << ": " << one.what;
  }
}

TEST(DefaultPolicy, AddsWhatAStoredDefaultLacksAndLeavesTheRest) {
  auto all = default_objects();
  auto wanted = all.cluster_roles.at("system:kube-dns");
  auto less = wanted.copy<ClusterRole>();
  less.mutable_rules()->DeleteSubrange(0, 1);
  auto& own = *less.add_rules();
  own.add_verbs("get");
  own.add_api_groups("");
  own.add_resources("nodes");
  auto todo = reconciled(object::of(less).with_revision(7), wanted);
  ASSERT_TRUE(todo);
  EXPECT_EQ(todo.revision(), 7u);
  EXPECT_EQ(todo.as<ClusterRole>().rules_size(), 3);
  EXPECT_FALSE(reconciled(todo, wanted));
  auto note = "rbac.authorization.kubernetes.io/autoupdate";
  (*less.mutable_metadata()->mutable_annotations())[note] = "false";
  EXPECT_FALSE(reconciled(object::of(less), wanted));
}

TEST(DefaultPolicy, AddsSubjectsAndMakesABindingOfAnotherRoleAnew) {
  auto all = default_objects();
  auto wanted = all.cluster_role_bindings.at("system:discovery");
  auto other = wanted.copy<ClusterRoleBinding>();
  other.clear_subjects();
  auto todo = reconciled(object::of(other).with_revision(3), wanted);
  ASSERT_TRUE(todo);
  EXPECT_EQ(todo.as<ClusterRoleBinding>().subjects_size(), 1);
  other.mutable_role_ref()->set_name("view");
  todo = reconciled(object::of(other).with_revision(3), wanted);
  ASSERT_TRUE(todo);
  EXPECT_EQ(todo.revision(), 0u);
  EXPECT_EQ(todo.as<ClusterRoleBinding>().role_ref().name(),
            "system:discovery");
}

} // namespace troupe::rules
