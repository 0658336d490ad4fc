// A cluster whose scheduler and controllers are somebody else's, who know the
// elections of Kubernetes.

#include "messages/api/coordination.pb.h"
#include "messages/api/core_pod.pb.h"
#include "messages/api/meta.pb.h"
#include "messages/call.pb.h"
#include "tests/support/real_cluster.hpp"

#include <gtest/gtest.h>

namespace troupe::test {

namespace {

real_options without(const std::string& parts) {
  real_options result;
  result.nodes = 1;
  result.runtime = "simulated";
  result.without = parts;
  return result;
}

struct StandIn : ::testing::Test {
  bool shows(real_cluster& cluster, const std::string& words,
             const std::string& part) {
    return wait_until([&] {
      return cluster.run(words)
             && cluster.output().find(part) != std::string::npos;
    });
  }

  bool has_actor(real_cluster& cluster, const std::string& path) {
    return cluster.run("topology")
           && cluster.output().find(path) != std::string::npos;
  }
};

object lease_of(const std::string& holder) {
  coordination::v1::Lease result;
  result.mutable_metadata()->set_name("kube-scheduler");
  result.mutable_metadata()->set_namespace_("kube-system");
  result.mutable_spec()->set_holder_identity(holder);
  result.mutable_spec()->set_lease_duration_seconds(600);
  return object::of(result);
}

bool bind(command_client& by, const std::string& pod, const std::string& node) {
  core::v1::Binding body;
  body.mutable_metadata()->set_name(pod);
  body.mutable_metadata()->set_namespace_("default");
  body.mutable_target()->set_kind("Node");
  body.mutable_target()->set_name(node);
  call::Request msg;
  msg.set_verb(call::CREATE);
  msg.set_api_version("v1");
  msg.set_kind("Pod");
  msg.set_namespace_("default");
  msg.set_name(pod);
  msg.set_subresource("binding");
  return static_cast<bool>(by.ask(msg, object::of(body)));
}

} // namespace

TEST_F(StandIn, DecidesWhereOursAreNotRun) {
  real_cluster cluster{without("scheduler,controllers")};
  ASSERT_TRUE(cluster.up()) << cluster.output();
  for (auto* actor : {"scheduler", "controllers/replicaset", "elections"})
    EXPECT_FALSE(has_actor(cluster, actor)) << cluster.output();
  // What belongs to the API server goes on.
  EXPECT_TRUE(has_actor(cluster, "apiserver/account_tokens"));
  // Whoever wants the election has it.
  auto lease = create(cluster.client(), lease_of("other"));
  ASSERT_TRUE(lease) << message_of(lease.error());
  ASSERT_TRUE(cluster.run("create serviceaccount default")
              || cluster.output().find("already exists") != std::string::npos)
      << cluster.output();
  ASSERT_TRUE(cluster.run("run web --image=none")) << cluster.output();
  auto pod = cluster.get(kind_of<core::v1::Pod>(), "web");
  ASSERT_TRUE(pod) << message_of(pod.error());
  EXPECT_EQ(pod->as<core::v1::Pod>().spec().node_name(), "");
  ASSERT_TRUE(bind(cluster.client(), "web", "node-1"));
  EXPECT_TRUE(
      shows(cluster, "get pod web -o jsonpath={.status.phase}", "Running"));
}

TEST_F(StandIn, IsRememberedUntilOursAreWantedAgain) {
  real_cluster cluster{without("controllers")};
  ASSERT_TRUE(cluster.up()) << cluster.output();
  EXPECT_TRUE(has_actor(cluster, "elections/kube-scheduler"));
  EXPECT_FALSE(has_actor(cluster, "elections/kube-controller-manager"));
  ASSERT_TRUE(cluster.down()) << cluster.output();
  ASSERT_TRUE(cluster.run("up --port 0 --detach")) << cluster.output();
  EXPECT_FALSE(has_actor(cluster, "elections/kube-controller-manager"));
  ASSERT_TRUE(cluster.down()) << cluster.output();
  ASSERT_TRUE(cluster.run("up --port 0 --without none --detach"))
      << cluster.output();
  EXPECT_TRUE(has_actor(cluster, "elections/kube-controller-manager"));
  ASSERT_TRUE(cluster.run("create deployment web --image=none"))
      << cluster.output();
  EXPECT_TRUE(shows(cluster,
                    "get deployment web -o "
                    "jsonpath={.status.availableReplicas}",
                    "1"));
}

TEST_F(StandIn, HoldsOursBackWhileItRenews) {
  real_cluster cluster{without("none")};
  ASSERT_TRUE(cluster.up()) << cluster.output();
  // Whoever takes the Lease over ends the term of ours at once.
  auto& kind = kind_of<coordination::v1::Lease>();
  ASSERT_TRUE(wait_until([&] {
    auto now = cluster.get(kind, "kube-scheduler", "kube-system");
    if (!now)
      return false;
    auto mine = now->copy<coordination::v1::Lease>();
    mine.mutable_spec()->set_holder_identity("other");
    mine.mutable_spec()->set_lease_duration_seconds(600);
    call::Request msg;
    msg.set_verb(call::UPDATE);
    msg.set_api_version("coordination.k8s.io/v1");
    msg.set_kind("Lease");
    msg.set_namespace_("kube-system");
    msg.set_name("kube-scheduler");
    return static_cast<bool>(cluster.client().ask(msg, object::of(mine)));
  }));
  ASSERT_TRUE(shows(cluster, "topology", "holder=other")) << cluster.output();
  ASSERT_TRUE(cluster.run("run web --image=none")) << cluster.output();
  EXPECT_TRUE(shows(cluster, "why pod/web", "standby")) << cluster.output();
  ASSERT_TRUE(bind(cluster.client(), "web", "node-1"));
  EXPECT_TRUE(
      shows(cluster, "get pod web -o jsonpath={.status.phase}", "Running"));
  // Once that one is gone ours goes on.
  ASSERT_TRUE(cluster.run("delete lease kube-scheduler -n kube-system"))
      << cluster.output();
  ASSERT_TRUE(cluster.run("run more --image=none")) << cluster.output();
  EXPECT_TRUE(
      shows(cluster, "get pod more -o jsonpath={.status.phase}", "Running"));
}

} // namespace troupe::test
