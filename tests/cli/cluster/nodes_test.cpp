#include "tests/support/command_cluster.hpp"

namespace troupe::test {

TEST_F(Commands, CordonAndUncordon) {
  expect({
      {"cordon node-1", 0, {"node/node-1 cordoned"}, {}},
      {"cordon node-1", 0, {"node/node-1 already cordoned"}, {}},
      {"get node node-1", 0, {"Ready,SchedulingDisabled"}, {}},
      {"uncordon node-1 --dry-run=server",
       0,
       {"node/node-1 uncordoned (server dry run)"},
       {}},
      {"uncordon node-1", 0, {"node/node-1 uncordoned"}, {}},
      {"uncordon -l kubernetes.io/hostname=node-1",
       0,
       {"node/node-1 already uncordoned"},
       {}},
      // As `get -o name` writes them, and mixed.
      {"cordon node/node-1 node-2 --dry-run=client",
       0,
       {"node/node-1 cordoned (dry run)\nnode/node-2 cordoned (dry run)"},
       {}},
      {"cordon pod/x", 2, {}, {"only node is supported"}},
      {"cordon none", 1, {}, {"nodes \"none\" not found"}},
      {"cordon -l 'a in'", 1, {}, {"unable to parse requirement"}},
  });
}

TEST_F(Commands, TaintsAreSetAndRemoved) {
  expect({
      {"taint node node-1 a=b:NoSchedule c:PreferNoSchedule",
       0,
       {"node/node-1 tainted"},
       {}},
      {"taint node node-1 a=x:NoSchedule --overwrite",
       0,
       {"node/node-1 modified"},
       {}},
      {"get node node-1 -o 'jsonpath={.spec.taints[*].value}'", 0, {"x"}, {}},
      {"taint node node-1 a=y:NoSchedule",
       1,
       {},
       {"already has a taint(s) with same effect(s) and --overwrite is false"}},
      {"taint node node-1 none-", 1, {}, {"taint \"none\" not found"}},
      {"taint node none a=b:NoSchedule", 1, {}, {"nodes \"none\" not found"}},
      {"taint pod x a=b:NoSchedule", 2, {}, {"only node is supported"}},
      {"taint node node-1 a:NoSchedule- c-", 0, {"node/node-1 untainted"}, {}},
      {"get node node-1 -o 'jsonpath={.spec.taints}'", 0, {}, {}},
  });
}

TEST_F(Commands, DrainMovesPodsAndAsksBeforeItLosesAny) {
  write("pods.yaml", R"(apiVersion: v1
kind: Pod
metadata: {name: bare}
spec: {nodeName: node-3, terminationGracePeriodSeconds: 1, containers: [{name: c, image: x, command: [sleep, "600"]}]}
---
apiVersion: apps/v1
kind: ReplicaSet
metadata: {name: scratch}
spec:
  selector: {matchLabels: {app: scratch}}
  template:
    metadata: {labels: {app: scratch}}
    spec:
      terminationGracePeriodSeconds: 1
      nodeSelector: {kubernetes.io/hostname: node-3}
      volumes: [{name: s, emptyDir: {}}]
      containers: [{name: c, image: x, command: [sleep, "600"]}]
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 3
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {terminationGracePeriodSeconds: 1, containers: [{name: c, image: x, command: [sleep, "600"]}]}
)");
  out_of("apply -f $DIR/pods.yaml");
  ASSERT_TRUE(until_prints("get deployment web", "web 3/3"));
  ASSERT_TRUE(until_prints("get pod bare", "1/1 Running"));
  ASSERT_TRUE(until_prints("get replicaset scratch", "1 1 1"));
  auto refused = run("drain node-3");
  EXPECT_EQ(refused.code, 1);
  EXPECT_EQ(refused.out, "node/node-3 cordoned\n");
  EXPECT_NE(refused.err.find("cannot delete Pods with local storage (use "
                             "--delete-emptydir-data to override): "
                             + ns_ + "/scratch-"),
            std::string::npos)
      << refused.err;
  EXPECT_NE(refused.err.find("cannot delete Pods that declare no controller "
                             "(use --force to override): "
                             + ns_ + "/bare"),
            std::string::npos)
      << refused.err;
  EXPECT_TRUE(until_prints("get pod bare", "Running"));
  expect({
      {"drain node-3 --force --delete-emptydir-data --dry-run=client",
       0,
       {"node/node-3 already cordoned (dry run)\n",
        "evicting pod $NS/bare (dry run)\n", "node/node-3 drained (dry run)\n"},
       {"Warning: deleting Pods that declare no controller: $NS/bare\n"}},
      {"drain none --force", 1, {}, {"nodes \"none\" not found"}},
      {"drain node-3 --timeout=never", 2, {}, {"never"}},
      {"drain node-3 --force --delete-emptydir-data --timeout=60s",
       0,
       {"node/node-3 already cordoned\n", "evicting pod $NS/bare\n",
        "pod/bare evicted\n", "node/node-3 drained\n"},
       {"Warning: "}},
      {"get pod bare", 1, {}, {"not found"}},
      {"get pods --field-selector spec.nodeName=node-3 -o name", 0, {}, {}},
      {"uncordon node-3", 0, {"uncordoned"}, {}},
  });
  EXPECT_TRUE(until_prints("get deployment web", "web 3/3"));
}

} // namespace troupe::test
