#include "runtime/rules/conditions.hpp"
#include "runtime/rules/namespace_plan.hpp"
#include "tests/support/cluster_objects.hpp"

#include <gtest/gtest.h>

#include <algorithm>

using namespace troupe;
using namespace troupe::rules;
using core::v1::Namespace;

namespace {

object space(bool deleting) {
  Namespace result;
  result.mutable_metadata()->set_name("team");
  result.mutable_spec()->add_finalizers("kubernetes");
  if (deleting)
    result.mutable_metadata()->mutable_deletion_timestamp()->set_seconds(1);
  return object::of(result);
}

namespace_plan plan(const object& what, const std::vector<object>& content,
                    const std::vector<std::string>& failures = {}) {
  return plan_namespace(what, content, failures, test::new_year());
}

std::string condition(const object& what, const char* type) {
  auto* found =
      find_condition(what.as<Namespace>().status().conditions(), type);
  return found ? found->status() + " " + found->message() : "";
}

} // namespace

TEST(NamespacePlan, LeavesAnActiveOneAlone) {
  auto todo = plan(space(false), {object::of(test::pod("a"))});
  EXPECT_TRUE(todo.removed.empty());
  EXPECT_FALSE(todo.status || todo.finalized);
}

TEST(NamespacePlan, DeletesPodsBeforeAllElse) {
  auto pod = object::of(test::pod("a"));
  auto service = object::of(test::service());
  auto todo = plan(space(true), {service, pod});
  ASSERT_EQ(todo.removed.size(), 1u);
  EXPECT_EQ(todo.removed[0].name(), "a");
  EXPECT_EQ(plan(space(true), {service}).removed.size(), 1u);
}

TEST(NamespacePlan, TellsWhatRemains) {
  auto pod = test::pod("a");
  pod.mutable_metadata()->add_finalizers("example.com/wait");
  pod.mutable_metadata()->mutable_deletion_timestamp()->set_seconds(1);
  auto todo = plan(space(true), {object::of(pod)}, {"pods a: no"});
  EXPECT_TRUE(todo.removed.empty());
  ASSERT_TRUE(todo.status);
  EXPECT_EQ(todo.status->as<Namespace>().status().phase(), "Terminating");
  EXPECT_EQ(condition(*todo.status, "NamespaceContentRemaining"),
            "True Some resources are remaining: pods. has 1 resource "
            "instances");
  EXPECT_EQ(condition(*todo.status, "NamespaceFinalizersRemaining"),
            "True Some content in the namespace has finalizers remaining: "
            "example.com/wait in 1 resource instances");
  EXPECT_EQ(condition(*todo.status, "NamespaceDeletionContentFailure"),
            "True Failed to delete all resource types, 1 remaining: pods a: "
            "no");
  EXPECT_EQ(condition(*todo.status, "NamespaceDeletionDiscoveryFailure"),
            "False All resources successfully discovered");
  EXPECT_FALSE(plan(*todo.status, {object::of(pod)}, {"pods a: no"}).status);
}

TEST(NamespacePlan, LetsItGoWhenNothingIsLeft) {
  auto todo = plan(space(true), {});
  ASSERT_TRUE(todo.finalized);
  EXPECT_EQ(todo.finalized->as<Namespace>().spec().finalizers_size(), 0);
  EXPECT_FALSE(plan(*todo.finalized, {}).finalized);
}

TEST(NamespacePlan, KnowsTheKindsThatLiveInNamespaces) {
  auto kinds = kinds_in_namespaces();
  auto has = [&](const kind_info& kind) {
    return std::find(kinds.begin(), kinds.end(), &kind) != kinds.end();
  };
  EXPECT_TRUE(has(kind_of<core::v1::Pod>()));
  EXPECT_TRUE(has(kind_of<core::v1::Event>()));
  EXPECT_FALSE(has(kind_of<core::v1::Node>()));
  EXPECT_FALSE(has(kind_of<Namespace>()));
}
