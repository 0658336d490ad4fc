#include "actors/controllers/node.hpp"
#include "actors/controllers/pod_gc.hpp"
#include "messages/api/coordination.pb.h"
#include "messages/api/core_node.pb.h"
#include "messages/api/core_pod.pb.h"
#include "runtime/rules/conditions.hpp"
#include "tests/support/controller_fixture.hpp"

#include <caf/event_based_actor.hpp>

namespace troupe {

namespace {

using namespace std::chrono_literals;
using core::v1::Node;
using core::v1::Pod;

struct NodeController : test::controller_fixture {
  void add_node(const std::string& name) {
    auto node = test::node(name);
    node.mutable_spec()->set_pod_cidr("10.0.0.0/24");
    api.put(node);
    renew(name);
  }

  void renew(const std::string& name) {
    coordination::v1::Lease lease;
    lease.mutable_metadata()->set_name(name);
    lease.mutable_metadata()->set_namespace_("kube-node-lease");
    lease.mutable_spec()->mutable_renew_time()->set_seconds(++renewals);
    api.put(lease);
    world.run();
  }

  void add_pod(const std::string& name, const std::string& node,
               std::optional<int64_t> seconds) {
    auto pod = test::pod(name, node);
    if (seconds) {
      auto* t = pod.mutable_spec()->add_tolerations();
      t->set_key("node.kubernetes.io/unreachable");
      t->set_operator_("Exists");
      t->set_effect("NoExecute");
      t->set_toleration_seconds(*seconds);
    }
    api.put(pod);
  }

  std::string ready(const std::string& kind, const std::string& key) {
    auto what = api.find(kind, key);
    const core::v1::NodeCondition* node_ready = nullptr;
    if (kind == "Node") {
      node_ready =
          rules::find_condition(what.as<Node>().status().conditions(), "Ready");
      return node_ready ? node_ready->status() : "";
    }
    auto* found =
        rules::find_condition(what.as<Pod>().status().conditions(), "Ready");
    return found ? found->status() : "";
  }

  /// A kubelet, as far as the directory knows.
  caf::actor kubelet(const std::string& node) {
    auto handle = world.system().spawn([](caf::event_based_actor* self) {
      self->set_default_handler(caf::print_and_drop);
      return caf::behavior{[](int) {}};
    });
    system::Started msg;
    msg.set_path("kubelet/" + node);
    caf::anon_send(world.at("x").directory(),
                   pb<system::Started>{std::move(msg)}, handle);
    world.run();
    return handle;
  }

  int64_t renewals = 0;
};

TEST_F(NodeController, ANodeThatRenewsItsLeaseStaysReady) {
  add_node("n1");
  add_node("n2");
  start(node_controller);
  for (int i = 0; i < 10; ++i) {
    world.advance(10s);
    renew("n1");
    renew("n2");
  }
  EXPECT_EQ(ready("Node", "n1"), "True");
  EXPECT_EQ(writes(), 0u);
}

TEST_F(NodeController, ASilentNodeTurnsUnknownAndItsPodsMove) {
  add_node("n1");
  add_node("n2");
  add_pod("patient", "n1", 300);
  add_pod("plain", "n1", {});
  start(node_controller);
  for (int i = 0; i < 4; ++i) {
    world.advance(10s);
    renew("n2");
  }
  world.advance(1s);
  EXPECT_EQ(ready("Node", "n1"), "Unknown");
  EXPECT_EQ(ready("Node", "n2"), "True");
  EXPECT_EQ(ready("Pod", "default/patient"), "False");
  EXPECT_FALSE(api.find("Pod", "default/plain")) << "it tolerates nothing";
  EXPECT_EQ(api.events("NodeNotReady").front(),
            "Node n1 status is now: NodeNotReady");
  for (int i = 0; i < 29; ++i) {
    world.advance(10s);
    renew("n2");
  }
  EXPECT_TRUE(api.find("Pod", "default/patient"));
  world.advance(11s);
  EXPECT_FALSE(api.find("Pod", "default/patient"));
  EXPECT_EQ(why("n1").front(),
            "Ready is Unknown: Kubelet stopped posting node status. Evicts 1 "
            "pods");
}

TEST_F(NodeController, ANodeThatSpeaksAgainLosesItsTaints) {
  add_node("n1");
  add_node("n2");
  start(node_controller);
  for (int i = 0; i < 5; ++i) {
    world.advance(10s);
    renew("n2");
  }
  ASSERT_EQ(api.find("Node", "n1").as<Node>().spec().taints_size(), 2);
  auto back = api.find("Node", "n1").copy<Node>();
  auto* condition = rules::find_condition(
      *back.mutable_status()->mutable_conditions(), "Ready");
  condition->set_status("True");
  condition->mutable_last_heartbeat_time()->set_seconds(1u << 31);
  api.put(back);
  world.run();
  EXPECT_EQ(api.find("Node", "n1").as<Node>().spec().taints_size(), 0);
  EXPECT_EQ(ready("Node", "n1"), "True");
}

TEST_F(NodeController, TheEndOfAKubeletIsHeardAfterTwoSeconds) {
  add_node("n1");
  add_node("n2");
  start(node_controller);
  auto handle = kubelet("n1");
  world.end(handle);
  world.advance(1900ms);
  EXPECT_EQ(ready("Node", "n1"), "True");
  world.advance(200ms);
  EXPECT_EQ(ready("Node", "n1"), "Unknown");
}

TEST_F(NodeController, AKubeletThatIsBackAtOnceIsNotMissed) {
  add_node("n1");
  start(node_controller);
  world.end(kubelet("n1"));
  world.advance(500ms);
  auto again = kubelet("n1");
  world.advance(20s);
  EXPECT_EQ(ready("Node", "n1"), "True");
  EXPECT_EQ(writes(), 0u);
  world.end(again);
}

TEST_F(NodeController, EmptiesOneNodeAfterTheOther) {
  for (auto name : {"n1", "n2", "n3", "n4"})
    add_node(name);
  add_pod("a", "n1", std::nullopt);
  add_pod("b", "n2", std::nullopt);
  start(node_controller);
  auto first = kubelet("n1");
  auto second = kubelet("n2");
  world.end(first);
  world.end(second);
  world.advance(3s);
  auto left = [&] { return all("Pod").size(); };
  EXPECT_EQ(ready("Node", "n1"), "Unknown");
  EXPECT_EQ(ready("Node", "n2"), "Unknown");
  EXPECT_EQ(left(), 1u) << "the first node goes at once";
  auto waits = api.find("Pod", "default/a") ? "n1" : "n2";
  EXPECT_NE(why(waits).front().find("one by one"), std::string::npos);
  for (int i = 0; i < 12 && left() > 0; ++i) {
    for (auto name : {"n3", "n4"})
      renew(name);
    world.advance(1s);
  }
  EXPECT_EQ(left(), 0u) << "the second after ten seconds";
}

TEST_F(NodeController, SparesPodsWhenEveryNodeIsSilent) {
  add_node("n1");
  add_node("n2");
  add_pod("plain", "n1", {});
  start(node_controller);
  world.advance(60s);
  EXPECT_EQ(ready("Node", "n1"), "Unknown");
  EXPECT_EQ(ready("Node", "n2"), "Unknown");
  EXPECT_TRUE(api.find("Pod", "default/plain"));
}

TEST_F(NodeController, GivesEachNodeARangeForItsPods) {
  start(node_controller);
  for (auto name : {"n1", "n2", "n3"})
    api.put(test::node(name));
  world.run();
  std::set<std::string> ranges;
  for (auto& [key, node] : all("Node"))
    ranges.insert(node.as<Node>().spec().pod_cidr());
  EXPECT_EQ(ranges, (std::set<std::string>{"10.244.0.0/24", "10.244.1.0/24",
                                           "10.244.2.0/24"}));
}

TEST_F(NodeController, CordonsByATaint) {
  add_node("n1");
  start(node_controller);
  auto node = api.find("Node", "n1").copy<Node>();
  node.mutable_spec()->set_unschedulable(true);
  api.put(node);
  world.run();
  auto now = api.find("Node", "n1");
  ASSERT_EQ(now.as<Node>().spec().taints_size(), 1);
  EXPECT_EQ(now.as<Node>().spec().taints(0).key(),
            "node.kubernetes.io/unschedulable");
}

struct PodGcController : test::controller_fixture {};

TEST_F(PodGcController, RemovesPodsOfANodeThatIsGone) {
  api.put(test::node("n1"));
  api.put(test::pod("a", "n1"));
  api.put(test::pod("waits", ""));
  start(pod_gc);
  api.remove("Node", "n1");
  world.advance(39s);
  EXPECT_TRUE(api.find("Pod", "default/a"));
  world.advance(2s);
  EXPECT_FALSE(api.find("Pod", "default/a"));
  EXPECT_TRUE(api.find("Pod", "default/waits"));
  EXPECT_EQ(api.of(call::DELETE, "Pod")[0].msg.grace_period_seconds(), 0);
}

TEST_F(PodGcController, LeavesPodsOfANodeThatCameBack) {
  api.put(test::node("n1"));
  api.put(test::pod("a", "n1"));
  start(pod_gc);
  api.remove("Node", "n1");
  world.advance(20s);
  api.put(test::node("n1"));
  world.advance(60s);
  EXPECT_TRUE(api.find("Pod", "default/a"));
}

} // namespace

} // namespace troupe
