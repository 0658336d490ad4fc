// Three servers as processes: any of them may be killed.

#include "messages/api/core_config.pb.h"
#include "tests/support/real_cluster.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <random>
#include <thread>

namespace troupe::test {

namespace {

/// A member may have yet to learn what the others know.
bool all_hold_the_same(real_cluster& whose) {
  return wait_until([&] { return whose.run("store hash"); });
}

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
  EXPECT_FALSE(cluster.run("status"));
  for (auto text : {"running in part", "server-2/store", "Stopped"})
    EXPECT_NE(cluster.output().find(text), std::string::npos)
        << cluster.output();
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
  ASSERT_TRUE(all_hold_the_same(cluster)) << cluster.output();
  EXPECT_FALSE(cluster.run("store move-leader server-9"));
  EXPECT_FALSE(cluster.run("up --servers 5 --port 0 --detach"));
}

TEST_F(ServerProcesses, AreReplacedWhenTheirDiskIsLost) {
  ASSERT_TRUE(make("kept"));
  // Who has promised nothing yet has lost nothing.
  ASSERT_TRUE(all_hold_the_same(cluster)) << cluster.output();
  auto pid = cluster.server("server-3");
  std::filesystem::remove_all(cluster.data() / "servers/server-3/store");
  cluster.kill_server("server-3");
  ASSERT_TRUE(comes_back("server-3", pid));
  // It is not taken for the member that it was.
  EXPECT_TRUE(wait_until([&] {
    return cluster.run("store status")
           && cluster.output().find("is gone") != std::string::npos;
  })) << cluster.output();
  EXPECT_TRUE(make("meanwhile")) << cluster.output();
  ASSERT_TRUE(cluster.run("store member remove server-3")) << cluster.output();
  EXPECT_EQ(cluster.server("server-3"), 0);
  ASSERT_TRUE(cluster.run("store member add")) << cluster.output();
  EXPECT_NE(cluster.output().find("member 4 added: server-3"),
            std::string::npos)
      << cluster.output();
  // Two of three are enough again, the new one among them.
  cluster.kill_server("server-2");
  EXPECT_TRUE(make("after")) << cluster.output();
  EXPECT_TRUE(has("kept")) << cluster.output();
  EXPECT_TRUE(all_hold_the_same(cluster)) << cluster.output();
}

TEST_F(ServerProcesses, ReplaceTheFirstOneToo) {
  ASSERT_TRUE(make("kept"));
  EXPECT_FALSE(cluster.run("store member remove server-1"));
  cluster.kill_server();
  std::filesystem::remove_all(cluster.data() / "store");
  EXPECT_FALSE(cluster.run("up --port 0 --detach"));
  EXPECT_NE(cluster.output().find("is gone"), std::string::npos)
      << cluster.output();
  EXPECT_TRUE(make("meanwhile")) << cluster.output();
  // Nobody would start that one.
  EXPECT_FALSE(cluster.run("store member add"));
  ASSERT_TRUE(cluster.run("store member remove server-1")) << cluster.output();
  ASSERT_TRUE(cluster.run("store member add server-1")) << cluster.output();
  ASSERT_TRUE(cluster.run("up --port 0 --detach")) << cluster.output();
  EXPECT_TRUE(has("kept")) << cluster.output();
  EXPECT_TRUE(has("meanwhile")) << cluster.output();
  EXPECT_TRUE(all_hold_the_same(cluster)) << cluster.output();
}

TEST_F(ServerProcesses, AreShownAndKilledTogether) {
  // They enroll with each other a moment after they have begun.
  for (auto text : {"server-3/presence", "server-3/store/log_writer",
                    "server-2/store/replica", "scheduler"})
    EXPECT_TRUE(wait_until([&] {
      return cluster.run("topology")
             && cluster.output().find(text) != std::string::npos;
    })) << text;
  EXPECT_TRUE(cluster.run("kill server-3/store/log_writer"))
      << cluster.output();
  EXPECT_TRUE(cluster.run("kill server-2/link")) << cluster.output();
  EXPECT_FALSE(cluster.run("kill server-7/link"));
  EXPECT_FALSE(cluster.run("kill server-4/store"));
  EXPECT_TRUE(make("after")) << cluster.output();
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
  EXPECT_NE(other.output().find("services that were restored"),
            std::string::npos)
      << "the first cluster has those addresses: " << other.output();
  EXPECT_TRUE(other.run("get configmap kept")) << other.output();
  EXPECT_TRUE(other.run("create configmap more")) << other.output();
  // Once it is gone, services are where they were.
  auto before = cluster.addresses();
  ASSERT_TRUE(cluster.down()) << cluster.output();
  real_cluster heir{alone};
  ASSERT_TRUE(heir.run("store restore " + file)) << heir.output();
  ASSERT_TRUE(heir.up()) << heir.output();
  EXPECT_EQ(heir.addresses(), before);
}

TEST_F(ServerProcesses, AreAddedToWhatWasRestored) {
  ASSERT_TRUE(make("kept"));
  auto file = (cluster.folder() / "snapshot").string();
  ASSERT_TRUE(cluster.run("store snapshot " + file)) << cluster.output();
  real_cluster other{options()};
  ASSERT_TRUE(other.run("store restore " + file)) << other.output();
  ASSERT_TRUE(other.up()) << other.output();
  // They are one group, and not two.
  ASSERT_TRUE(all_hold_the_same(other)) << other.output();
  EXPECT_NE(other.output().find("\n6 "), std::string::npos) << other.output();
  other.kill_server();
  EXPECT_TRUE(other.run("get configmap kept")) << other.output();
}

// A majority is lost for good: what one of them has makes a cluster.
TEST_F(ServerProcesses, AreMadeAnewOfOneThatIsLeft) {
  ASSERT_TRUE(make("kept"));
  ASSERT_TRUE(all_hold_the_same(cluster)) << cluster.output();
  auto left = (cluster.data() / "servers/server-2").string();
  real_options alone;
  alone.nodes = 1;
  alone.runtime = "simulated";
  real_cluster other{alone};
  // Somebody is at work there.
  EXPECT_FALSE(other.run("store restore " + left));
  ASSERT_TRUE(cluster.down()) << cluster.output();
  std::filesystem::remove_all(cluster.data() / "store");
  std::filesystem::remove_all(cluster.data() / "servers/server-3");
  ASSERT_TRUE(other.run("store restore " + left)) << other.output();
  ASSERT_TRUE(other.up()) << other.output();
  EXPECT_TRUE(other.run("get configmap kept")) << other.output();
  EXPECT_FALSE(other.run("store restore /proc/self"));
}

TEST_F(ServerProcesses, TakeNoStoreForTheirsThatIsNot) {
  namespace fs = std::filesystem;
  ASSERT_TRUE(make("kept"));
  ASSERT_TRUE(all_hold_the_same(cluster)) << cluster.output();
  real_cluster other{options()};
  ASSERT_TRUE(other.up()) << other.output();
  ASSERT_TRUE(all_hold_the_same(other)) << other.output();
  ASSERT_TRUE(other.down());
  ASSERT_TRUE(cluster.down());
  auto store = cluster.data() / "servers/server-3/store";
  auto all = fs::copy_options::recursive;
  for (auto& [from, words] :
       {std::pair{cluster.data() / "servers/server-2/store",
                  "that of member 2"},
        std::pair{other.data() / "servers/server-3/store",
                  "another cluster's"}}) {
    fs::remove_all(store);
    fs::copy(from, store, all);
    ASSERT_TRUE(cluster.run("up --port 0 --detach")) << cluster.output();
    EXPECT_TRUE(wait_until([&] {
      return cluster.run("store status")
             && cluster.output().find(words) != std::string::npos;
    })) << cluster.output();
    EXPECT_TRUE(make("meanwhile-" + std::to_string(words[0])))
        << cluster.output();
    ASSERT_TRUE(cluster.down());
  }
}

TEST(ServersInOneProcess, GoOnWithoutOneThatIsDamaged) {
  namespace fs = std::filesystem;
  real_options options;
  options.nodes = 1;
  options.runtime = "simulated";
  options.servers = 3;
  real_cluster cluster{options};
  ASSERT_TRUE(cluster.up()) << cluster.output();
  ASSERT_TRUE(cluster.run("create configmap kept")) << cluster.output();
  ASSERT_TRUE(cluster.run("store hash")) << cluster.output();
  ASSERT_TRUE(cluster.down());
  fs::remove(cluster.data() / "servers/server-3/store/log/CURRENT");
  auto up = "up --port 0 --detach";
  ASSERT_TRUE(cluster.run(up)) << cluster.output();
  EXPECT_NE(cluster.output().find("Warning: server-3"), std::string::npos)
      << cluster.output();
  EXPECT_TRUE(cluster.run("create configmap more")) << cluster.output();
  ASSERT_TRUE(cluster.down());
  // Each in a process of its own, one is replaced after another.
  ASSERT_TRUE(cluster.run("up --port 0 --detach --processes"))
      << cluster.output();
  ASSERT_TRUE(cluster.run("store member remove server-3")) << cluster.output();
  ASSERT_TRUE(cluster.run("store member add server-3")) << cluster.output();
  ASSERT_TRUE(wait_until([&] { return cluster.run("store hash"); }));
  ASSERT_TRUE(cluster.down());
  fs::remove(cluster.data() / "store/log/CURRENT");
  EXPECT_FALSE(cluster.run(up));
  ASSERT_TRUE(wait_until([&] {
    return cluster.run("store member remove server-1");
  })) << cluster.output();
  ASSERT_TRUE(cluster.run("store member add server-1")) << cluster.output();
  ASSERT_TRUE(cluster.run(up)) << cluster.output();
  EXPECT_TRUE(cluster.run("get configmap kept more")) << cluster.output();
}

// What says how many nodes there are is gone, and whose the stores are.
TEST_F(ServerProcesses, AreThemselvesWithoutWhatUpRemembers) {
  ASSERT_TRUE(make("kept"));
  ASSERT_TRUE(cluster.down());
  std::filesystem::remove(cluster.data() / "cluster.json");
  ASSERT_TRUE(cluster.run("up --runtime simulated --port 0 --detach"))
      << cluster.output();
  EXPECT_TRUE(has("kept")) << cluster.output();
}

TEST(AStore, IsItselfWithoutWhatUpRemembers) {
  real_options alone;
  alone.nodes = 1;
  alone.runtime = "simulated";
  real_cluster cluster{alone};
  ASSERT_TRUE(cluster.up()) << cluster.output();
  ASSERT_TRUE(cluster.run("create configmap kept")) << cluster.output();
  ASSERT_TRUE(cluster.down());
  std::filesystem::remove(cluster.data() / "cluster.json");
  std::filesystem::remove_all(cluster.data() / "servers");
  ASSERT_TRUE(cluster.run("up --runtime simulated --port 0 --detach"))
      << cluster.output();
  EXPECT_TRUE(cluster.run("get configmap kept")) << cluster.output();
}

TEST(ServersOfFive, GoOnWithoutTwoOfThem) {
  real_options five;
  five.nodes = 1;
  five.runtime = "simulated";
  five.servers = 5;
  five.processes = true;
  real_cluster cluster{five};
  ASSERT_TRUE(cluster.up()) << cluster.output();
  ASSERT_TRUE(cluster.run("create configmap before")) << cluster.output();
  cluster.kill_server("server-2");
  cluster.kill_server("server-4");
  EXPECT_TRUE(cluster.run("create configmap after")) << cluster.output();
  EXPECT_TRUE(all_hold_the_same(cluster)) << cluster.output();
  ASSERT_TRUE(cluster.run("store status"));
  EXPECT_NE(cluster.output().find("server-5"), std::string::npos);
}

TEST(AStore, ShowsWhatWasAndHoldsWhatItMay) {
  real_options alone;
  alone.nodes = 1;
  alone.runtime = "simulated";
  real_cluster cluster{alone};
  ASSERT_TRUE(cluster.run("up --nodes 1 --runtime simulated --port 0 --detach "
                          "--store-quota 16Mi --store-history 2h"))
      << cluster.output();
  ASSERT_TRUE(cluster.run("create configmap a --from-literal=v=old"));
  ASSERT_TRUE(cluster.run("get cm a -o jsonpath={.metadata.resourceVersion}"));
  auto then = cluster.output();
  ASSERT_TRUE(cluster.run("delete configmap a"));
  EXPECT_FALSE(cluster.run("get cm a"));
  EXPECT_TRUE(cluster.run("get cm a -o jsonpath={.data.v} --as-of " + then));
  EXPECT_EQ(cluster.output(), "old");
  EXPECT_FALSE(cluster.run("get cm a --as-of 1"));
  EXPECT_FALSE(cluster.run("get cm a --as-of 99999999"));
  EXPECT_FALSE(cluster.run("get cm a -w --as-of " + then));
  EXPECT_EQ(cluster.code(), 2);
  // Until its quota is reached.
  std::mt19937 bytes;
  auto refused = false;
  for (int i = 0; i < 60 && !refused; ++i) {
    core::v1::ConfigMap what;
    what.mutable_metadata()->set_name("big-" + std::to_string(i));
    what.mutable_metadata()->set_namespace_("default");
    // Of what is not random LevelDB would make little.
    auto& value = (*what.mutable_data())["v"];
    for (int k = 0; k < 1 << 19; ++k)
      value += static_cast<char>('0' + bytes() % 64);
    refused = !create(cluster.client(), object::of(what));
  }
  EXPECT_TRUE(wait_until([&] {
    return cluster.run("store alarm list")
           && cluster.output().find("space of member 1") != std::string::npos;
  })) << cluster.output();
  EXPECT_FALSE(cluster.run("create configmap more"));
  EXPECT_NE(cluster.output().find("space"), std::string::npos)
      << cluster.output();
  ASSERT_TRUE(cluster.down());
  // It is as it was, unless told otherwise.
  ASSERT_TRUE(cluster.run("up --port 0 --detach --store-quota 0"))
      << cluster.output();
  EXPECT_TRUE(wait_until([&] { return cluster.run("create configmap more"); }))
      << cluster.output();
}

TEST(ServersInOneProcess, StayAsTheyAre) {
  auto options = real_options{};
  options.nodes = 1;
  options.runtime = "simulated";
  options.servers = 3;
  real_cluster cluster{options};
  ASSERT_TRUE(cluster.up()) << cluster.output();
  EXPECT_FALSE(cluster.run("store member add"));
  EXPECT_FALSE(cluster.run("store member remove server-2"));
  EXPECT_FALSE(cluster.run("store member remove server-1"));
  EXPECT_TRUE(cluster.run("create configmap after")) << cluster.output();
}

namespace {

/// Makes objects one after another, until it is told to stop.
class writer {
public:
  explicit writer(real_cluster& cluster)
      : client_(cluster.connect()), thread_([this] { run(); }) {
    // nop
  }

  /// Returns the names of those that were made.
  std::vector<std::string> stop() {
    stopping_ = true;
    thread_.join();
    return std::move(made_);
  }

private:
  void run() {
    for (int i = 0; !stopping_; ++i) {
      core::v1::ConfigMap what;
      auto name = "grown-" + std::to_string(i);
      what.mutable_metadata()->set_name(name);
      what.mutable_metadata()->set_namespace_("default");
      if (create(*client_, object::of(what)))
        made_.push_back(name);
    }
  }

  std::unique_ptr<command_client> client_;
  std::atomic<bool> stopping_ = false;
  std::vector<std::string> made_;
  std::thread thread_;
};

} // namespace

TEST(ServersThatAreAdded, TakeOverAndGoAgain) {
  real_options alone;
  alone.nodes = 1;
  alone.runtime = "simulated";
  real_cluster cluster{alone};
  ASSERT_TRUE(cluster.up()) << cluster.output();
  writer clients{cluster};
  for (int i = 2; i <= 5; ++i)
    EXPECT_TRUE(cluster.run("store member add")) << cluster.output();
  EXPECT_FALSE(cluster.run("store member add server-2"));
  EXPECT_FALSE(cluster.run("store member add nonsense"));
  EXPECT_FALSE(cluster.run("store member remove server-1"));
  EXPECT_FALSE(cluster.run("store member remove server-7"));
  for (auto name : {"server-2", "server-4"})
    EXPECT_TRUE(cluster.run(std::string{"store member remove "} + name))
        << cluster.output();
  EXPECT_EQ(cluster.server("server-2"), 0);
  auto made = clients.stop();
  ASSERT_FALSE(made.empty());
  // Whoever is left has everything, and serves when the first one has gone.
  auto third = cluster.server("server-3");
  cluster.kill_server();
  ASSERT_TRUE(cluster.run("get configmaps -o name")) << cluster.output();
  auto names = "\n" + cluster.output();
  for (auto& name : made)
    EXPECT_NE(names.find("\nconfigmap/" + name + "\n"), std::string::npos)
        << name;
  // They are found again, and one after another is taken out.
  ASSERT_TRUE(cluster.run("up --port 0 --detach")) << cluster.output();
  EXPECT_EQ(cluster.server("server-3"), third);
  ASSERT_TRUE(cluster.run("store hash")) << cluster.output();
  ASSERT_TRUE(cluster.down());
  ASSERT_TRUE(cluster.run("up --port 0 --servers 1 --detach"))
      << cluster.output();
  EXPECT_EQ(cluster.server("server-3"), 0);
  ASSERT_TRUE(cluster.run("get configmap " + made.back())) << cluster.output();
  ASSERT_TRUE(cluster.down());
  EXPECT_FALSE(cluster.run("up --port 0 --servers 3 --detach"));
  ASSERT_TRUE(cluster.run("up --port 0 --servers 3 --processes --detach"))
      << cluster.output();
  EXPECT_NE(cluster.server("server-3"), 0);
  EXPECT_TRUE(cluster.run("store hash")) << cluster.output();
}

} // namespace troupe::test
