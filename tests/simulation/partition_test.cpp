#include "messages/api/apps.pb.h"
#include "messages/api/core_node.pb.h"
#include "messages/api/core_pod.pb.h"
#include "messages/api/core_service.pb.h"
#include "messages/api/meta.pb.h"
#include "messages/container.pb.h"
#include "runtime/rules/node_plan.hpp"
#include "tests/support/invariants.hpp"
#include "tests/support/simulated_cluster.hpp"

#include <gtest/gtest.h>

#include <set>

namespace troupe::test {

namespace {

using namespace std::chrono_literals;
using core::v1::Pod;

auto& pods = kind_of<Pod>();
auto& nodes = kind_of<core::v1::Node>();
auto& endpoints = kind_of<core::v1::Endpoints>();

constexpr auto victim = "node-2";
constexpr auto toleration = 30;
constexpr size_t replicas = 6;

object patient_deployment() {
  apps::v1::Deployment result;
  result.mutable_metadata()->set_name("web");
  result.mutable_metadata()->set_namespace_("default");
  auto* spec = result.mutable_spec();
  spec->set_replicas(replicas);
  (*spec->mutable_selector()->mutable_match_labels())["app"] = "web";
  auto* from = spec->mutable_template_();
  (*from->mutable_metadata()->mutable_labels())["app"] = "web";
  auto* container = from->mutable_spec()->add_containers();
  container->set_name("web");
  container->set_image("web:1");
  auto* tolerated = from->mutable_spec()->add_tolerations();
  tolerated->set_key("node.kubernetes.io/unreachable");
  tolerated->set_operator_("Exists");
  tolerated->set_effect("NoExecute");
  tolerated->set_toleration_seconds(toleration);
  return object::of(result);
}

object web_service() {
  core::v1::Service result;
  result.mutable_metadata()->set_name("web");
  result.mutable_metadata()->set_namespace_("default");
  (*result.mutable_spec()->mutable_selector())["app"] = "web";
  result.mutable_spec()->add_ports()->set_port(80);
  return object::of(result);
}

bool ready(const object& pod) {
  for (auto& c : pod.as<Pod>().status().conditions())
    if (c.type() == "Ready")
      return c.status() == "True";
  return false;
}

bool leaving(const object& pod) {
  return pod.meta().has_deletion_timestamp();
}

struct Partition : ::testing::Test {
  simulated_cluster cluster{{3, 3, true}};
  invariants checks{cluster};

  void SetUp() override {
    ASSERT_TRUE(cluster.create(patient_deployment()));
    ASSERT_TRUE(cluster.create(web_service()));
    ASSERT_TRUE(cluster.run_until([&] { return ready_on("").size() == 6; }));
    ASSERT_FALSE(ready_on(victim).empty());
    ASSERT_TRUE(cluster.run_until([&] { return served() == 6; }));
  }

  /// Names of the pods that are Ready and stay, on a node or anywhere.
  std::set<std::string> ready_on(const std::string& node) {
    std::set<std::string> result;
    for (auto& pod : cluster.list(pods, "default"))
      if (ready(pod) && !leaving(pod)
          && (node.empty() || pod.as<Pod>().spec().node_name() == node))
        result.insert(pod.name());
    return result;
  }

  int served() {
    auto found = cluster.get(endpoints, "default", "web");
    int count = 0;
    if (found)
      for (auto& s : found->as<core::v1::Endpoints>().subsets())
        count += s.addresses_size();
    return count;
  }

  bool node_is_ready() {
    auto found = cluster.get(nodes, {}, victim);
    return found && rules::is_node_ready(found->as<core::v1::Node>());
  }

  std::set<std::string> taints() {
    std::set<std::string> result;
    if (auto found = cluster.get(nodes, {}, victim))
      for (auto& t : found->as<core::v1::Node>().spec().taints())
        result.insert(t.key() + ":" + t.effect());
    return result;
  }

  /// Names of the pods whose containers the node runs in truth.
  std::set<std::string> running_there() {
    std::set<std::string> result;
    auto state = cluster.fleet().look()[victim];
    for (auto& c : state.containers())
      for (auto& s : state.sandboxes())
        if (c.state() == container::RUNNING && s.id() == c.sandbox_id())
          result.insert(s.name());
    return result;
  }

  bool at_rest() {
    cluster.advance(5s);
    unrest = checks.unrest();
    return unrest.empty();
  }

  std::string unrest;
};

} // namespace

TEST_F(Partition, OfALongTimeMovesPodsAndEndsThemWhereTheyWere) {
  auto there = running_there();
  ASSERT_EQ(there, ready_on(victim));
  cluster.wires().cut("kubelet/node-2", "apiserver");
  // Kubernetes: 40 s without a lease.
  ASSERT_TRUE(cluster.run_until([&] { return !node_is_ready(); }, 60s));
  EXPECT_TRUE(cluster.run_until([&] { return ready_on(victim).empty(); }, 5s))
      << "nobody can vouch for them";
  EXPECT_EQ(taints(), (std::set<std::string>{
                          "node.kubernetes.io/unreachable:NoExecute",
                          "node.kubernetes.io/unreachable:NoSchedule"}));
  auto left = static_cast<int>(replicas - there.size());
  EXPECT_TRUE(cluster.run_until([&] { return served() == left; }, 5s))
      << served();
  // They are tolerated for a while.
  cluster.advance(15s);
  for (auto& pod : cluster.list(pods, "default"))
    EXPECT_FALSE(leaving(pod)) << pod.name();
  ASSERT_TRUE(
      cluster.run_until([&] { return ready_on("").size() == replicas; }, 60s));
  EXPECT_TRUE(ready_on(victim).empty());
  EXPECT_EQ(checks.broken(), "");
  // What is cut off goes on, and nobody counts it out.
  EXPECT_EQ(running_there(), there);
  std::set<std::string> gone;
  for (auto& pod : cluster.list(pods, "default"))
    if (leaving(pod))
      gone.insert(pod.name());
  EXPECT_EQ(gone, there);
  cluster.wires().heal();
  ASSERT_TRUE(cluster.run_until([&] { return running_there().empty(); }, 60s));
  EXPECT_TRUE(cluster.run_until([&] { return at_rest(); })) << unrest;
  EXPECT_EQ(cluster.list(pods, "default").size(), replicas);
}

TEST_F(Partition, OfAShortTimeMovesNothing) {
  auto before = running_there();
  cluster.wires().cut("kubelet/node-2", "apiserver");
  cluster.advance(25s);
  EXPECT_TRUE(node_is_ready());
  cluster.wires().heal();
  cluster.advance(60s);
  EXPECT_TRUE(node_is_ready());
  EXPECT_EQ(running_there(), before);
  EXPECT_EQ(checks.unrest(), "");
  for (auto& pod : cluster.list(pods, "default"))
    for (auto& c : pod.as<Pod>().status().container_statuses())
      EXPECT_EQ(c.restart_count(), 0) << pod.name();
}

TEST_F(Partition, OfAControllerLeavesItsWorkForLater) {
  cluster.wires().cut("controllers", "apiserver");
  auto gone = *ready_on("").begin();
  ASSERT_TRUE(cluster.remove(pods, "default", gone));
  cluster.advance(30s);
  EXPECT_EQ(ready_on("").size(), replicas - 1);
  cluster.wires().heal();
  ASSERT_TRUE(
      cluster.run_until([&] { return ready_on("").size() == replicas; }, 60s));
  EXPECT_TRUE(cluster.run_until([&] { return at_rest(); })) << unrest;
}

TEST_F(Partition, OfAllNodesEvictsNothing) {
  cluster.wires().cut("kubelet", "apiserver");
  cluster.advance(180s);
  EXPECT_FALSE(node_is_ready());
  for (auto& pod : cluster.list(pods, "default"))
    EXPECT_FALSE(leaving(pod)) << pod.name();
  cluster.wires().heal();
  EXPECT_TRUE(cluster.run_until([&] { return at_rest(); })) << unrest;
}

TEST_F(Partition, AnswersThatAreLostMakeNoPodTwice) {
  // Connections break all the time, often between a write and its answer.
  simulated_wires::conditions how;
  how.longest = 20ms;
  how.losses = 50'000;
  cluster.wires().set(how);
  for (int i = 0; i < 10; ++i) {
    auto all = cluster.list(pods, "default");
    ASSERT_FALSE(all.empty());
    cluster.remove(pods, "default", all[i % all.size()].name());
    cluster.advance(2s);
    EXPECT_EQ(checks.broken(), "");
    size_t staying = 0;
    for (auto& pod : cluster.list(pods, "default"))
      staying += leaving(pod) ? 0 : 1;
    EXPECT_LE(staying, replicas);
  }
  cluster.wires().set({});
  EXPECT_TRUE(cluster.run_until([&] { return at_rest(); }, 120s)) << unrest;
}

TEST_F(Partition, AClockThatIsSetMovesNothing) {
  auto before = cluster.list(pods, "default");
  for (auto by : {24h, -48h, 24h}) {
    cluster.set_clock(by);
    cluster.advance(90s);
    EXPECT_EQ(checks.broken() + checks.unrest(), "");
  }
  auto after = cluster.list(pods, "default");
  ASSERT_EQ(after.size(), before.size());
  for (size_t i = 0; i < after.size(); ++i)
    EXPECT_EQ(after[i].uid(), before[i].uid());
  // Nor does anybody wait for it.
  ASSERT_TRUE(cluster.remove(pods, "default", before[0].name()));
  cluster.set_clock(-24h);
  EXPECT_TRUE(cluster.run_until([&] { return at_rest(); }, 120s)) << unrest;
}

} // namespace troupe::test
