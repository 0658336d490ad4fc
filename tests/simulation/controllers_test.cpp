#include "messages/api/apps.pb.h"
#include "messages/api/core_config.pb.h"
#include "messages/api/core_node.pb.h"
#include "messages/api/core_pod.pb.h"
#include "messages/api/core_service.pb.h"
#include "messages/api/discovery.pb.h"
#include "runtime/rules/conditions.hpp"
#include "runtime/rules/ownership.hpp"
#include "tests/support/cluster_objects.hpp"
#include "tests/support/simulated_cluster.hpp"

#include <gtest/gtest.h>

#include <set>

// The controllers with the real API server and store, in virtual time.

namespace troupe::test {

namespace {

using namespace std::chrono_literals;
using apps::v1::Deployment;
using apps::v1::ReplicaSet;
using core::v1::Endpoints;
using core::v1::Namespace;
using core::v1::Node;
using core::v1::Pod;
using core::v1::Service;
using core::v1::ServiceAccount;

struct Controllers : ::testing::Test {
  simulated_cluster cluster;

  /// What a client writes: no uid, no revision.
  template <class T>
  object put(T what) {
    auto* meta = what.mutable_metadata();
    meta->clear_uid();
    meta->clear_resource_version();
    meta->clear_generation();
    meta->clear_creation_timestamp();
    auto made = cluster.create(object::of(what));
    EXPECT_TRUE(made) << message_of(made.error());
    return made ? *made : object{};
  }

  template <class T>
  std::vector<object> all(const std::string& ns = "default") {
    return cluster.list(kind_of<T>(), kind_of<T>().namespaced ? ns : "");
  }

  template <class T>
  object find(const std::string& name) {
    auto found = cluster.get(kind_of<T>(),
                             kind_of<T>().namespaced ? "default" : "", name);
    return found ? *found : object{};
  }

  bool until(const std::function<bool()>& done,
             std::chrono::seconds most = 60s) {
    return cluster.run_until(done, most);
  }

  /// Does for every pod what a kubelet would; returns how many are there.
  size_t serve() {
    int number = 0;
    for (const auto& each : all<Pod>()) {
      auto pod = each.copy<Pod>();
      ++number;
      if (pod.metadata().has_deletion_timestamp()) {
        call::Request msg;
        msg.set_verb(call::DELETE);
        msg.set_api_version("v1");
        msg.set_kind("Pod");
        msg.set_namespace_("default");
        msg.set_name(each.name());
        msg.set_grace_period_seconds(0);
        cluster.ask(msg);
        continue;
      }
      if (pod.status().phase() == "Running")
        continue;
      auto ip = "10.244.0." + std::to_string(number + 10);
      pod.mutable_status()->set_phase("Running");
      pod.mutable_status()->set_pod_ip(ip);
      pod.mutable_status()->add_pod_ips()->set_ip(ip);
      set_ready(pod, true, cluster.now());
      write_status(object::of(pod));
    }
    cluster.run();
    return all<Pod>().size();
  }

  bool serve_until(const std::function<bool()>& done) {
    for (int i = 0; i < 60; ++i) {
      serve();
      if (done())
        return true;
      cluster.advance(1s);
    }
    return false;
  }

  void write_status(const object& what) {
    call::Request msg;
    msg.set_verb(call::UPDATE);
    msg.set_subresource("status");
    msg.set_api_version(what.kind().api_version());
    msg.set_kind(std::string{what.kind().kind});
    msg.set_namespace_(what.ns());
    msg.set_name(what.name());
    auto result = cluster.ask(msg, what);
    EXPECT_TRUE(result) << message_of(result.error());
  }

  void remove(const object& what, const std::string& policy = "") {
    call::Request msg;
    msg.set_verb(call::DELETE);
    msg.set_api_version(what.kind().api_version());
    msg.set_kind(std::string{what.kind().kind});
    msg.set_namespace_(what.ns());
    msg.set_name(what.name());
    msg.set_propagation_policy(policy);
    auto result = cluster.ask(msg);
    EXPECT_TRUE(result) << message_of(result.error());
  }

  bool is_complete() {
    const auto& status = find<Deployment>("web").as<Deployment>().status();
    auto* progressing =
        rules::find_condition(status.conditions(), "Progressing");
    return progressing && progressing->reason() == "NewReplicaSetAvailable"
           && status.available_replicas() == status.replicas();
  }

  std::map<std::string, int> images() {
    std::map<std::string, int> result;
    for (const auto& pod : all<Pod>())
      ++result[pod.as<Pod>().spec().containers(0).image()];
    return result;
  }
};

using image_map = std::map<std::string, int>;

} // namespace

TEST_F(Controllers, ADeploymentBecomesPodsAndRollsToANewTemplate) {
  put(deployment(3));
  ASSERT_TRUE(serve_until([&] { return is_complete(); }));
  EXPECT_EQ(images(), (image_map{{"web:1", 3}}));
  auto changed = find<Deployment>("web").copy<Deployment>();
  changed.mutable_spec()
      ->mutable_template_()
      ->mutable_spec()
      ->mutable_containers(0)
      ->set_image("web:2");
  ASSERT_TRUE(cluster.update(object::of(changed)));
  EXPECT_TRUE(serve_until([&] {
    return is_complete() && images() == image_map{{"web:2", 3}};
  }));
  EXPECT_EQ(find<Deployment>("web").meta().annotations().at(
                "deployment.kubernetes.io/revision"),
            "2");
}

TEST_F(Controllers, ADeletedPodIsReplaced) {
  put(deployment(3));
  ASSERT_TRUE(serve_until([&] { return is_complete(); }));
  auto victim = all<Pod>().front();
  remove(victim);
  EXPECT_TRUE(serve_until([&] {
    auto pods = all<Pod>();
    return pods.size() == 3
           && std::none_of(pods.begin(), pods.end(), [&](const auto& pod) {
                return pod.uid() == victim.uid();
              });
  }));
}

TEST_F(Controllers, DeletingADeploymentTakesEverythingAlong) {
  put(deployment(3));
  ASSERT_TRUE(serve_until([&] { return is_complete(); }));
  remove(find<Deployment>("web"), "Background");
  EXPECT_TRUE(serve_until(
      [&] { return all<ReplicaSet>().empty() && all<Pod>().empty(); }));
}

TEST_F(Controllers, ForegroundDeletionEndsWithTheOwner) {
  put(deployment(2));
  ASSERT_TRUE(serve_until([&] { return is_complete(); }));
  remove(find<Deployment>("web"), "Foreground");
  cluster.run();
  EXPECT_TRUE(find<Deployment>("web")) << "its dependents are still there";
  EXPECT_TRUE(serve_until([&] { return !find<Deployment>("web"); }));
  EXPECT_TRUE(all<ReplicaSet>().empty() && all<Pod>().empty());
}

TEST_F(Controllers, OrphanedPodsStayAndAreAdoptedAgain) {
  put(deployment(2));
  ASSERT_TRUE(serve_until([&] { return is_complete(); }));
  std::set<std::string> before;
  for (const auto& pod : all<Pod>())
    before.insert(pod.uid());
  remove(find<Deployment>("web"), "Orphan");
  ASSERT_TRUE(until([&] { return !find<Deployment>("web"); }));
  ASSERT_EQ(all<ReplicaSet>().size(), 1u);
  put(deployment(2));
  ASSERT_TRUE(serve_until([&] { return is_complete(); }));
  EXPECT_EQ(all<ReplicaSet>().size(), 1u);
  std::set<std::string> after;
  for (const auto& pod : all<Pod>())
    after.insert(pod.uid());
  EXPECT_EQ(after, before);
}

TEST_F(Controllers, AServiceFollowsItsPods) {
  auto web = service();
  web.mutable_spec()->clear_cluster_ip();
  web.mutable_spec()->clear_cluster_ips();
  put(web);
  put(deployment(3));
  ASSERT_TRUE(serve_until([&] { return is_complete(); }));
  EXPECT_TRUE(until([&] {
    auto found = find<Endpoints>("web");
    return found && found.as<Endpoints>().subsets_size() == 1
           && found.as<Endpoints>().subsets(0).addresses_size() == 3;
  }));
  auto slices = cluster.list(kind_of<discovery::v1::EndpointSlice>(), "default",
                             "kubernetes.io/service-name=web");
  ASSERT_EQ(slices.size(), 1u);
  EXPECT_EQ(slices[0].as<discovery::v1::EndpointSlice>().endpoints_size(), 3);
  remove(find<Service>("web"));
  EXPECT_TRUE(until([&] {
    return !find<Endpoints>("web")
           && cluster
                  .list(kind_of<discovery::v1::EndpointSlice>(), "default",
                        "kubernetes.io/service-name=web")
                  .empty();
  }));
}

TEST_F(Controllers, EveryNamespaceHasItsAccountAndEndsEmpty) {
  ASSERT_TRUE(until(
      [&] { return static_cast<bool>(find<ServiceAccount>("default")); }));
  Namespace team;
  team.mutable_metadata()->set_name("team");
  auto made = put(team);
  ASSERT_TRUE(until([&] { return all<ServiceAccount>("team").size() == 1; }));
  auto set = replica_set(2);
  set.mutable_metadata()->set_namespace_("team");
  set.mutable_spec()
      ->mutable_template_()
      ->mutable_metadata()
      ->mutable_labels()
      ->insert({"app", "web"});
  put(set);
  ASSERT_TRUE(until([&] { return all<Pod>("team").size() == 2; }));
  remove(made);
  EXPECT_TRUE(until([&] { return !find<Namespace>("team"); }, 120s));
  EXPECT_TRUE(all<Pod>("team").empty());
  EXPECT_TRUE(all<ReplicaSet>("team").empty());
}

TEST_F(Controllers, ASilentNodeLosesItsPods) {
  put(node("gone"));
  put(node("stays"));
  auto bare = pod("bare", "gone");
  put(bare);
  ASSERT_TRUE(until(
      [&] {
        auto found = find<Node>("gone");
        auto* ready = rules::find_condition(
            found.as<Node>().status().conditions(), "Ready");
        return ready && ready->status() == "Unknown";
      },
      120s));
  EXPECT_FALSE(find<Node>("gone").as<Node>().spec().pod_cidr().empty());
}

TEST_F(Controllers, EachOfThemMayDieAtAnyTime) {
  put(deployment(3));
  std::vector<std::string> victims;
  for (const auto& path : cluster.paths())
    if (path.rfind("controllers", 0) == 0)
      victims.push_back(path);
  EXPECT_GE(victims.size(), 11u);
  for (int round = 0; round < 3; ++round) {
    for (const auto& victim : victims) {
      cluster.kill(victim);
      serve();
    }
  }
  ASSERT_TRUE(serve_until([&] {
    return is_complete() && images() == image_map{{"web:1", 3}};
  }));
  EXPECT_EQ(all<ReplicaSet>().size(), 1u);
}

} // namespace troupe::test
