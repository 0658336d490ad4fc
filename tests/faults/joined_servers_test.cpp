// Servers that join from other machines, each with a data directory of its own,
// and what is left when the machine on which the cluster began is gone.

#include "cli/directory_lock.hpp"
#include "cli/server_settings.hpp"
#include "machines.hpp"
#include "messages/api/core_config.pb.h"
#include "messages/api/core_node.pb.h"
#include "messages/api/core_pod.pb.h"
#include "messages/api/core_service.pb.h"
#include "messages/api/meta.pb.h"
#include "runtime/crypto/kubeconfig.hpp"
#include "runtime/rules/node_plan.hpp"
#include "tests/support/machine_view.hpp"
#include "tests/support/real_cluster.hpp"

#include <gtest/gtest.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <unistd.h>

namespace troupe::test {

namespace {

namespace fs = std::filesystem;
using core::v1::Node;
using core::v1::Pod;

/// A data directory on one of the machines, and what runs from it.
class place {
public:
  place(real_cluster& cluster, const machines& all, size_t machine,
        const std::string& name)
      : dir_(cluster.folder() / name),
        command_("timeout -s KILL 90 " + all.launcher(machine)
                 + cluster.program("troupe") + " --data-dir " + dir_.string()
                 + " ") {
    fs::create_directories(dir_);
  }

  ~place() { end(); }

  place(const place&) = delete;
  place& operator=(const place&) = delete;

  const fs::path& dir() const { return dir_; }
  const std::string& output() const { return output_; }

  bool run(const std::string& words) {
    auto into = dir_.string() + ".output";
    auto line = command_ + words + " >" + into + " 2>&1 </dev/null";
    auto good = std::system(line.c_str()) == 0;
    output_ = content_of(into);
    return good;
  }

  /// Whether a command's output comes to have a part.
  bool shows(const std::string& words, const std::string& part) {
    return wait_until(
        [&] { return run(words) && output_.find(part) != std::string::npos; });
  }

  pid_t process() const { return cli::holder_of(dir_).pid; }

  void end() const {
    for (auto& each : {dir_, dir_ / "processes" / "far"})
      if (auto pid = cli::holder_of(each).pid; pid > 0)
        kill(pid, SIGKILL);
  }

  std::unique_ptr<command_client> connect() const {
    auto config = crypto::read_kubeconfig(dir_ / "kubeconfig");
    auto client = command_client::connect(*crypto::choose(*config, {}));
    return client ? std::move(*client) : nullptr;
  }

private:
  fs::path dir_;
  std::string command_;
  std::string output_;
};

struct JoinedServers : ::testing::Test {
  std::unique_ptr<machines> all;
  std::unique_ptr<real_cluster> cluster;
  std::string first; ///< where the first server answers

  void SetUp() override {
    if (geteuid() != 0)
      GTEST_SKIP() << "needs root, for networks of its own";
    all = std::make_unique<machines>(3);
    real_options options;
    options.nodes = 1;
    options.runtime = "simulated";
    options.hosts = {machines::address(1)};
    options.launcher = all->launcher(1);
    cluster = std::make_unique<real_cluster>(options);
    ASSERT_TRUE(cluster->up()) << cluster->output();
    first = crypto::choose(
                *crypto::read_kubeconfig(cluster->data() / "kubeconfig"), {})
                ->cluster.actors;
  }

  /// Makes a token and returns how it is given to who joins.
  std::string token(const std::string& role) {
    EXPECT_TRUE(cluster->run("token create --role " + role))
        << cluster->output();
    auto file = cluster->folder() / (role + ".token");
    auto& text = cluster->output();
    std::ofstream{file} << text.substr(0, text.find('\n') + 1);
    return " --token-file " + file.string();
  }

  std::string joining(const std::string& role) {
    return " --join " + first + token(role) + " --discovery-port 0 --detach ";
  }

  std::unique_ptr<place> at(size_t machine, const std::string& name) {
    return std::make_unique<place>(*cluster, *all, machine, name);
  }

  /// How often another server comes to lead to the API, where none is lost.
  static size_t api_moves(place& where) {
    auto client = where.connect();
    if (!client)
      return SIZE_MAX;
    size_t moves = 0;
    client->watch(
        {&kind_of<core::v1::Endpoints>(),
         "default",
         {},
         "metadata.name=kubernetes"},
        {},
        [&](const changes& batch) {
          for (auto& each : batch.items)
            moves += each.what.name() == "kubernetes";
          return moves < 3;
        },
        std::chrono::seconds(1));
    return moves - 1;
  }

  static bool is_refused(place& where, const std::string& words,
                         const std::string& reason) {
    return !where.run(words)
           && where.output().find(reason) != std::string::npos;
  }
};

object sleeper(const std::string& name, const std::string& node) {
  Pod pod;
  pod.mutable_metadata()->set_name(name);
  pod.mutable_metadata()->set_namespace_("default");
  auto& spec = *pod.mutable_spec();
  (*spec.mutable_node_selector())["kubernetes.io/hostname"] = node;
  auto& container = *spec.add_containers();
  container.set_name("c");
  container.set_image("none");
  return object::of(pod);
}

bool is_running(command_client& client, const std::string& pod) {
  call::Request get;
  get.set_verb(call::GET);
  get.set_api_version("v1");
  get.set_kind("Pod");
  get.set_namespace_("default");
  get.set_name(pod);
  auto found = client.ask(get, {}, std::chrono::seconds(5));
  return found && found->one().as<Pod>().status().phase() == "Running";
}

} // namespace

TEST_F(JoinedServers, AreRefusedWithoutTheRightTokenOrName) {
  auto second = at(2, "second");
  auto words = "server" + joining("node");
  EXPECT_TRUE(is_refused(*second, words, "does not let in a server"))
      << second->output();
  auto right = joining("server");
  EXPECT_TRUE(is_refused(*second, "server" + right + "--name server-1",
                         "has a server \"server-1\" already"))
      << second->output();
  EXPECT_TRUE(is_refused(*second, "server" + right + "--name second",
                         "no name of a server"))
      << second->output();
  auto file = cluster->folder() / "server.token";
  auto text = content_of(file);
  text.replace(text.find('.') + 1, 4, "0000");
  std::ofstream{file} << text;
  EXPECT_TRUE(is_refused(*second, "server" + right, "the token is wrong"))
      << second->output();
  ASSERT_TRUE(cluster->run("store member list"));
  EXPECT_EQ(cluster->output().find("server-2"), std::string::npos);
}

TEST_F(JoinedServers, GoOnWithoutTheMachineOnWhichTheClusterBegan) {
  auto second = at(2, "second");
  auto third = at(3, "third");
  auto node = at(machines::here, "node");
  // Before there are others: it hears of them.
  ASSERT_TRUE(
      node->run("node --name far --runtime simulated" + joining("node")))
      << node->output();
  auto words = "server" + joining("server");
  ASSERT_TRUE(second->run(words)) << second->output();
  ASSERT_TRUE(third->run(words)) << third->output();
  ASSERT_TRUE(cluster->run("store member list"));
  EXPECT_NE(cluster->output().find("server-3"), std::string::npos);
  EXPECT_EQ(cluster->output().find("false  false"), std::string::npos)
      << cluster->output();
  for (auto* part : {"server-2/store/replica", "server-3/store/replica",
                     "server-2/presence"}) {
    EXPECT_TRUE(third->shows("topology", part)) << part;
    EXPECT_TRUE(cluster->run("topology")) << cluster->output();
    EXPECT_NE(cluster->output().find(part), std::string::npos) << part;
  }
  ASSERT_TRUE(second->run("kill server-3/apiserver/registry"))
      << second->output();
  EXPECT_TRUE(wait_until([&] {
    auto known = cli::read_server_settings(second->dir());
    return known && known->find("server-3") != nullptr;
  }));

  cluster->kill_server();
  ASSERT_TRUE(wait_until([&] {
    return second->run("create configmap after --from-literal=a=b");
  })) << second->output();
  EXPECT_TRUE(third->shows("get configmap after", "after"));
  // Pods reach the API at a server that is there, and no two quarrel about it.
  EXPECT_TRUE(wait_until([&] {
    return third->run("get endpoints kubernetes -o yaml")
           && third->output().find(machines::address(1)) == std::string::npos;
  })) << third->output();
  EXPECT_EQ(api_moves(*third), 0u);
  auto client = third->connect();
  ASSERT_NE(client, nullptr);
  ASSERT_TRUE(wait_until(
      [&] { return static_cast<bool>(create(*client, sleeper("s", "far"))); }));
  EXPECT_TRUE(wait_until([&] { return is_running(*client, "s"); }));
}

TEST_F(JoinedServers, AreReplacedByBlankOnesAndComeBackAsThemselves) {
  auto second = at(2, "second");
  auto third = at(3, "third");
  auto words = "server" + joining("server");
  ASSERT_TRUE(second->run(words)) << second->output();
  ASSERT_TRUE(third->run(words)) << third->output();
  kill(third->process(), SIGKILL);
  ASSERT_TRUE(wait_until([&] { return third->process() == 0; }));
  ASSERT_TRUE(third->run("server --discovery-port 0 --detach"))
      << third->output();
  EXPECT_TRUE(third->shows("store member list", "server-3"));
  for (auto* wrong : {"up --detach", "server --name server-2 --detach"})
    EXPECT_TRUE(is_refused(*second, wrong, "running already"))
        << second->output();
  EXPECT_TRUE(is_refused(*second, "store member add", "troupe server --join"))
      << second->output();
  ASSERT_TRUE(second->run("store member remove server-3")) << second->output();
  EXPECT_TRUE(wait_until([&] { return third->process() == 0; }));
  EXPECT_NE(content_of(third->dir() / "troupe.log").find("was removed"),
            std::string::npos);
  EXPECT_TRUE(is_refused(*third, "server --discovery-port 0 --detach",
                         "was removed from the cluster"))
      << third->output();
  EXPECT_TRUE(is_refused(*third, "up --detach", "is of server-3"))
      << third->output();
  auto blank = at(3, "blank");
  ASSERT_TRUE(blank->run(words + "--name server-3")) << blank->output();
  EXPECT_TRUE(second->shows("store member list", "server-3"));
  EXPECT_TRUE(blank->run("get nodes")) << blank->output();
}

} // namespace troupe::test
