#include "tests/support/command_cluster.hpp"

namespace troupe::test {

namespace {

/// A deployment that is quick to replace.
constexpr const char* web = R"(apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 2
  progressDeadlineSeconds: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      terminationGracePeriodSeconds: 1
      containers:
        - name: web
          image: troupe/web:1
          env:
            - {name: POD_IP, valueFrom: {fieldRef: {fieldPath: status.podIP}}}
)";

} // namespace

TEST_F(Commands, RolloutsAreFollowedAndTakenBack) {
  write("web.yaml", web);
  out_of("apply -f $DIR/web.yaml");
  expect({
      {"rollout status deployment/web",
       0,
       {"deployment \"web\" successfully rolled out\n"},
       {}},
      {"rollout status deployment web --watch=false",
       0,
       {"successfully rolled out"},
       {}},
      {"rollout status deployment/web --revision=1",
       0,
       {"successfully rolled out"},
       {}},
      {"rollout undo deployment/web",
       1,
       {},
       {"no rollout history found for deployment \"web\""}},
      {"set image deployment/web web=no/such:1", 0, {"image updated"}, {}},
      {"annotate deployment web kubernetes.io/change-cause='the second'",
       0,
       {"annotated"},
       {}},
  });
  // There is no such image. The rollout ends with an error by its deadline, and
  // the old pods still serve.
  auto bad = run("rollout status deployment/web --timeout=60s");
  EXPECT_EQ(bad.code, 1);
  EXPECT_NE(
      bad.err.find("error: deployment \"web\" exceeded its progress deadline"),
      std::string::npos)
      << bad.out << bad.err;
  EXPECT_TRUE(until_prints("get deployment web", "web 2/2 1"));
  expect({
      {"rollout history deployment/web",
       0,
       {"deployment.apps/web\nREVISION CHANGE-CAUSE\n1 <none>\n2 the second\n"},
       {}},
      {"rollout history deployment/web --revision=2",
       0,
       {"with revision #2\nPod Template:\n", "no/such:1"},
       {}},
      {"rollout history deployment/web --revision=9",
       1,
       {""},
       {"unable to find the specified revision"}},
      {"rollout undo -f $DIR/web.yaml --dry-run=client",
       0,
       {"deployment.apps/web rolled back (dry run)"},
       {}},
      {"rollout undo deployment/web --dry-run=server",
       0,
       {"deployment.apps/web rolled back (server dry run)"},
       {}},
      {"rollout undo deployment/web --to-revision=9",
       1,
       {},
       {"unable to find specified revision 9 in history"}},
      {"rollout undo deployment/web",
       0,
       {"deployment.apps/web rolled back"},
       {}},
      {"rollout status deployment/web --timeout=60s",
       0,
       {"successfully rolled out"},
       {}},
      {"get deployment web -o "
       "'jsonpath={.spec.template.spec.containers[0].image}'",
       0,
       {"troupe/web:1"},
       {}},
      {"rollout undo deployment/web --to-revision=3",
       0,
       {"skipped rollback (current template already matches revision 3)"},
       {}},
      {"rollout status deployment/web --revision=1",
       1,
       {},
       {"desired revision (1) is different from the running revision (3)"}},
  });
}

TEST_F(Commands, RolloutsArePausedResumedAndRestarted) {
  write("web.yaml", web);
  out_of("apply -f $DIR/web.yaml");
  out_of("rollout status deployment/web --timeout=60s");
  auto before = out_of("get pods -o name");
  expect({
      {"rollout pause deployment/web", 0, {"deployment.apps/web paused"}, {}},
      {"rollout pause deployment/web",
       1,
       {},
       {"deployments.apps \"web\" is already paused"}},
      {"rollout restart deployment/web",
       1,
       {},
       {"can't restart paused deployment"}},
      {"rollout undo deployment/web",
       1,
       {},
       {"cannot rollback a paused deployment"}},
      {"rollout resume deployment/web", 0, {"deployment.apps/web resumed"}, {}},
      {"rollout resume deployment/web", 1, {}, {"is not paused"}},
      {"rollout restart deployment/web",
       0,
       {"deployment.apps/web restarted"},
       {}},
      {"rollout status deployment/web --timeout=60s",
       0,
       {"successfully rolled out"},
       {}},
      {"get deployment web -o 'jsonpath={.spec.template.metadata.annotations}'",
       0,
       {"kubectl.kubernetes.io/restartedAt"},
       {}},
  });
  ASSERT_TRUE(
      until_prints("get deployment web -o 'jsonpath={.status.replicas}'", "2"));
  auto after = out_of("get pods -o name");
  for (auto& pod : split_command(squeezed(before)))
    EXPECT_EQ(after.find(pod), std::string::npos) << pod;
  expect({
      {"rollout status deployment/none",
       1,
       {},
       {"deployments.apps \"none\" not found"}},
      {"rollout restart configmap/kube-root-ca.crt",
       1,
       {},
       {"are not supported"}},
      {"rollout history deployment/none", 1, {}, {"not found"}},
  });
}

TEST_F(Commands, RolloutStatusStopsAtItsTimeout) {
  out_of("create deployment stuck --image=no/such:1");
  auto got = run("rollout status deployment/stuck --timeout=300ms");
  EXPECT_EQ(got.code, 1);
  EXPECT_NE(got.out.find("0 of 1 updated replicas are available"),
            std::string::npos)
      << got.out;
  EXPECT_NE(got.err.find("timed out waiting for the condition"),
            std::string::npos)
      << got.err;
}

} // namespace troupe::test
