#include "runtime/scheduling/cluster.hpp"
#include "tests/runtime/scheduling/makers.hpp"

#include <gtest/gtest.h>

namespace troupe::scheduling {

namespace {

using change = cluster::node_change;

void add(cluster& state, const std::string& name,
         const std::string& zone = "") {
  auto node = a_node(name);
  if (!zone.empty())
    (*node.mutable_metadata()
          ->mutable_labels())["topology.kubernetes.io/zone"] = zone;
  state.set_node(make_node_spec(node));
}

TEST(Cluster, TellsWhetherANodeChangedAsFarAsSchedulingCares) {
  cluster state;
  auto node = a_node("n");
  EXPECT_EQ(state.set_node(make_node_spec(node)), change::added);
  node.mutable_status()->add_conditions()->set_type("Ready");
  EXPECT_EQ(state.set_node(make_node_spec(node)), change::none);
  node.mutable_spec()->set_unschedulable(true);
  EXPECT_EQ(state.set_node(make_node_spec(node)), change::changed);
}

TEST(Cluster, CountsAPodOnceHoweverOftenItIsTold) {
  cluster state;
  add(state, "n");
  auto pod = make_pod_info(on(a_pod("a", "1"), "n"));
  state.assume(make_pod_info(a_pod("a", "1")), "n");
  EXPECT_TRUE(state.assumed("default/a"));
  state.place(pod);
  state.place(pod);
  EXPECT_FALSE(state.assumed("default/a"));
  EXPECT_EQ(state.find("n")->requested.milli_cpu, 1000);
  EXPECT_EQ(state.find("n")->pod_count, 1);
  EXPECT_EQ(state.remove_pod("default/a"), "n");
  EXPECT_EQ(state.find("n")->requested.milli_cpu, 0);
  EXPECT_EQ(state.remove_pod("default/a"), "");
}

TEST(Cluster, ForgetsOnlyWhatIsAssumed) {
  cluster state;
  add(state, "n");
  state.assume(make_pod_info(a_pod("a", "1")), "n");
  EXPECT_TRUE(state.forget("default/a"));
  EXPECT_FALSE(state.forget("default/a"));
  state.place(make_pod_info(on(a_pod("a", "1"), "n")));
  EXPECT_FALSE(state.forget("default/a"));
  EXPECT_EQ(state.find("n")->pod_count, 1);
}

TEST(Cluster, AFinishedPodTakesNothing) {
  cluster state;
  add(state, "n");
  auto pod = on(a_pod("a", "1"), "n");
  state.place(make_pod_info(pod));
  pod.mutable_status()->set_phase("Succeeded");
  state.place(make_pod_info(pod));
  EXPECT_EQ(state.find("n")->pod_count, 0);
}

TEST(Cluster, PodsOfANodeThatReturnsAreStillThere) {
  cluster state;
  state.place(make_pod_info(on(a_pod("a", "1"), "n")));
  EXPECT_EQ(state.find("n"), nullptr);
  EXPECT_TRUE(state.order().empty());
  add(state, "n");
  EXPECT_EQ(state.find("n")->requested.milli_cpu, 1000);
  state.remove_node("n");
  EXPECT_EQ(state.node_count(), 0u);
  add(state, "n");
  EXPECT_EQ(state.find("n")->requested.milli_cpu, 1000);
}

TEST(Cluster, SlotsAreUsedAgain) {
  cluster state;
  add(state, "a");
  auto slot = state.slot_of("a");
  state.remove_node("a");
  EXPECT_EQ(state.slot_of("a"), -1);
  add(state, "b");
  EXPECT_EQ(state.slot_of("b"), slot);
}

TEST(Cluster, MovesAPodBetweenNodes) {
  cluster state;
  add(state, "a");
  add(state, "b");
  state.assume(make_pod_info(a_pod("p", "1")), "a");
  state.place(make_pod_info(on(a_pod("p", "1"), "b")));
  EXPECT_EQ(state.find("a")->pod_count, 0);
  EXPECT_EQ(state.find("b")->pod_count, 1);
}

TEST(Cluster, ZonesTakeTurns) {
  cluster state;
  add(state, "a1", "a");
  add(state, "a2", "a");
  add(state, "a3", "a");
  add(state, "b1", "b");
  std::vector<std::string> names;
  for (auto slot : state.order())
    names.push_back(state.at(slot).spec.name);
  EXPECT_EQ(names, (std::vector<std::string>{"a1", "b1", "a2", "a3"}));
}

TEST(Spread, CountsPodsOfOneOwnerByNodeAndZone) {
  cluster state;
  add(state, "n", "a");
  add(state, "m", "a");
  state.place(make_pod_info(on(owned(a_pod("x"), "u"), "n")));
  state.place(make_pod_info(on(owned(a_pod("y"), "u"), "m")));
  state.place(make_pod_info(on(owned(a_pod("z"), "v"), "m")));
  auto pod = make_pod_info(owned(a_pod("new"), "u"));
  auto group = state.spread().group_of(*pod);
  ASSERT_NE(group, nullptr);
  auto slot = static_cast<uint32_t>(state.slot_of("m"));
  EXPECT_EQ(group->on_node(slot), 1u);
  EXPECT_EQ(group->in_zone(state.at(slot).zone), 2u);
  add(state, "m", "b");
  EXPECT_EQ(group->in_zone(state.at(slot).zone), 1u);
  state.remove_pod("default/x");
  state.remove_pod("default/y");
  EXPECT_EQ(state.spread().group_of(*pod), nullptr);
}

TEST(Spread, CountsPodsThatTheSameServicesSelect) {
  cluster state;
  add(state, "n");
  auto labelled = [](const std::string& name, const std::string& app) {
    auto pod = a_pod(name);
    (*pod.mutable_metadata()->mutable_labels())["app"] = app;
    return pod;
  };
  state.place(make_pod_info(on(labelled("x", "web"), "n")));
  state.place(make_pod_info(on(owned(labelled("y", "web"), "u"), "n")));
  state.place(make_pod_info(on(labelled("z", "db"), "n")));
  auto pod = make_pod_info(labelled("new", "web"));
  auto slot = static_cast<uint32_t>(state.slot_of("n"));
  auto& spread = state.spread();
  EXPECT_EQ(spread.group_of(*pod), nullptr);
  spread.set_service("default", "web", {{"app", "web"}});
  spread.set_service("other", "web", {{"app", "web"}});
  ASSERT_NE(spread.group_of(*pod), nullptr);
  EXPECT_EQ(spread.group_of(*pod)->on_node(slot), 2u);
  state.place(make_pod_info(on(labelled("w", "web"), "n")));
  EXPECT_EQ(spread.group_of(*pod)->on_node(slot), 3u);
  spread.remove_service("default", "web");
  EXPECT_EQ(spread.group_of(*pod), nullptr);
}

TEST(Spread, TerminatingPodsDoNotCount) {
  cluster state;
  add(state, "n");
  auto pod = on(owned(a_pod("x"), "u"), "n");
  state.place(make_pod_info(pod));
  pod.mutable_metadata()->mutable_deletion_timestamp()->set_seconds(1);
  state.place(make_pod_info(pod));
  EXPECT_EQ(state.spread().group_of(*make_pod_info(pod)), nullptr);
  EXPECT_EQ(state.find("n")->pod_count, 1);
}

} // namespace

} // namespace troupe::scheduling
