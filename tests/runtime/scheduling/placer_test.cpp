#include "runtime/scheduling/placer.hpp"
#include "tests/runtime/scheduling/makers.hpp"

#include <gtest/gtest.h>

#include <map>
#include <set>

namespace troupe::scheduling {

namespace {

struct PlacerTest : ::testing::Test {
  cluster state;
  placer place{state};

  void nodes(int n) {
    for (int i = 0; i < n; ++i)
      state.set_node(make_node_spec(a_node("n" + std::to_string(i))));
  }

  std::string put(const core::v1::Pod& pod, uint64_t chance = 0) {
    auto info = make_pod_info(pod);
    auto where = place.place(*info, chance).node;
    if (!where.empty())
      state.assume(info, where);
    return where;
  }
};

using Placer = PlacerTest;

TEST_F(Placer, SaysWhenThereIsNoNode) {
  auto result = place.place(*make_pod_info(a_pod("a")), 0);
  EXPECT_EQ(result.node, "");
  EXPECT_EQ(result.why.message(), "no nodes available to schedule pods");
}

TEST_F(Placer, CountsReasonsPerNode) {
  auto tainted = a_node("t1");
  add_taint(tainted, "key", "value", "NoSchedule");
  state.set_node(make_node_spec(tainted));
  tainted.mutable_metadata()->set_name("t2");
  state.set_node(make_node_spec(tainted));
  nodes(1);
  auto result = place.place(*make_pod_info(a_pod("a", "5")), 0);
  EXPECT_EQ(result.why.message(),
            "0/3 nodes are available: 1 Insufficient cpu, 2 node(s) had "
            "untolerated taint {key: value}.");
  EXPECT_EQ(result.why.kept_out_by,
            only(filter::resources) | only(filter::taints));
}

TEST_F(Placer, ANodeMayHaveSeveralReasons) {
  nodes(2);
  auto result = place.place(*make_pod_info(a_pod("a", "5", "9Gi")), 0);
  EXPECT_EQ(result.why.message(), "0/2 nodes are available: 2 Insufficient "
                                  "cpu, 2 Insufficient memory.");
}

TEST_F(Placer, SpreadsPodsOfOneOwnerOverNodes) {
  nodes(3);
  std::map<std::string, int> count;
  for (int i = 0; i < 9; ++i)
    ++count[put(owned(a_pod("p" + std::to_string(i)), "u"))];
  for (const auto& [node, n] : count)
    EXPECT_EQ(n, 3) << node;
}

TEST_F(Placer, PrefersTheEmptierNode) {
  nodes(2);
  state.place(make_pod_info(on(a_pod("x", "2", "1Gi"), "n0")));
  EXPECT_EQ(put(a_pod("a", "1", "2Gi")), "n1");
}

TEST_F(Placer, PodsWithoutRequestsFillNodesEvenly) {
  nodes(2);
  std::map<std::string, int> count;
  for (int i = 0; i < 10; ++i)
    ++count[put(a_pod("p" + std::to_string(i)))];
  EXPECT_EQ(count["n0"], 5);
  EXPECT_EQ(count["n1"], 5);
}

TEST_F(Placer, KeepsCpuAndMemoryInBalance) {
  nodes(2);
  // Both are equally full in the mean: one of CPU, the other of memory.
  state.place(make_pod_info(on(a_pod("x", "2", "0"), "n0")));
  state.place(make_pod_info(on(a_pod("y", "0", "4Gi"), "n1")));
  EXPECT_EQ(put(a_pod("a", "1", "0")), "n1");
  EXPECT_EQ(put(a_pod("b", "0", "2Gi")), "n0");
}

TEST_F(Placer, AvoidsTaintsThatAreOnlyPreferences) {
  nodes(1);
  auto tainted = a_node("t");
  add_taint(tainted, "k", "", "PreferNoSchedule");
  state.set_node(make_node_spec(tainted));
  for (uint64_t chance = 0; chance < 3; ++chance)
    EXPECT_EQ(put(a_pod("a" + std::to_string(chance), "1m", "1Mi"), chance),
              "n0");
}

TEST_F(Placer, FollowsPreferredAffinity) {
  nodes(3);
  auto pod = a_pod("a");
  auto wish = pod.mutable_spec()
                  ->mutable_affinity()
                  ->mutable_node_affinity()
                  ->add_preferred_during_scheduling_ignored_during_execution();
  wish->set_weight(1);
  *wish->mutable_preference() = a_term("kubernetes.io/hostname", "In", {"n1"});
  EXPECT_EQ(put(pod), "n1");
}

TEST_F(Placer, PrefersNodesThatHaveALargeImage) {
  nodes(1);
  auto node = a_node("m");
  auto image = node.mutable_status()->add_images();
  image->add_names("web:latest");
  image->set_size_bytes(2000000000);
  state.set_node(make_node_spec(node));
  EXPECT_EQ(put(a_pod("a"), 0), "m");
}

TEST_F(Placer, ChanceDecidesBetweenEqualNodes) {
  nodes(4);
  std::set<std::string> seen;
  auto pod = make_pod_info(a_pod("a"));
  for (uint64_t chance = 0; chance < 4; ++chance)
    seen.insert(place.place(*pod, chance).node);
  EXPECT_EQ(seen.size(), 4u);
}

TEST_F(Placer, LooksAtAShareOfManyNodesAndGoesOnFromThere) {
  nodes(1000);
  auto pod = make_pod_info(a_pod("a"));
  std::set<std::string> seen;
  for (int i = 0; i < 3; ++i) {
    auto result = place.place(*pod, 0);
    EXPECT_EQ(result.feasible, 420u);
    EXPECT_EQ(result.looked_at, 420u);
    seen.insert(result.node);
  }
  EXPECT_EQ(seen.size(), 3u);
}

TEST_F(Placer, ShareOfNodesIsThatOfKubernetes) {
  EXPECT_EQ(enough_nodes(0), 0u);
  EXPECT_EQ(enough_nodes(99), 99u);
  EXPECT_EQ(enough_nodes(100), 100u);
  EXPECT_EQ(enough_nodes(200), 100u);
  EXPECT_EQ(enough_nodes(1000), 420u);
  EXPECT_EQ(enough_nodes(5000), 500u);
  EXPECT_EQ(enough_nodes(6000), 300u);
  EXPECT_EQ(enough_nodes(15000), 750u);
}

TEST_F(Placer, PodsThatNameTheirNodeLookAtNoOther) {
  nodes(500);
  auto pod = a_pod("a");
  auto line = required(pod).add_node_selector_terms()->add_match_fields();
  line->set_key("metadata.name");
  line->set_operator_("In");
  line->add_values("n321");
  auto result = place.place(*make_pod_info(pod), 0);
  EXPECT_EQ(result.node, "n321");
  EXPECT_EQ(result.looked_at, 1u);
}

TEST_F(Placer, FindsTheOneNodeThatFitsAmongMany) {
  nodes(500);
  for (int i = 0; i < 500; ++i)
    if (i != 77)
      state.place(make_pod_info(
          on(a_pod("x" + std::to_string(i), "3"), "n" + std::to_string(i))));
  EXPECT_EQ(put(a_pod("a", "2")), "n77");
  EXPECT_EQ(put(a_pod("b", "3")), "");
}

TEST_F(Placer, SpreadsOverZones) {
  for (int i = 0; i < 4; ++i) {
    auto node = a_node("n" + std::to_string(i));
    (*node.mutable_metadata()
          ->mutable_labels())["topology.kubernetes.io/zone"] =
        i < 3 ? "a" : "b";
    state.set_node(make_node_spec(node));
  }
  std::map<std::string, int> count;
  for (int i = 0; i < 2; ++i) {
    auto where = put(owned(a_pod("p" + std::to_string(i)), "u"));
    ++count[state.find(where)->spec.zone];
  }
  EXPECT_EQ(count["a"], 1);
  EXPECT_EQ(count["b"], 1);
}

} // namespace

} // namespace troupe::scheduling
