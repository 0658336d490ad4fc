#include "messages/api/core_config.pb.h"
#include "messages/api/core_node.pb.h"
#include "messages/api/core_pod.pb.h"
#include "tests/support/simulated_cluster.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

namespace troupe::test {

namespace {

auto& pods = kind_of<core::v1::Pod>();

core::v1::Pod a_pod(const std::string& name) {
  core::v1::Pod pod;
  pod.mutable_metadata()->set_name(name);
  pod.mutable_metadata()->set_namespace_("default");
  auto* container = pod.mutable_spec()->add_containers();
  container->set_name("main");
  container->set_image("main:1");
  return pod;
}

/// A cluster whose nodes are ready.
struct Nodes : ::testing::Test {
  explicit Nodes(uint32_t count = 3) : cluster(1, count) {
    core::v1::ServiceAccount account;
    account.mutable_metadata()->set_name("default");
    account.mutable_metadata()->set_namespace_("default");
    cluster.create(object::of(account));
    EXPECT_TRUE(cluster.run_until([&] { return ready_nodes() == count; }));
  }

  size_t ready_nodes() {
    size_t count = 0;
    for (const auto& node : cluster.list(kind_of<core::v1::Node>()))
      for (const auto& c : node.as<core::v1::Node>().status().conditions())
        count += c.type() == "Ready" && c.status() == "True" ? 1 : 0;
    return count;
  }

  size_t ready_pods() {
    size_t count = 0;
    for (const auto& pod : cluster.list(pods, "default"))
      for (const auto& c : pod.as<core::v1::Pod>().status().conditions())
        count += c.type() == "Ready" && c.status() == "True" ? 1 : 0;
    return count;
  }

  void make_pods(int count) {
    for (int i = 0; i < count; ++i) {
      auto made = cluster.create(object::of(a_pod("web-" + std::to_string(i))));
      ASSERT_TRUE(made) << message_of(made.error());
    }
  }

  std::string container_of(const std::string& name) {
    auto pod = cluster.get(pods, "default", name);
    if (!pod)
      return message_of(pod.error());
    const auto& status = pod->as<core::v1::Pod>().status();
    return status.container_statuses_size() == 0
               ? std::string{}
               : status.container_statuses(0).container_id();
  }

  /// What the machines have, one line per container.
  std::string machines() const {
    std::string out;
    for (auto& [node, state] : cluster.fleet().look())
      for (auto& c : state.containers())
        out += node + " " + c.id() + " state=" + std::to_string(c.state())
               + " pid=" + std::to_string(c.pid())
               + " since=" + std::to_string(c.started_at()) + "\n";
    return out;
  }

  simulated_cluster cluster;
};

} // namespace

TEST_F(Nodes, RunPodsUntilTheyAreReady) {
  make_pods(9);
  EXPECT_TRUE(cluster.run_until([&] { return ready_pods() == 9; }));
  std::set<std::string> addresses;
  for (const auto& pod : cluster.list(pods, "default"))
    addresses.insert(pod.as<core::v1::Pod>().status().pod_ip());
  EXPECT_EQ(addresses.size(), 9u);
}

TEST_F(Nodes, EndPodsThatAreDeleted) {
  make_pods(3);
  ASSERT_TRUE(cluster.run_until([&] { return ready_pods() == 3; }));
  ASSERT_TRUE(cluster.remove(pods, "default", "web-1"));
  EXPECT_TRUE(cluster.run_until(
      [&] { return cluster.list(pods, "default").size() == 2; }));
}

TEST_F(Nodes, KeepContainersWhateverActorDies) {
  make_pods(3);
  ASSERT_TRUE(cluster.run_until([&] { return ready_pods() == 3; }));
  auto before = container_of("web-0");
  for (const auto& path : cluster.paths()) {
    if (path.rfind("kubelet", 0) != 0)
      continue;
    cluster.kill(path);
    EXPECT_TRUE(cluster.run_until([&] {
      return ready_pods() == 3 && ready_nodes() == 3;
    })) << path;
  }
  EXPECT_EQ(container_of("web-0"), before);
  ASSERT_TRUE(cluster.remove(pods, "default", "web-0"));
  EXPECT_TRUE(cluster.run_until(
      [&] { return cluster.list(pods, "default").size() == 2; }));
}

TEST_F(Nodes, KeepContainersWhenTheWholeTreeDies) {
  make_pods(6);
  ASSERT_TRUE(cluster.run_until([&] { return ready_pods() == 6; }));
  auto before = machines();
  ASSERT_EQ(std::count(before.begin(), before.end(), '\n'), 6);
  for (auto path :
       {"root", "components", "kubelet", "kubelet/node-1/runtime"}) {
    cluster.kill(path);
    cluster.advance(std::chrono::seconds(1));
    EXPECT_TRUE(cluster.run_until([&] {
      return ready_pods() == 6 && ready_nodes() == 3;
    })) << path;
    EXPECT_EQ(machines(), before) << path;
  }
  for (const auto& pod : cluster.list(pods, "default"))
    for (auto& c : pod.as<core::v1::Pod>().status().container_statuses())
      EXPECT_EQ(c.restart_count(), 0) << pod.name();
  ASSERT_TRUE(cluster.remove(pods, "default", "web-0"));
  EXPECT_TRUE(cluster.run_until([&] { return ready_pods() == 5; }));
}

TEST_F(Nodes, SurviveTheServersDeath) {
  make_pods(2);
  ASSERT_TRUE(cluster.run_until([&] { return ready_pods() == 2; }));
  for (const char* path : {"apiserver/front_door", "apiserver", "store"}) {
    cluster.kill(path);
    ASSERT_TRUE(cluster.run_until([&] { return ready_nodes() == 3; })) << path;
  }
  auto made = cluster.create(object::of(a_pod("late")));
  ASSERT_TRUE(made) << message_of(made.error());
  EXPECT_TRUE(cluster.run_until([&] { return ready_pods() == 3; }));
}

} // namespace troupe::test
