#include "tests/support/command_cluster.hpp"

namespace troupe::test {

TEST_F(Commands, DescribeEveryKindThatIsActedOn) {
  write("rc.yaml", R"(apiVersion: v1
kind: ReplicationController
metadata: {name: rc}
spec: {replicas: 0, selector: {a: b}, template: {metadata: {labels: {a: b}}, spec: {containers: [{name: c, image: x}]}}}
)");
  out_of("create -f $DIR/rc.yaml");
  out_of("create deployment web --image=troupe/web:1 --port=8080");
  out_of("expose deployment web --port=80 --target-port=8080");
  out_of("create configmap c --from-literal=a=b");
  out_of("create secret generic s --from-literal=password=hunter2");
  ASSERT_TRUE(until_prints("get deployment web", "web 1/1"));
  ASSERT_TRUE(until_prints("get endpoints web", ":8080"));
  expect({
      {"describe pod web",
       0,
       {"Name: web-", "Namespace: $NS", "Node: node-", "Status: Running",
        "Containers:\nweb:\n", "Image: troupe/web:1", "State: Running",
        "Conditions:", "Events:\n", "Scheduled", "Started"},
       {}},
      {"describe deployment web",
       0,
       {"Name: web\n", "Selector: app=web\n",
        "Replicas: 1 desired | 1 updated | 1 total | 1 available | 0 "
        "unavailable\n",
        "StrategyType: RollingUpdate\n", "Pod Template:\n",
        "ScalingReplicaSet"},
       {}},
      {"describe replicaset web",
       0,
       {"Controlled By: Deployment/web\n", "Replicas: 1 current / 1 desired\n",
        "SuccessfulCreate"},
       {}},
      {"describe replicationcontroller rc",
       0,
       {"Name: rc\n", "Replicas: 0 current / 0 desired\n"},
       {}},
      {"describe service web",
       0,
       {"Name: web\n", "Type: ClusterIP\n", "Port: <unset> 80/TCP\n",
        "TargetPort: 8080/TCP\n", ":8080\n"},
       {}},
      {"describe endpoints web",
       0,
       {"Name: web\n", "Subsets:\n", "8080 TCP\n"},
       {}},
      {"describe endpointslices",
       0,
       {"AddressType: IPv4\n", "Conditions:\nReady: true\n"},
       {}},
      {"describe configmap c",
       0,
       {"Name: c\n", "Data\n====\na:\n----\nb\n"},
       {}},
      {"describe secret s", 0, {"Type: Opaque\n", "password: 7 bytes\n"}, {}},
      {"describe serviceaccount default", 0, {"Name: default\n"}, {}},
      {"describe namespace $NS", 0, {"Name: $NS\n", "Status: Active\n"}, {}},
      {"describe node node-1",
       0,
       {"Name: node-1\n", "Conditions:\n", "LoopbackNetwork True",
        "Capacity:\n", "System Info:\n", "Non-terminated Pods:"},
       {}},
      {"describe priorityclass system-node-critical",
       0,
       {"Value: 2000001000\n"},
       {}},
      {"describe cm,secret -l no=such",
       0,
       {},
       {"No resources found in $NS namespace.\n"}},
      {"describe cm/c secret/s", 0, {"Name: c\n", "Name: s\n"}, {}},
      {"describe pods -A -l app=web", 0, {"Namespace: $NS"}, {}},
      {"describe pod none",
       1,
       {},
       {"Error from server (NotFound): pods \"none\" not found"}},
      {"describe pods -l 'a in'", 1, {}, {"unable to parse requirement"}},
  });
  // A node renews its lease in its own time.
  EXPECT_TRUE(
      until_prints("describe lease node-1 -n kube-node-lease", "Name: node-1"));
  // What is secret is not shown.
  EXPECT_EQ(out_of("describe secret s").find("hunter2"), std::string::npos);
}

TEST_F(Commands, EventsOfAPodAreToldInTheirOrder) {
  write("crash.yaml", R"(apiVersion: v1
kind: Pod
metadata: {name: crash}
spec: {containers: [{name: c, image: x, command: [sh, -c, exit 3]}]}
)");
  out_of("apply -f $DIR/crash.yaml");
  for (auto* line : {"describe pod crash", "describe -f $DIR/crash.yaml",
                     "events --for pod/crash"}) {
    ASSERT_TRUE(until_prints(line, "Back-off restarting failed container c in "
                                   "pod crash_"));
    auto text = out_of(line);
    size_t at = 0;
    for (auto* part : {"Successfully assigned", "Created container: c",
                       "Started container c", "Back-off restarting"}) {
      auto found = text.find(part, at);
      EXPECT_NE(found, std::string::npos) << part << " in " << text;
      at = std::min(found, text.size());
    }
  }
  expect({{"get events -o 'jsonpath={.items[?(@.reason==\"Started\")].source"
           ".component}'",
           0,
           {"kubelet"},
           {}},
          {"events --for pod/crash -o name", 0, {"event/crash."}, {}},
          {"events --for pod/crash -o 'jsonpath={.items[*].reason}'",
           0,
           {"Scheduled", "Started"},
           {}},
          {"events -o frob", 2, {}, {"output format \"frob\""}},
          {"describe -f $DIR/none.yaml", 1, {}, {"does not exist"}},
          {"describe pod x -f $DIR/crash.yaml", 2, {}, {"cannot specify"}}});
}

} // namespace troupe::test
