// Services whose pods are on machines to which no route leads: every node
// answers for all of them.

#include "machines.hpp"
#include "tests/runtime/net/plain_sockets.hpp"
#include "tests/support/real_cluster.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <set>
#include <signal.h>
#include <unistd.h>

namespace troupe::test {

namespace {

namespace fs = std::filesystem;

constexpr uint16_t node_port = 31080;
constexpr auto service = R"(
apiVersion: v1
kind: Service
metadata: {name: web}
spec:
  type: NodePort
  selector: {app: web}
  ports: [{port: 80, targetPort: 8080, nodePort: 31080}]
)";
constexpr auto pod = R"(---
apiVersion: v1
kind: Pod
metadata: {name: on-@node@, labels: {app: web}}
spec:
  nodeSelector: {kubernetes.io/hostname: @node@}
  containers:
    - name: web
      image: none
      command: ['@web@', serve]
      env:
        - {name: PORT, value: "8080"}
        - {name: POD_IP, valueFrom: {fieldRef: {fieldPath: status.podIP}}}
        - {name: POD_NAME, valueFrom: {fieldRef: {fieldPath: metadata.name}}}
)";

void replace_all(std::string& text, const std::string& from,
                 const std::string& to) {
  for (size_t at = 0; (at = text.find(from, at)) != std::string::npos;
       at += to.size())
    text.replace(at, from.size(), to);
}

/// Returns the pod that answers a client of ours at a machine's node port; ""
/// when none does.
std::string answering(size_t machine) {
  auto fd = net::plain_socket();
  auto address = net::parse_ipv4(machines::address(machine));
  if (net::connect_to(fd, {*address, node_port}) != 0
      || !net::send_text(fd, "GET / HTTP/1.0\r\n\r\n"))
    return {};
  auto text = net::receive_text(fd, 4096);
  auto at = text.find("pod: ");
  return at == std::string::npos
             ? std::string{}
             : text.substr(at + 5, text.find('\n', at) - at - 5);
}

/// One server and three nodes, each node on a machine of its own.
struct ServicesApart : ::testing::Test {
  static constexpr size_t nodes = 3;

  void SetUp() override {
    if (geteuid() != 0)
      GTEST_SKIP() << "needs root, for networks of its own";
    all = std::make_unique<machines>(3);
    real_options options;
    options.nodes = 1;
    options.hosts = {machines::address(1)};
    options.launcher = all->launcher(1);
    cluster = std::make_unique<real_cluster>(options);
    ASSERT_TRUE(cluster->up()) << cluster->output();
    ASSERT_TRUE(cluster->run("token create --print-join-command"))
        << cluster->output();
    way_in = cluster->output();
    for (size_t i = 2; i <= nodes; ++i)
      ASSERT_TRUE(start_node(i));
    apply();
  }

  void TearDown() override {
    for (size_t i = 2; i <= nodes && all; ++i)
      EXPECT_TRUE(at(i, "down"));
  }

  static std::string node(size_t i) { return "node-" + std::to_string(i); }

  fs::path data(size_t i) const { return cluster->folder() / node(i); }

  /// Runs a command on that machine.
  bool at(size_t i, const std::string& words) {
    auto line = "timeout -s KILL 60 " + all->launcher(i)
                + cluster->program("troupe") + " --data-dir " + data(i).string()
                + " " + words + " >>" + (data(i).string() + ".log")
                + " 2>&1 </dev/null";
    return std::system(line.c_str()) == 0;
  }

  bool start_node(size_t i) {
    auto word_after = [&](const std::string& what) {
      auto from = way_in.find(what) + what.size();
      return way_in.substr(from, way_in.find_first_of(" \n'", from) - from);
    };
    fs::create_directories(data(i));
    auto token = data(i) / "token";
    std::ofstream{token} << word_after("TROUPE_TOKEN='");
    return at(i, "node --name " + node(i) + " --join " + word_after("--join ")
                     + " --token-file " + token.string() + " --detach");
  }

  void apply() {
    std::string text = service;
    for (size_t i = 1; i <= nodes; ++i) {
      std::string one = pod;
      replace_all(one, "@node@", node(i));
      replace_all(one, "@web@", cluster->program("web-server"));
      text += one;
    }
    auto file = cluster->folder() / "web.yaml";
    std::ofstream{file} << text;
    ASSERT_TRUE(cluster->run("apply -f " + file.string())) << cluster->output();
  }

  /// Asks at one machine until each of these pods has answered there.
  static bool all_answer(size_t machine, std::set<std::string> wanted) {
    return wait_until([&] {
      wanted.erase(answering(machine));
      return wanted.empty();
    });
  }

  std::unique_ptr<machines> all;
  std::unique_ptr<real_cluster> cluster;
  std::string way_in;
};

} // namespace

TEST_F(ServicesApart, AnswerOnEveryNodeWhicheverPodIsAsked) {
  for (size_t i = 1; i <= nodes; ++i)
    EXPECT_TRUE(all_answer(i, {"on-node-1", "on-node-2", "on-node-3"}))
        << "at machine " << i;
  // A killed end comes back.
  for (auto* actor : {"proxy/tunnels", "kubelet/node-2/tunnel"}) {
    EXPECT_TRUE(cluster->run(std::string{"kill "} + actor))
        << cluster->output();
    EXPECT_TRUE(all_answer(1, {"on-node-1", "on-node-2", "on-node-3"}))
        << "after " << actor << " was killed";
  }
}

TEST_F(ServicesApart, GoOnWithoutANodeThatDiesOrIsCutOff) {
  ASSERT_TRUE(all_answer(3, {"on-node-1", "on-node-2", "on-node-3"}));
  auto pid = process_that_joined(data(2), node(2));
  ASSERT_NE(pid, 0);
  kill(pid, SIGKILL);
  // Who asks is never left without an answer.
  for (int i = 0; i < 6; ++i) {
    auto who = answering(3);
    EXPECT_TRUE(who == "on-node-1" || who == "on-node-3") << who;
  }
  EXPECT_TRUE(start_node(2));
  EXPECT_TRUE(all_answer(3, {"on-node-1", "on-node-2", "on-node-3"}));
  all->cut(1, 2);
  EXPECT_TRUE(wait_until([&] {
    return cluster->run("get node node-2")
           && cluster->output().find("NotReady") != std::string::npos;
  }));
  for (int i = 0; i < 6; ++i) {
    auto who = answering(3);
    EXPECT_TRUE(who == "on-node-1" || who == "on-node-3") << who;
  }
  all->join(1, 2);
  EXPECT_TRUE(all_answer(3, {"on-node-1", "on-node-2", "on-node-3"}));
}

} // namespace troupe::test
