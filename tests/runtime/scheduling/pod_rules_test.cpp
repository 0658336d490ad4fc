#include "runtime/scheduling/placer.hpp"
#include "tests/runtime/scheduling/makers.hpp"

#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include <map>
#include <set>

namespace troupe::scheduling {

namespace {

constexpr auto zone = "topology.kubernetes.io/zone";
constexpr auto host = "kubernetes.io/hostname";

/// Nodes a1, a2 in zone a; b1, b2 in zone b; c1 without a zone.
struct PodRules : ::testing::Test {
  cluster state;
  placer place{state};
  decision last;
  int made = 0;

  PodRules() {
    for (auto name : {"a1", "a2", "b1", "b2", "c1"}) {
      auto node = a_node(name);
      auto& labels = *node.mutable_metadata()->mutable_labels();
      labels[host] = name;
      if (name[0] != 'c')
        labels[zone] = std::string(1, name[0]);
      state.set_node(make_node_spec(node));
    }
  }

  static core::v1::Pod pod(const std::string& name, const std::string& app,
                           const std::string& spec = {},
                           const std::string& ns = "default") {
    auto result = a_pod(name);
    result.mutable_metadata()->set_namespace_(ns);
    (*result.mutable_metadata()->mutable_labels())["app"] = app;
    EXPECT_TRUE(google::protobuf::TextFormat::MergeFromString(
        spec, result.mutable_spec()))
        << spec;
    return result;
  }

  /// Puts a pod where it already is.
  void at(const std::string& node, const std::string& app,
          const std::string& spec = {}, const std::string& ns = "default") {
    auto one = pod("placed-" + std::to_string(++made), app, spec, ns);
    one.mutable_spec()->set_node_name(node);
    state.place(make_pod_info(one));
  }

  /// Nodes that a pod may go to: "a1 b2".
  std::string feasible(const core::v1::Pod& what) {
    auto info = make_pod_info(what);
    std::string result;
    for (auto name : {"a1", "a2", "b1", "b2", "c1"}) {
      state.heed(*info);
      place_check others{*info, state};
      auto slot = static_cast<uint32_t>(state.slot_of(name));
      if (others.look_at(slot) == place_refusal::none)
        result += (result.empty() ? "" : " ") + std::string{name};
    }
    last = place.place(*info, 0);
    return result;
  }

  std::string best(const core::v1::Pod& what) {
    return place.place(*make_pod_info(what), 0).node;
  }
};

std::string term(const std::string& app, const std::string& place,
                 const std::string& more = {}) {
  return "{ topology_key: '" + place
         + "' label_selector { match_labels { key: 'app' value: '" + app
         + "' } } " + more + " }";
}

std::string with(const std::string& terms) {
  return "affinity { pod_affinity { " + terms + " } }";
}

std::string without(const std::string& terms) {
  return "affinity { pod_anti_affinity { " + terms + " } }";
}

std::string must(const std::string& t) {
  return "required_during_scheduling_ignored_during_execution " + t;
}

std::string rather(const std::string& t, int weight = 10) {
  return "preferred_during_scheduling_ignored_during_execution { weight: "
         + std::to_string(weight) + " pod_affinity_term " + t + " }";
}

std::string spread(const std::string& app, const std::string& place, int skew,
                   const std::string& more = {}) {
  return "topology_spread_constraints { max_skew: " + std::to_string(skew)
         + " topology_key: '" + place
         + "' label_selector { match_labels { key: 'app' value: '" + app
         + "' } } " + more + " }";
}

} // namespace

TEST_F(PodRules, WithoutRulesNothingIsCounted) {
  at("a1", "db");
  EXPECT_EQ(feasible(pod("x", "web")), "a1 a2 b1 b2 c1");
  EXPECT_FALSE(state.affinity().started());
}

TEST_F(PodRules, AffinityLeadsToThePlaceOfSuchPods) {
  at("a1", "db");
  EXPECT_EQ(feasible(pod("x", "web", with(must(term("db", zone))))), "a1 a2");
  EXPECT_EQ(feasible(pod("x", "web", with(must(term("db", host))))), "a1");
  EXPECT_EQ(feasible(pod("x", "web", with(must(term("no", zone))))), "");
  EXPECT_EQ(last.why.message(), "0/5 nodes are available: 5 node(s) didn't "
                                "match pod affinity rules.");
}

TEST_F(PodRules, OnePodMustMatchAllTermsOfAnAffinity) {
  at("a1", "db");
  at("b1", "cache");
  EXPECT_EQ(
      feasible(pod("x", "web",
                   with(must(term("db", zone)) + must(term("cache", zone))))),
      "");
  EXPECT_EQ(
      feasible(pod("x", "web",
                   with(must(term("db", zone)) + must(term("db", host))))),
      "a1");
}

TEST_F(PodRules, TheFirstOfItsKindGoesWhereThereArePlaces) {
  EXPECT_EQ(feasible(pod("x", "web", with(must(term("web", zone))))),
            "a1 a2 b1 b2");
  at("b1", "web");
  EXPECT_EQ(feasible(pod("x", "web", with(must(term("web", zone))))), "b1 b2");
}

TEST_F(PodRules, AntiAffinityKeepsAway) {
  at("a1", "web");
  EXPECT_EQ(feasible(pod("x", "web", without(must(term("web", host))))),
            "a2 b1 b2 c1");
  EXPECT_EQ(feasible(pod("x", "web", without(must(term("web", zone))))),
            "b1 b2 c1");
  for (auto node : {"a2", "b1", "b2", "c1"})
    at(node, "web");
  EXPECT_EQ(feasible(pod("x", "web", without(must(term("web", host))))), "");
  EXPECT_EQ(last.why.message(), "0/5 nodes are available: 5 node(s) didn't "
                                "match pod anti-affinity rules.");
  EXPECT_EQ(last.why.kept_out_by, only(filter::pod_affinity));
}

TEST_F(PodRules, ThoseOfPlacedPodsHoldToo) {
  at("a1", "lonely", without(must(term("web", zone))));
  EXPECT_EQ(feasible(pod("x", "web")), "b1 b2 c1");
  EXPECT_EQ(feasible(pod("x", "db")), "a1 a2 b1 b2 c1");
  for (auto node : {"a2", "b1", "b2", "c1"})
    at(node, "lonely", without(must(term("web", host))));
  EXPECT_EQ(feasible(pod("x", "web")), "");
  EXPECT_EQ(last.why.message(),
            "0/5 nodes are available: 5 node(s) didn't satisfy existing pods "
            "anti-affinity rules.");
}

TEST_F(PodRules, SpeakOfTheirOwnNamespaceUnlessTheySayOthers) {
  state.affinity().set_namespace("red", {{"color", "red"}});
  state.affinity().set_namespace("blue", {{"color", "blue"}});
  at("a1", "db", {}, "red");
  auto in = [&](const std::string& more) {
    return feasible(pod("x", "web", with(must(term("db", host, more)))));
  };
  EXPECT_EQ(in(""), "");
  EXPECT_EQ(in("namespaces: 'red'"), "a1");
  EXPECT_EQ(in("namespace_selector {}"), "a1");
  EXPECT_EQ(in("namespace_selector { match_labels { key: 'color' value: 'red' "
               "} }"),
            "a1");
  EXPECT_EQ(in("namespace_selector { match_labels { key: 'color' value: "
               "'blue' } }"),
            "");
  state.affinity().set_namespace("red", {{"color", "blue"}});
  EXPECT_EQ(in("namespace_selector { match_labels { key: 'color' value: "
               "'blue' } }"),
            "a1");
}

TEST_F(PodRules, LabelKeysNarrowThemToThePodsOwn) {
  auto old = pod("old", "web");
  (*old.mutable_metadata()->mutable_labels())["hash"] = "1";
  old.mutable_spec()->set_node_name("a1");
  state.place(make_pod_info(old));
  auto fresh = pod(
      "x", "web", without(must(term("web", host, "match_label_keys: 'hash'"))));
  (*fresh.mutable_metadata()->mutable_labels())["hash"] = "2";
  EXPECT_EQ(feasible(fresh), "a1 a2 b1 b2 c1");
  auto other =
      pod("x", "web",
          without(must(term("web", host, "mismatch_label_keys: 'hash'"))));
  (*other.mutable_metadata()->mutable_labels())["hash"] = "2";
  EXPECT_EQ(feasible(other), "a2 b1 b2 c1");
}

TEST_F(PodRules, WishesDecideBetweenNodes) {
  at("b1", "db");
  EXPECT_EQ(best(pod("x", "web", with(rather(term("db", host))))), "b1");
  std::set<std::string> others{"a1", "a2", "c1"};
  EXPECT_EQ(
      others.count(best(pod("x", "web", without(rather(term("db", zone)))))),
      1u);
}

TEST_F(PodRules, WishesOfPlacedPodsCountAsWell) {
  at("b2", "shy", with(rather(term("web", host), 50)));
  EXPECT_EQ(best(pod("x", "web")), "b2");
}

TEST_F(PodRules, SpreadKeepsPlacesEven) {
  at("a1", "web");
  EXPECT_EQ(feasible(pod("x", "web", spread("web", zone, 1))), "b1 b2");
  EXPECT_EQ(feasible(pod("x", "web", spread("web", zone, 2))), "a1 a2 b1 b2");
  // A pod that is not of that sort makes nothing worse.
  EXPECT_EQ(feasible(pod("x", "db", spread("web", zone, 1))), "a1 a2 b1 b2");
  at("b1", "web");
  EXPECT_EQ(feasible(pod("x", "web", spread("web", zone, 1))), "a1 a2 b1 b2");
  EXPECT_EQ(feasible(pod("x", "web", spread("web", host, 1))), "a2 b2 c1");
}

TEST_F(PodRules, SpreadTellsWhatIsInTheWay) {
  at("a1", "web");
  at("b1", "web");
  auto x = pod("x", "web", spread("web", zone, 1, "min_domains: 3"));
  EXPECT_EQ(feasible(x), "");
  EXPECT_EQ(last.why.message(),
            "0/5 nodes are available: 1 node(s) didn't match pod topology "
            "spread constraints (missing required label), 4 node(s) didn't "
            "match pod topology spread constraints.");
  EXPECT_EQ(last.why.kept_out_by, only(filter::topology_spread));
}

TEST_F(PodRules, SpreadCountsOnlyNodesThatThePodCouldWant) {
  at("a1", "web");
  auto in_a = "node_selector { key: '" + std::string{zone} + "' value: 'a' }";
  // Zone b is empty, but of no use to this pod.
  EXPECT_EQ(
      feasible(pod("x", "web", spread("web", zone, 1) + in_a)).substr(0, 5),
      "a1 a2");
  EXPECT_EQ(
      feasible(
          pod("x", "web",
              spread("web", zone, 1, "node_affinity_policy: 'Ignore'") + in_a)),
      "b1 b2");
}

TEST_F(PodRules, SpreadDoesNotCountPodsThatEnd) {
  auto one = pod("old", "web");
  one.mutable_spec()->set_node_name("a1");
  one.mutable_metadata()->mutable_deletion_timestamp()->set_seconds(1);
  state.place(make_pod_info(one));
  EXPECT_EQ(feasible(pod("x", "web", spread("web", zone, 1))), "a1 a2 b1 b2");
}

TEST_F(PodRules, SpreadAnywayIsAWish) {
  at("a1", "web");
  at("a2", "web");
  at("b1", "web");
  auto x =
      pod("x", "web",
          spread("web", zone, 1, "when_unsatisfiable: 'ScheduleAnyway'")
              + spread("web", host, 1, "when_unsatisfiable: 'ScheduleAnyway'"));
  EXPECT_EQ(feasible(x), "a1 a2 b1 b2 c1");
  EXPECT_EQ(best(x), "b2");
}

TEST_F(PodRules, CountsFollowWhatChanges) {
  at("a1", "web");
  auto x = pod("x", "web", without(must(term("web", zone))));
  EXPECT_EQ(feasible(x), "b1 b2 c1");
  auto node = a_node("a2");
  (*node.mutable_metadata()->mutable_labels())[zone] = "b";
  state.set_node(make_node_spec(node));
  EXPECT_EQ(feasible(x), "a2 b1 b2 c1");
  state.remove_pod("default/placed-1");
  EXPECT_EQ(feasible(x), "a1 a2 b1 b2 c1");
  at("b1", "web");
  state.remove_node("b1");
  EXPECT_EQ(feasible(x).substr(0, 5), "a1 a2");
}

TEST_F(PodRules, HelpThoseWhoWaitForOthers) {
  auto x = pod("x", "web", with(must(term("db", zone))));
  EXPECT_EQ(feasible(x), "");
  auto& node = *state.find("a1");
  auto kept = last.why.kept_out_by;
  EXPECT_TRUE(helps(kept, *make_pod_info(x), happening::pod_placed, node));
  EXPECT_FALSE(helps(only(filter::resources), *make_pod_info(x),
                     happening::pod_placed, node));
}

TEST_F(PodRules, TenPodsThatKeepApartNeedTenNodes) {
  std::map<std::string, int> count;
  for (int i = 0; i < 6; ++i) {
    auto info = make_pod_info(
        pod("p" + std::to_string(i), "web", without(must(term("web", host)))));
    auto where = place.place(*info, static_cast<uint64_t>(i)).node;
    if (!where.empty())
      state.assume(info, where);
    ++count[where];
  }
  EXPECT_EQ(count.size(), 6u);
  EXPECT_EQ(count[""], 1);
}

} // namespace troupe::scheduling
