// Three servers as processes: any of them may be killed.

#include "tests/support/real_cluster.hpp"

#include <gtest/gtest.h>

namespace troupe::test {

namespace {

struct ServerProcesses : ::testing::Test {
  real_cluster cluster{options()};

  static real_options options() {
    real_options result;
    result.nodes = 1;
    result.runtime = "simulated";
    result.servers = 3;
    result.processes = true;
    return result;
  }

  void SetUp() override { ASSERT_TRUE(cluster.up()) << cluster.output(); }

  /// Makes one, whichever server answers.
  bool make(const std::string& name) {
    return wait_until([&] { return cluster.run("create configmap " + name); },
                      std::chrono::seconds(20));
  }

  bool has(const std::string& name) {
    return wait_until([&] { return cluster.run("get configmap " + name); },
                      std::chrono::seconds(20));
  }

  bool comes_back(const std::string& server, pid_t than) {
    return wait_until([&] {
      auto now = cluster.server(server);
      return now != 0 && now != than;
    });
  }
};

} // namespace

TEST_F(ServerProcesses, AreStartedAgainWhenTheyAreKilled) {
  ASSERT_TRUE(make("first"));
  for (auto name : {"server-2", "server-3", "server-2"}) {
    auto pid = cluster.server(name);
    ASSERT_NE(pid, 0);
    cluster.kill_server(name);
    EXPECT_TRUE(make("after-" + std::to_string(pid))) << cluster.output();
    EXPECT_TRUE(comes_back(name, pid));
  }
  EXPECT_TRUE(has("first")) << cluster.output();
}

TEST_F(ServerProcesses, GoOnWithoutWhoStartedThem) {
  ASSERT_TRUE(make("before"));
  auto second = cluster.server("server-2");
  auto third = cluster.server("server-3");
  cluster.kill_server();
  EXPECT_TRUE(make("meanwhile")) << cluster.output();
  EXPECT_TRUE(has("before")) << cluster.output();
  // Who starts them again finds them.
  ASSERT_TRUE(cluster.run("up --port 0 --detach")) << cluster.output();
  EXPECT_EQ(cluster.server("server-2"), second);
  EXPECT_EQ(cluster.server("server-3"), third);
  EXPECT_TRUE(has("meanwhile")) << cluster.output();
  EXPECT_TRUE(make("after")) << cluster.output();
}

TEST_F(ServerProcesses, KeepWhatWasAnsweredWhenAllAreKilled) {
  for (int i = 0; i < 5; ++i)
    ASSERT_TRUE(make("kept-" + std::to_string(i)));
  cluster.kill_server();
  cluster.kill_server("server-2");
  cluster.kill_server("server-3");
  ASSERT_TRUE(cluster.run("up --port 0 --detach")) << cluster.output();
  for (int i = 0; i < 5; ++i)
    EXPECT_TRUE(has("kept-" + std::to_string(i))) << cluster.output();
  EXPECT_TRUE(cluster.down()) << cluster.output();
  EXPECT_EQ(cluster.remains(), std::vector<std::string>{});
}

TEST_F(ServerProcesses, AreOneStore) {
  ASSERT_TRUE(make("a"));
  ASSERT_TRUE(cluster.run("store status")) << cluster.output();
  for (auto text : {"server-1", "server-2", "server-3", "leader"})
    EXPECT_NE(cluster.output().find(text), std::string::npos)
        << cluster.output();
  ASSERT_TRUE(cluster.run("store move-leader server-3")) << cluster.output();
  ASSERT_TRUE(cluster.run("store hash")) << cluster.output();
  EXPECT_FALSE(cluster.run("store move-leader server-9"));
  EXPECT_FALSE(cluster.run("up --servers 5 --port 0 --detach"));
}

TEST_F(ServerProcesses, AreSavedAndRestoredIntoAnotherCluster) {
  ASSERT_TRUE(make("kept"));
  auto file = (cluster.folder() / "snapshot").string();
  ASSERT_TRUE(cluster.run("store snapshot " + file)) << cluster.output();
  EXPECT_FALSE(cluster.run("store snapshot " + file));
  EXPECT_FALSE(cluster.run("store restore " + file));
  real_options alone;
  alone.nodes = 1;
  alone.runtime = "simulated";
  real_cluster other{alone};
  ASSERT_TRUE(other.run("store restore " + file)) << other.output();
  ASSERT_TRUE(other.up()) << other.output();
  EXPECT_TRUE(other.run("get configmap kept")) << other.output();
  EXPECT_TRUE(other.run("create configmap more")) << other.output();
}

} // namespace troupe::test
