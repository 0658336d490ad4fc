#include "messages/fields.hpp"
#include "runtime/rules/conditions.hpp"
#include "runtime/rules/node_plan.hpp"
#include "runtime/rules/node_taints.hpp"
#include "tests/support/cluster_objects.hpp"

#include <gtest/gtest.h>

#include <set>

using namespace troupe;
using namespace troupe::rules;
using namespace std::chrono_literals;
using core::v1::Node;
using core::v1::Pod;

namespace {

const auto start = test::new_year();

/// The monotonic clock when the wall's shows `when`.
steady_point steady(time_point when) {
  return steady_point{1000h} + (when - start);
}

node_witness heard(time_point last, std::optional<time_point> lost = {}) {
  node_witness result;
  result.heard = steady(last);
  if (lost)
    result.lost = steady(*lost);
  return result;
}

node_plan plan(const Node& node, time_point now,
               const std::vector<object>& pods = {},
               node_witness witness = heard(start), bool spare = false) {
  instant moment{now, steady(now)};
  note_taints(node, witness, moment);
  return plan_node(object::of(node), witness, pods, spare, {}, moment);
}

std::set<std::string> taints_of(const Node& node) {
  std::set<std::string> result;
  for (const auto& taint : node.spec().taints())
    result.insert(taint.key().substr(taint.key().find('/') + 1) + ":"
                  + taint.effect());
  return result;
}

using names = std::set<std::string>;

void tolerate(Pod& pod, const std::string& key,
              std::optional<int64_t> seconds) {
  auto* t = pod.mutable_spec()->add_tolerations();
  t->set_key("node.kubernetes.io/" + key);
  t->set_operator_("Exists");
  t->set_effect("NoExecute");
  if (seconds)
    t->set_toleration_seconds(*seconds);
}

Node lost_node() {
  auto node = test::node("n");
  auto todo = plan(node, start + 40s);
  node = todo.status->as<Node>();
  *node.mutable_spec() = todo.tainted->as<Node>().spec();
  return node;
}

} // namespace

TEST(NodePlan, LeavesANodeThatIsHeardAlone) {
  auto todo = plan(test::node("n"), start + 39s);
  EXPECT_FALSE(todo.status || todo.tainted);
  EXPECT_EQ(todo.look_again, steady(start + 40s));
  EXPECT_EQ(todo.reason, "Ready is True");
}

TEST(NodePlan, TurnsUnknownWhenTheLeaseIsFortySecondsOld) {
  auto todo = plan(test::node("n"), start + 40s);
  ASSERT_TRUE(todo.status);
  const auto& node = todo.status->as<Node>();
  auto* ready = find_condition(node.status().conditions(), "Ready");
  EXPECT_EQ(ready->status(), "Unknown");
  EXPECT_EQ(ready->reason(), "NodeStatusUnknown");
  EXPECT_EQ(ready->message(), "Kubelet stopped posting node status.");
  EXPECT_EQ(from_time(ready->last_transition_time()), start + 40s);
  auto* memory = find_condition(node.status().conditions(), "MemoryPressure");
  EXPECT_EQ(memory->reason(), "NodeStatusNeverUpdated");
  ASSERT_TRUE(todo.tainted);
  EXPECT_EQ(taints_of(todo.tainted->as<Node>()),
            (names{"unreachable:NoSchedule", "unreachable:NoExecute"}));
  ASSERT_EQ(todo.events.size(), 1u);
  EXPECT_EQ(todo.events[0].message, "Node n status is now: NodeNotReady");
}

TEST(NodePlan, TurnsUnknownTwoSecondsAfterItsSessionWentDown) {
  auto node = test::node("n");
  auto lost = heard(start, start + 10s);
  EXPECT_FALSE(plan(node, start + 11s, {}, lost).status);
  EXPECT_EQ(plan(node, start + 11s, {}, lost).look_again, steady(start + 12s));
  EXPECT_TRUE(plan(node, start + 12s, {}, lost).status);
}

TEST(NodePlan, ANewNodeHasAMinuteToSpeak) {
  Node node;
  node.mutable_metadata()->set_name("n");
  auto young = plan(node, start + 59s);
  EXPECT_FALSE(young.status);
  ASSERT_TRUE(young.tainted);
  EXPECT_EQ(taints_of(young.tainted->as<Node>()),
            (names{"not-ready:NoSchedule"}));
  auto todo = plan(node, start + 60s);
  ASSERT_TRUE(todo.status);
  EXPECT_EQ(
      find_condition(todo.status->as<Node>().status().conditions(), "Ready")
          ->message(),
      "Kubelet never posted node status.");
}

TEST(NodePlan, SaysNothingTwice) {
  auto todo = plan(lost_node(), start + 50s);
  EXPECT_FALSE(todo.status || todo.tainted);
  EXPECT_TRUE(todo.events.empty());
}

TEST(NodePlan, TakesItsTaintsBackWhenTheNodeIsReadyAgain) {
  auto node = lost_node();
  auto* user = node.mutable_spec()->add_taints();
  user->set_key("example.com/mine");
  user->set_effect("NoExecute");
  find_condition(*node.mutable_status()->mutable_conditions(), "Ready")
      ->set_status("True");
  auto todo = plan(node, start + 51s, {}, heard(start + 50s));
  ASSERT_TRUE(todo.tainted);
  EXPECT_EQ(taints_of(todo.tainted->as<Node>()), (names{"mine:NoExecute"}));
}

TEST(NodePlan, TaintsFollowConditions) {
  struct {
    const char* type;
    const char* status;
    names wanted;
  } cases[]{
      {"Ready", "False", {"not-ready:NoSchedule", "not-ready:NoExecute"}},
      {"Ready", "Unknown", {"unreachable:NoSchedule", "unreachable:NoExecute"}},
      {"MemoryPressure", "True", {"memory-pressure:NoSchedule"}},
      {"DiskPressure", "True", {"disk-pressure:NoSchedule"}},
      {"PIDPressure", "True", {"pid-pressure:NoSchedule"}},
      {"NetworkUnavailable", "True", {"network-unavailable:NoSchedule"}},
      {"MemoryPressure", "False", {}},
      {"MemoryPressure", "Unknown", {}},
  };
  for (const auto& each : cases) {
    auto node = test::node("n");
    set_condition(*node.mutable_status()->mutable_conditions(), each.type,
                  each.status, "", "", start);
    set_taints(node, false, start);
    EXPECT_EQ(taints_of(node), each.wanted) << each.type << each.status;
  }
  auto cordoned = test::node("n");
  cordoned.mutable_spec()->set_unschedulable(true);
  set_taints(cordoned, false, start);
  EXPECT_EQ(taints_of(cordoned), (names{"unschedulable:NoSchedule"}));
}

TEST(NodePlan, SparesPodsWhenNoNodeIsWell) {
  auto todo = plan(test::node("n"), start + 40s, {}, heard(start), true);
  ASSERT_TRUE(todo.tainted);
  EXPECT_EQ(taints_of(todo.tainted->as<Node>()),
            (names{"unreachable:NoSchedule"}));
}

TEST(NodePlan, PodsOfASilentNodeAreNotReady) {
  auto todo =
      plan(test::node("n"), start + 40s, {object::of(test::pod("a", "n"))});
  ASSERT_EQ(todo.not_ready.size(), 1u);
  const auto& pod = todo.not_ready[0].as<Pod>();
  EXPECT_EQ(find_condition(pod.status().conditions(), "Ready")->status(),
            "False");
  EXPECT_EQ(pod.status().phase(), "Running");
}

TEST(NodePlan, EvictsWhenTolerationsEnd) {
  auto patient = test::pod("patient", "n");
  tolerate(patient, "unreachable", 300);
  auto stubborn = test::pod("stubborn", "n");
  tolerate(stubborn, "unreachable", {});
  auto plain = test::pod("plain", "n");
  std::vector<object> pods{object::of(patient), object::of(stubborn),
                           object::of(plain)};
  auto early = plan(lost_node(), start + 50s, pods);
  ASSERT_EQ(early.evicted.size(), 1u);
  EXPECT_EQ(early.evicted[0].name(), "plain");
  EXPECT_EQ(early.look_again, steady(start + 340s));
  auto late = plan(lost_node(), start + 340s, pods);
  ASSERT_EQ(late.evicted.size(), 2u);
  EXPECT_EQ(late.evicted[0].name(), "patient");
}

TEST(NodePlan, MeasuresSilenceAndTolerationsByAClockThatNobodySets) {
  auto patient = test::pod("patient", "n");
  tolerate(patient, "unreachable", 300);
  std::vector<object> pods{object::of(patient)};
  for (auto set : {-time_point::duration{1h}, time_point::duration{1h}}) {
    auto well = plan_node(object::of(test::node("n")), heard(start), {}, false,
                          {}, {start + 10s + set, steady(start + 10s)});
    EXPECT_FALSE(well.status || well.tainted);
    // It has the taint for a minute when the clock is set.
    auto node = lost_node();
    auto witness = heard(start);
    note_taints(node, witness, {start + 40s, steady(start + 40s)});
    instant later{start + 100s + set, steady(start + 100s)};
    note_taints(node, witness, later);
    auto todo = plan_node(object::of(node), witness, pods, false, {}, later);
    EXPECT_TRUE(todo.evicted.empty());
    EXPECT_EQ(todo.look_again, steady(start + 340s));
  }
}

TEST(NodePlan, CountsTheTolerationOfATaintWithoutATimeFromWhenItIsSeen) {
  auto node = test::node("n");
  auto* taint = node.mutable_spec()->add_taints();
  taint->set_key("example.com/full");
  taint->set_effect("NoExecute");
  auto patient = test::pod("patient", "n");
  auto* toleration = patient.mutable_spec()->add_tolerations();
  toleration->set_key("example.com/full");
  toleration->set_operator_("Exists");
  toleration->set_toleration_seconds(5);
  std::vector<object> pods{object::of(patient)};
  auto witness = heard(start);
  instant now{start + 10s, steady(start + 10s)};
  note_taints(node, witness, now);
  auto todo = plan_node(object::of(node), witness, pods, false, {}, now);
  EXPECT_TRUE(todo.evicted.empty());
  EXPECT_EQ(todo.look_again, steady(start + 15s));
}

TEST(NodePlan, EvictsForTaintsThatUsersSet) {
  auto node = test::node("n");
  auto* taint = node.mutable_spec()->add_taints();
  taint->set_key("example.com/full");
  taint->set_effect("NoExecute");
  auto todo = plan(node, start, {object::of(test::pod("a", "n"))});
  EXPECT_EQ(todo.evicted.size(), 1u);
}

TEST(NodePlan, DoesNotEvictWhatIsGoingAlready) {
  auto pod = test::pod("a", "n");
  pod.mutable_metadata()->mutable_deletion_timestamp()->set_seconds(1);
  EXPECT_TRUE(
      plan(lost_node(), start + 400s, {object::of(pod)}).evicted.empty());
}

TEST(Tolerations, MatchAsInKubernetes) {
  struct {
    const char *key, *op, *value, *effect;
    bool wanted;
  } cases[]{
      {"", "Exists", "", "", true},
      {"k", "Exists", "", "", true},
      {"k", "Exists", "", "NoSchedule", false},
      {"k", "Equal", "5", "NoExecute", true},
      {"k", "", "5", "", true},
      {"k", "Equal", "6", "", false},
      {"other", "Exists", "", "", false},
      {"", "Equal", "5", "", false},
      {"k", "Lt", "6", "", true},
      {"k", "Lt", "5", "", false},
      {"k", "Gt", "4", "", true},
      {"k", "Gt", "x", "", false},
  };
  core::v1::Taint taint;
  taint.set_key("k");
  taint.set_value("5");
  taint.set_effect("NoExecute");
  for (const auto& each : cases) {
    core::v1::Toleration t;
    t.set_key(each.key);
    t.set_operator_(each.op);
    t.set_value(each.value);
    t.set_effect(each.effect);
    EXPECT_EQ(tolerates(t, taint), each.wanted)
        << each.key << each.op << each.value << each.effect;
  }
}
