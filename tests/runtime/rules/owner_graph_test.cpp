#include "messages/api/rbac.pb.h"
#include "runtime/rules/owner_graph.hpp"
#include "runtime/rules/ownership.hpp"
#include "tests/support/cluster_objects.hpp"

#include <gtest/gtest.h>

using namespace troupe;
using namespace troupe::rules;

namespace {

object owner(const std::string& uid = "uid-web", bool deleting = false,
             const std::string& finalizer = "") {
  auto set = test::replica_set();
  set.mutable_metadata()->set_uid(uid);
  if (deleting)
    set.mutable_metadata()->mutable_deletion_timestamp()->set_seconds(1);
  if (!finalizer.empty())
    set.mutable_metadata()->add_finalizers(finalizer);
  return object::of(set);
}

core::v1::Pod pod_of(const std::vector<object>& owners) {
  auto pod = test::pod("a");
  for (const auto& each : owners)
    *pod.mutable_metadata()->add_owner_references() =
        controller_reference(each);
  return pod;
}

gc_verdict judge(const owner_graph& graph, const std::string& uid) {
  return graph.judge(uid);
}

using strings = std::vector<std::string>;

} // namespace

TEST(OwnerGraph, LeavesADependentOfALivingOwnerAlone) {
  owner_graph graph;
  graph.put(owner());
  graph.put(object::of(pod_of({owner()})));
  auto verdict = judge(graph, "uid-a");
  EXPECT_EQ(verdict.action, gc_verdict::nothing);
  EXPECT_EQ(verdict.reason, "has an owner that stays");
}

TEST(OwnerGraph, DeletesDependentsInTheBackgroundOnceTheOwnerIsGone) {
  owner_graph graph;
  graph.put(owner());
  graph.put(object::of(pod_of({owner()})));
  graph.take_dirty();
  graph.gone(owner());
  EXPECT_EQ(graph.take_dirty(), strings{"uid-a"});
  auto verdict = judge(graph, "uid-a");
  EXPECT_EQ(verdict.action, gc_verdict::remove);
  EXPECT_EQ(verdict.propagation, "Background");
  EXPECT_EQ(verdict.target.name, "a");
  EXPECT_EQ(verdict.reason, "deletes it: ReplicaSet web is gone");
}

TEST(OwnerGraph, LooksForAnOwnerItNeverSawBeforeItDeletes) {
  owner_graph graph;
  graph.put(object::of(pod_of({owner()})));
  auto verdict = judge(graph, "uid-a");
  ASSERT_EQ(verdict.action, gc_verdict::verify);
  ASSERT_EQ(verdict.owners.size(), 1u);
  EXPECT_EQ(verdict.owners[0].uid, "uid-web");
  EXPECT_EQ(verdict.owners[0].ns, "default");
  graph.verified("uid-web", true);
  EXPECT_EQ(judge(graph, "uid-a").action, gc_verdict::nothing);
  owner_graph other;
  other.put(object::of(pod_of({owner()})));
  other.verified("uid-web", false);
  EXPECT_EQ(judge(other, "uid-a").action, gc_verdict::remove);
}

TEST(OwnerGraph, DropsTheOwnersThatAreGoneAndKeepsTheRest) {
  owner_graph graph;
  auto stays = owner("uid-1");
  auto goes = owner("uid-2");
  graph.put(stays);
  graph.put(goes);
  graph.put(object::of(pod_of({stays, goes})));
  graph.gone(goes);
  auto verdict = judge(graph, "uid-a");
  ASSERT_EQ(verdict.action, gc_verdict::remove_owner);
  ASSERT_EQ(verdict.owners.size(), 1u);
  EXPECT_EQ(verdict.owners[0].uid, "uid-2");
}

TEST(OwnerGraph, ForegroundDeletesDependentsFirstThenTheOwner) {
  owner_graph graph;
  graph.put(owner());
  graph.put(object::of(pod_of({owner()})));
  graph.take_dirty();
  graph.put(owner("uid-web", true, foreground_finalizer));
  EXPECT_EQ(graph.take_dirty(), (strings{"uid-a", "uid-web"}));
  EXPECT_EQ(judge(graph, "uid-web").action, gc_verdict::nothing);
  EXPECT_EQ(judge(graph, "uid-a").action, gc_verdict::remove);
  graph.gone(object::of(pod_of({owner()})));
  EXPECT_EQ(graph.take_dirty(), strings{"uid-web"});
  auto verdict = judge(graph, "uid-web");
  EXPECT_EQ(verdict.action, gc_verdict::finalize);
  EXPECT_EQ(verdict.finalizer, foreground_finalizer);
}

TEST(OwnerGraph, DependentsThatDoNotBlockDoNotHoldTheOwner) {
  owner_graph graph;
  auto pod = pod_of({owner()});
  pod.mutable_metadata()->mutable_owner_references(0)->set_block_owner_deletion(
      false);
  graph.put(object::of(pod));
  graph.put(owner("uid-web", true, foreground_finalizer));
  EXPECT_EQ(judge(graph, "uid-web").action, gc_verdict::finalize);
}

TEST(OwnerGraph, ForegroundReachesDownTheTree) {
  owner_graph graph;
  auto top = test::deployment();
  top.mutable_metadata()->set_uid("uid-top");
  auto middle = test::replica_set();
  test::own(*middle.mutable_metadata(), object::of(top));
  graph.put(object::of(middle));
  graph.put(object::of(pod_of({object::of(middle)})));
  top.mutable_metadata()->mutable_deletion_timestamp()->set_seconds(1);
  top.mutable_metadata()->add_finalizers(foreground_finalizer);
  graph.put(object::of(top));
  auto verdict = judge(graph, "uid-web");
  EXPECT_EQ(verdict.action, gc_verdict::remove);
  EXPECT_EQ(verdict.propagation, "Foreground");
}

TEST(OwnerGraph, OrphanReleasesDependentsThenLetsTheOwnerGo) {
  owner_graph graph;
  graph.put(object::of(pod_of({owner()})));
  graph.put(owner("uid-web", true, orphan_finalizer));
  auto verdict = judge(graph, "uid-web");
  ASSERT_EQ(verdict.action, gc_verdict::release);
  ASSERT_EQ(verdict.dependents.size(), 1u);
  EXPECT_EQ(verdict.dependents[0].name, "a");
  EXPECT_EQ(judge(graph, "uid-a").action, gc_verdict::nothing);
  graph.take_dirty();
  graph.put(object::of(test::pod("a")));
  EXPECT_EQ(graph.take_dirty(), (strings{"uid-a", "uid-web"}));
  EXPECT_EQ(judge(graph, "uid-web").finalizer, orphan_finalizer);
}

TEST(OwnerGraph, WhatIsGoingAlreadyIsLeftAlone) {
  owner_graph graph;
  auto pod = pod_of({owner()});
  pod.mutable_metadata()->mutable_deletion_timestamp()->set_seconds(1);
  graph.put(object::of(pod));
  graph.verified("uid-web", false);
  EXPECT_EQ(judge(graph, "uid-a").action, gc_verdict::nothing);
}

TEST(OwnerGraph, AnOwnerInAnotherNamespaceIsNone) {
  owner_graph graph;
  auto set = test::replica_set();
  set.mutable_metadata()->set_namespace_("elsewhere");
  graph.put(object::of(set));
  graph.put(object::of(pod_of({owner()})));
  EXPECT_EQ(judge(graph, "uid-a").action, gc_verdict::remove);
}

TEST(OwnerGraph, AClusterWideObjectOfANamespacedOwnerIsNeverDeleted) {
  owner_graph graph;
  rbac::v1::ClusterRole role;
  role.mutable_metadata()->set_name("r");
  role.mutable_metadata()->set_uid("uid-r");
  test::own(*role.mutable_metadata(), owner());
  graph.put(object::of(role));
  EXPECT_EQ(judge(graph, "uid-r").action, gc_verdict::nothing);
}

TEST(OwnerGraph, ANamespacedObjectMayHaveAClusterWideOwner) {
  owner_graph graph;
  auto node = object::of(test::node("n"));
  graph.put(node);
  graph.put(object::of(pod_of({node})));
  EXPECT_EQ(judge(graph, "uid-a").action, gc_verdict::nothing);
  graph.gone(node);
  EXPECT_EQ(judge(graph, "uid-a").action, gc_verdict::remove);
}

TEST(OwnerGraph, AKindItDoesNotKnowIsNoReasonToDelete) {
  owner_graph graph;
  auto pod = pod_of({owner()});
  pod.mutable_metadata()->mutable_owner_references(0)->set_kind("Stranger");
  graph.put(object::of(pod));
  EXPECT_EQ(judge(graph, "uid-a").action, gc_verdict::nothing);
}

TEST(OwnerGraph, KeepsNothingOfWhatIsGone) {
  owner_graph graph;
  graph.put(owner());
  graph.put(object::of(pod_of({owner()})));
  graph.gone(owner());
  graph.gone(object::of(pod_of({owner()})));
  EXPECT_EQ(graph.size(), 0u);
}

TEST(OwnerGraph, ToldAnewOnlyWhatIsNotToldAgainIsGone) {
  owner_graph graph;
  graph.put(owner());
  graph.put(object::of(pod_of({owner()})));
  graph.begin(kind_of<apps::v1::ReplicaSet>());
  graph.put(owner());
  graph.complete(kind_of<apps::v1::ReplicaSet>());
  EXPECT_EQ(judge(graph, "uid-a").action, gc_verdict::nothing);
  graph.begin(kind_of<apps::v1::ReplicaSet>());
  EXPECT_EQ(judge(graph, "uid-a").action, gc_verdict::nothing);
  graph.complete(kind_of<apps::v1::ReplicaSet>());
  EXPECT_EQ(judge(graph, "uid-a").action, gc_verdict::remove);
}
