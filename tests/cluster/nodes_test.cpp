#include "messages/api/core_node.pb.h"
#include "messages/api/core_pod.pb.h"
#include "tests/support/real_cluster.hpp"

#include <gtest/gtest.h>

#include <set>

namespace troupe::test {
namespace {

std::set<std::string> names_of(const expected<std::vector<object>>& list) {
  std::set<std::string> result;
  if (list)
    for (auto& x : *list)
      result.insert(x.name());
  return result;
}

std::set<std::string> nodes_of(real_cluster& cluster) {
  return names_of(cluster.list(kind_of<core::v1::Node>(), ""));
}

/// Waits until the Deployment has so many pods, none of them elsewhere.
bool all_on(real_cluster& cluster, const std::set<std::string>& nodes,
            size_t count) {
  // Kubernetes: pods of a node that is gone are given up after 40 s; here
  // nobody waits for that.
  return wait_until(
      [&] {
        auto pods = cluster.list(kind_of<core::v1::Pod>());
        if (!pods || pods->size() != count)
          return false;
        for (auto& pod : *pods) {
          auto& typed = pod.as<core::v1::Pod>();
          if (typed.status().phase() != "Running"
              || nodes.count(typed.spec().node_name()) == 0)
            return false;
        }
        return true;
      },
      std::chrono::seconds(30));
}

} // namespace

TEST(UpNodes, AreAsManyAsLastTimeUnlessTold) {
  real_options options;
  options.nodes = 3;
  real_cluster cluster{options};
  ASSERT_TRUE(cluster.up()) << cluster.output();
  ASSERT_TRUE(cluster.run("create deployment web --image=x --replicas=6 -- "
                          "sleep 600"))
      << cluster.output();
  ASSERT_TRUE(all_on(cluster, {"node-1", "node-2", "node-3"}, 6));
  auto before = names_of(cluster.list(kind_of<core::v1::Pod>()));

  cluster.kill_server();
  ASSERT_TRUE(cluster.run("up --port 0 --detach")) << cluster.output();
  EXPECT_NE(cluster.output().find("Nodes: 3 Ready"), std::string::npos)
      << cluster.output();
  EXPECT_TRUE(cluster.run("topology kubelet/node-3")) << cluster.output();
  EXPECT_EQ(names_of(cluster.list(kind_of<core::v1::Pod>())), before);

  // Fewer: those that are left take all pods, and no process stays behind.
  cluster.kill_server();
  ASSERT_TRUE(cluster.run("up --nodes 1 --port 0 --detach"))
      << cluster.output();
  EXPECT_EQ(nodes_of(cluster), std::set<std::string>{"node-1"});
  EXPECT_TRUE(all_on(cluster, {"node-1"}, 6)) << cluster.output();
  EXPECT_EQ(shims(processes(), cluster.data()).size(), 6u);
  EXPECT_TRUE(cluster.down()) << cluster.output();
  EXPECT_TRUE(cluster.remains().empty());
}

TEST(UpNodes, RunWhatTheyRanLastTime) {
  real_options options;
  options.nodes = 2;
  options.runtime = "simulated";
  real_cluster cluster{options};
  ASSERT_TRUE(cluster.up()) << cluster.output();
  ASSERT_TRUE(cluster.down()) << cluster.output();
  ASSERT_TRUE(cluster.run("up --port 0 --detach")) << cluster.output();
  EXPECT_NE(cluster.output().find("Nodes: 2 Ready, runtime simulated"),
            std::string::npos)
      << cluster.output();
}

TEST(Up, LeavesNoNetworkWhenItFails) {
  real_cluster first;
  ASSERT_TRUE(first.up()) << first.output();
  ASSERT_TRUE(first.run("status")) << first.output();
  auto address = first.output().find("127.0.0.1:");
  ASSERT_NE(address, std::string::npos) << first.output();
  auto port = std::stoi(first.output().substr(address + 10));
  real_cluster second;
  EXPECT_FALSE(second.run("up --detach --port " + std::to_string(port)));
  EXPECT_NE(second.output().find("is taken"), std::string::npos)
      << second.output();
  // "bridge 10.7.0.0/16"
  auto record = content_of(second.data() / "network");
  auto begin = record.find(' ') + 1;
  auto addresses = record.substr(begin, record.find(".0.0/") + 1 - begin);
  ASSERT_FALSE(addresses.empty()) << record;
  EXPECT_EQ(interfaces_of(addresses), std::vector<std::string>{});
}

} // namespace troupe::test
