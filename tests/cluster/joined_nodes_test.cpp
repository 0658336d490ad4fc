// Nodes and other components in processes of their own, which join by
// themselves: they are found, killed and come back like everything else.

#include "messages/api/core_node.pb.h"
#include "messages/api/core_pod.pb.h"
#include "messages/api/meta.pb.h"
#include "runtime/rules/node_plan.hpp"
#include "tests/support/real_cluster.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <signal.h>

namespace troupe::test {

namespace {

using core::v1::Node;
using core::v1::Pod;

real_options plain(uint32_t servers = 1) {
  real_options result;
  result.nodes = 1;
  result.runtime = "simulated";
  result.servers = servers;
  result.processes = servers > 1;
  return result;
}

struct JoinedNodes : ::testing::Test {
  /// Runs a command that must do what it is asked.
  static void done(real_cluster& cluster, const std::string& words) {
    ASSERT_TRUE(cluster.run(words)) << words << "\n" << cluster.output();
  }

  static bool is_ready(real_cluster& cluster, const std::string& name) {
    auto node = cluster.get(kind_of<Node>(), name, {});
    return node && rules::is_node_ready(node->as<Node>());
  }

  /// Whether a command's output comes to have a part.
  static bool shows(real_cluster& cluster, const std::string& words,
                    const std::string& part) {
    return wait_until([&] {
      return cluster.run(words)
             && cluster.output().find(part) != std::string::npos;
    });
  }

  /// A pod for that node which sleeps.
  static object sleeper(const std::string& name, const std::string& node) {
    Pod pod;
    pod.mutable_metadata()->set_name(name);
    pod.mutable_metadata()->set_namespace_("default");
    auto& spec = *pod.mutable_spec();
    (*spec.mutable_node_selector())["kubernetes.io/hostname"] = node;
    auto& container = *spec.add_containers();
    container.set_name("c");
    container.set_image("none");
    for (auto word : {"/bin/sh", "-c", "echo it runs; exec sleep 1000"})
      container.add_command(word);
    return object::of(pod);
  }

  static bool runs(real_cluster& cluster, const std::string& pod) {
    return wait_until([&] {
      auto found = cluster.get(kind_of<Pod>(), pod);
      return found && found->as<Pod>().status().phase() == "Running";
    });
  }
};

} // namespace

TEST_F(JoinedNodes, RunPodsWhoseLogsAndCommandsAreReached) {
  auto options = plain();
  options.runtime = "process";
  real_cluster cluster{options};
  ASSERT_TRUE(cluster.up()) << cluster.output();
  done(cluster, "node --name far --detach");
  EXPECT_TRUE(is_ready(cluster, "far"));
  ASSERT_TRUE(create(cluster.client(), sleeper("s", "far")));
  ASSERT_TRUE(runs(cluster, "s"));
  EXPECT_TRUE(shows(cluster, "logs s", "it runs"));
  done(cluster, "exec s -- /bin/echo said");
  EXPECT_NE(cluster.output().find("said"), std::string::npos);
  EXPECT_TRUE(shows(cluster, "why pod/s", "kubelet/far"));
}

/// More than the servers hear within a second.
TEST_F(JoinedNodes, AreAllReadyThoughTooManyComeAtOnce) {
  real_cluster cluster{plain()};
  ASSERT_TRUE(cluster.up()) << cluster.output();
  auto line = "for i in $(seq 30); do " + cluster.program("troupe")
              + " --data-dir " + cluster.data().string()
              + " node --name n-$i --runtime simulated --detach >>"
              + (cluster.folder() / "said").string() + " 2>&1 & done; wait";
  ASSERT_EQ(std::system(line.c_str()), 0);
  auto said = content_of(cluster.folder() / "said");
  for (int i = 1; i <= 30; ++i)
    EXPECT_TRUE(is_ready(cluster, "n-" + std::to_string(i))) << said;
}

TEST_F(JoinedNodes, AreSeenToDieAndComeBack) {
  real_cluster cluster{plain()};
  ASSERT_TRUE(cluster.up()) << cluster.output();
  done(cluster, "node --name far --runtime simulated --detach");
  ASSERT_TRUE(create(cluster.client(), sleeper("s", "far")));
  ASSERT_TRUE(runs(cluster, "s"));
  auto pid = cluster.joined("far");
  ASSERT_NE(pid, 0);
  ::kill(pid, SIGKILL);
  // Sooner than the 40 s that a lease takes.
  EXPECT_TRUE(wait_until([&] { return !is_ready(cluster, "far"); },
                         std::chrono::seconds(20)));
  done(cluster, "node --name far --runtime simulated --detach");
  EXPECT_TRUE(wait_until([&] { return is_ready(cluster, "far"); }));
}

TEST_F(JoinedNodes, AreShownAndKilledAsPartsOfTheCluster) {
  real_cluster cluster{plain()};
  ASSERT_TRUE(cluster.up()) << cluster.output();
  done(cluster, "node --name far --runtime simulated --detach");
  EXPECT_TRUE(shows(cluster, "topology", "far/presence"));
  EXPECT_TRUE(shows(cluster, "topology kubelet/far", "kubelet/far/runtime"));
  done(cluster, "kill kubelet/far");
  EXPECT_TRUE(shows(cluster, "topology kubelet/far", "killed"));
  done(cluster, "kill far/link");
  done(cluster, "kill far/presence");
  EXPECT_TRUE(shows(cluster, "topology", "far/presence"));
  ASSERT_TRUE(create(cluster.client(), sleeper("s", "far")));
  EXPECT_TRUE(runs(cluster, "s"));
}

TEST_F(JoinedNodes, GoOnWithAnotherServerWhichDecidesFromThenOn) {
  real_cluster cluster{plain(3)};
  ASSERT_TRUE(cluster.up()) << cluster.output();
  done(cluster, "node --name far --runtime simulated --detach");
  EXPECT_TRUE(shows(cluster, "topology", "server-2/apiserver/processes"));
  cluster.kill_server();
  // A scheduler of another server takes over, and the kubelet hears of it.
  ASSERT_TRUE(wait_until([&] {
    auto client = cluster.connect();
    return client && create(*client, sleeper("s", "far"));
  }));
  auto client = cluster.connect();
  ASSERT_NE(client, nullptr);
  EXPECT_TRUE(wait_until([&] {
    call::Request get;
    get.set_verb(call::GET);
    get.set_api_version("v1");
    get.set_kind("Pod");
    get.set_namespace_("default");
    get.set_name("s");
    auto found = client->ask(get);
    return found && found->one().as<Pod>().status().phase() == "Running";
  }));
}

TEST_F(JoinedNodes, AreRefusedUnderANameThatIsTaken) {
  real_cluster cluster{plain()};
  ASSERT_TRUE(cluster.up()) << cluster.output();
  EXPECT_FALSE(cluster.run("node --name node-1 --runtime simulated --detach"));
  EXPECT_NE(cluster.output().find("node-1"), std::string::npos)
      << cluster.output();
  EXPECT_FALSE(cluster.run("node --name Far_1 --detach"));
  EXPECT_NE(cluster.output().find("Far_1"), std::string::npos)
      << cluster.output();
}

TEST_F(JoinedNodes, NeedATokenThatIsGood) {
  real_cluster cluster{plain()};
  ASSERT_TRUE(cluster.up()) << cluster.output();
  auto file = cluster.folder() / "token";
  std::ofstream{file} << "abcdef.0123456789abcdef@sha256:"
                      << std::string(64, '0') << "\n";
  EXPECT_FALSE(cluster.run("node --name far --detach --token-file "
                           + file.string() + " --join "
                           + cluster.client().address()));
  EXPECT_FALSE(cluster.output().empty());
}

TEST_F(JoinedNodes, MayBeAComponentAlone) {
  real_cluster cluster{plain()};
  ASSERT_TRUE(cluster.up()) << cluster.output();
  done(cluster, "node --roles scheduler,controllers --name spare --detach");
  EXPECT_TRUE(shows(cluster, "topology", "spare/scheduler"));
  EXPECT_TRUE(shows(cluster, "topology", "spare/controllers/replicaset"));
  done(cluster, "kill scheduler --for 20s");
  done(cluster, "kill elections --for 20s");
  ASSERT_TRUE(create(cluster.client(), sleeper("s", "node-1")));
  EXPECT_TRUE(runs(cluster, "s"));
}

} // namespace troupe::test
