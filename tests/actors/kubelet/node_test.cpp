#include "messages/api/coordination.pb.h"
#include "messages/api/core_node.pb.h"
#include "tests/actors/kubelet/kubelet_fixture.hpp"

using namespace std::chrono_literals;

namespace troupe {

TEST_F(KubeletTest, RegistersItsNodeAndRenewsItsLease) {
  start();
  auto node = api.find("Node", "node-1");
  ASSERT_TRUE(node);
  EXPECT_EQ(node.as<core::v1::Node>().metadata().labels().at(
                "kubernetes.io/hostname"),
            "node-1");
  bool ready = false;
  for (const auto& c : node.as<core::v1::Node>().status().conditions())
    ready = ready || (c.type() == "Ready" && c.status() == "True");
  EXPECT_TRUE(ready);
  auto renewed = [this] {
    return from_time(api.find("Lease", "kube-node-lease/node-1")
                         .as<coordination::v1::Lease>()
                         .spec()
                         .renew_time());
  };
  ASSERT_TRUE(api.find("Lease", "kube-node-lease/node-1"));
  auto first = renewed();
  world.advance(21s);
  EXPECT_GT(renewed(), first + 10s);
  api.requests.clear();
  world.advance(20s);
  EXPECT_EQ(api.requests.size(), 2u) << "at rest only the lease is renewed";
}

TEST_F(KubeletTest, TakesItsNodeOverAndSaysThatItLives) {
  start();
  auto node = api.find("Node", "node-1").copy<core::v1::Node>();
  node.mutable_spec()->set_unschedulable(true);
  for (auto& c : *node.mutable_status()->mutable_conditions())
    if (c.type() == "Ready")
      c.set_status("Unknown");
  kill(actor);
  api.put(node);
  start_kubelet();
  auto now = api.find("Node", "node-1").copy<core::v1::Node>();
  EXPECT_TRUE(now.spec().unschedulable());
  for (const auto& c : now.status().conditions()) {
    if (c.type() == "Ready") {
      EXPECT_EQ(c.status(), "True");
    }
  }
}

TEST_F(KubeletTest, WritesItsNodeAgainWhenANewerOneCameBeforeTheConflict) {
  start();
  auto ready = [&] {
    auto node = api.find("Node", "node-1");
    for (auto& c : node.as<core::v1::Node>().status().conditions())
      if (c.type() == "Ready")
        return c.status();
    return std::string{"none"};
  };
  ASSERT_EQ(ready(), "True");
  // As the node controller changes it, twice: the second time while the kubelet
  // answers the first one.
  auto change = [&] {
    auto node = api.find("Node", "node-1").copy<core::v1::Node>();
    for (auto& c : *node.mutable_status()->mutable_conditions())
      c.set_status("Unknown");
    api.put(node);
  };
  bool first = true;
  api.refuse =
      [&](const test::fake_api::asked& x) -> std::optional<caf::error> {
    if (x.msg.kind() != "Node" || x.msg.subresource() != "status" || !first)
      return std::nullopt;
    first = false;
    change();
    return make_error(ec::conflict, "a newer one");
  };
  change();
  world.run();
  EXPECT_FALSE(first);
  EXPECT_EQ(ready(), "True");
}

TEST_F(KubeletTest, KeepsTheNewerNodeWhenTheAnswerIsOlderThanTheWatch) {
  start();
  auto node = api.find("Node", "node-1").copy<core::v1::Node>();
  for (auto& c : *node.mutable_status()->mutable_conditions())
    c.set_status("Unknown");
  kill(actor);
  auto old = api.put(node);
  object newer;
  api.refuse =
      [&](const test::fake_api::asked& x) -> std::optional<caf::error> {
    if (x.msg.kind() != "Node")
      return std::nullopt;
    auto& stored = api.objects[{"Node", "node-1"}];
    if (x.msg.verb() == call::GET && !newer) {
      node.mutable_spec()->set_pod_cidr("10.1.0.0/24");
      newer = api.put(node);
      stored = old; // what the answer was made of
    } else if (x.msg.verb() != call::GET) {
      if (stored.revision() == old.revision())
        stored = newer;
      if (x.body.revision() == old.revision())
        return make_error(ec::conflict, "a newer one");
    }
    return std::nullopt;
  };
  start_kubelet();
  ASSERT_TRUE(newer);
  auto now = api.find("Node", "node-1");
  EXPECT_EQ(now.as<core::v1::Node>().spec().pod_cidr(), "10.1.0.0/24");
  for (auto& c : now.as<core::v1::Node>().status().conditions())
    if (c.type() == "Ready") {
      EXPECT_EQ(c.status(), "True");
    }
}

} // namespace troupe
