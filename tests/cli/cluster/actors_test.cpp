#include "tests/support/command_cluster.hpp"

#include <nlohmann/json.hpp>

namespace troupe::test {

TEST_F(Commands, TopologyShowsActorsAndKillEndsThem) {
  expect({
      {"topology",
       0,
       {"ACTOR COMPONENT RESTARTS FACTS LAST FAILURE\n", "\nroot supervisor 0",
        "\nscheduler scheduler 0", "controllers/replicaset",
        "kubelet/node-2/runtime"},
       {}},
      {"topology kubelet/node-2",
       0,
       {"kubelet/node-2 kubelet 0 pods=", "kubelet/node-2/runtime"},
       {}},
      {"kill controllers/endpoints controllers/namespace",
       0,
       {"controllers/endpoints killed\ncontrollers/namespace killed\n"},
       {}},
      {"topology none", 1, {}, {"no actor at \"none\""}},
      {"kill none", 1, {}, {"no actor at \"none\""}},
      {"kill none --for 5s", 1, {}, {"no actor at \"none\""}},
      {"kill root --for 5s", 1, {}, {"no supervisor"}},
  });
  EXPECT_TRUE(until_prints("topology controllers/endpoints",
                           "controllers/endpoints endpoints 1 "));
}

TEST_F(Commands, KillKeepsAnActorAwayForAWhile) {
  expect({
      {"kill kubelet/node-2 --for 1m",
       0,
       {"kubelet/node-2 killed, back in 1m0s\nkubelet/node-2/runtime killed, "
        "back in 1m0s\n"},
       {}},
  });
  ASSERT_TRUE(until_prints("topology kubelet/node-2",
                           "kubelet/node-2 kubelet 1 stopped, back in "));
  ASSERT_TRUE(until_prints(
      "topology kubelet/node-2",
      "kubelet/node-2/runtime process_runtime 1 stopped, back in "));
  EXPECT_TRUE(until_prints(
      "wait node/node-2 --for=condition=Ready=Unknown --timeout=30s",
      "condition met"));
  EXPECT_TRUE(until_prints(
      "status",
      "kubelet/node-2 Stopped 0 3 kubelet/node-2 is kept away, back in "));
  expect({
      {"get node node-2", 0, {"node-2 NotReady"}, {}},
      {"kill kubelet/node-2", 1, {}, {"kept away already"}},
      // A new time counts from now.
      {"kill kubelet/node-2 --for 100ms", 0, {"back in 100ms"}, {}},
      {"wait node/node-2 --for=condition=Ready --timeout=60s",
       0,
       {"condition met"},
       {}},
  });
  EXPECT_TRUE(until_prints("status", "3 of 3 Ready"));
}

TEST_F(Commands, WhyTellsWhatWasDecided) {
  out_of("create deployment web --image=troupe/web:1");
  ASSERT_TRUE(until_prints("get deployment web", "web 1/1"));
  out_of("expose deployment web --port=80 --target-port=8080");
  EXPECT_TRUE(until_prints("why service/web",
                           "proxy/kube_proxy: port 80: 1 endpoints"));
  expect({
      {"why deployment/web", 0, {"controllers/deployment: "}, {}},
      {"why deployment web", 0, {"controllers/deployment: "}, {}},
      {"why node/node-1", 0, {"controllers/node: "}, {}},
      {"why configmap/kube-root-ca.crt",
       0,
       {"no component decides anything about it"},
       {}},
      {"why pod/none", 1, {}, {"pods \"none\" not found"}},
      {"why pod", 2, {}, {"name one object"}},
  });
}

TEST_F(Commands, StatusTellsOfTheWholeCluster) {
  out_of("run web --image=troupe/web:1");
  ASSERT_TRUE(until_prints("get pod web", "1/1 Running"));
  ASSERT_TRUE(until_prints("status", "3 of 3 Ready"));
  expect({
      {"status",
       0,
       {"Cluster: running for ", "Since: 20", "Data directory: /",
        "Kubeconfig: /", "Address: 127.0.0.1:", "Process: ", "Version: ",
        "(Kubernetes v1.36.0)", "Store: revision ", "Running",
        "COMPONENT HEALTH ACTORS RESTARTS MESSAGE\n", "store Running",
        "apiserver ", "scheduler Running", "controllers ", "proxy Running",
        "kubelet/node-3 "},
       {}},
      {"status -o yaml", 0, {"running: true\n", "components:\n"}, {}},
  });
  auto doc = nlohmann::json::parse(out_of("status -o json"));
  EXPECT_EQ(doc["dataDirectory"], data_dir().string());
  EXPECT_EQ(doc["nodes"]["ready"], 3);
  EXPECT_GT(doc["store"]["revision"], 0);
  EXPECT_GT(doc["store"]["bytes"], 0);
  EXPECT_GT(doc["pods"]["Running"], 0);
  EXPECT_GT(doc["pid"], 0);
}

} // namespace troupe::test
