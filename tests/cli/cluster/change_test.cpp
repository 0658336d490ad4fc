#include "tests/support/command_cluster.hpp"

namespace troupe::test {

TEST_F(Commands, LabelAndAnnotate) {
  out_of("create configmap a");
  out_of("create configmap b");
  expect({
      {"label configmap a team=x tier=front", 0, {"configmap/a labeled"}, {}},
      {"label configmap a team=x", 0, {"configmap/a not labeled"}, {}},
      {"label configmap a team=y --overwrite -o "
       "'jsonpath={.metadata.labels.team}'",
       0,
       {"y"},
       {}},
      {"label cm --all new=1",
       0,
       {"configmap/a labeled", "configmap/b labeled"},
       {}},
      {"label cm -l tier tier-", 0, {"configmap/a unlabeled"}, {}},
      {"label configmap/a none-",
       0,
       {"label \"none\" not found.\nconfigmap/a not labeled"},
       {}},
      {"label cm a --list", 0, {"new=1\nteam=y\n"}, {}},
      {"label cm a dry=1 --dry-run=server",
       0,
       {"configmap/a labeled (server dry run)"},
       {}},
      {"label cm a dry=1 --dry-run=client",
       0,
       {"configmap/a labeled (dry run)"},
       {}},
      {"get cm a -L dry,team", 0, {"NAME DATA AGE DRY TEAM\n", " y\n"}, {}},
      {"annotate cm a note='two words' other=x",
       0,
       {"configmap/a annotated"},
       {}},
      {"annotate cm a other-", 0, {"configmap/a annotated"}, {}},
      {"get cm a -o 'jsonpath={.metadata.annotations}'",
       0,
       {R"({"note":"two words"})"},
       {}},
      {"label cm a team=z",
       1,
       {},
       {"'team' already has a value (y), and --overwrite is false"}},
      {"annotate cm a note=z", 1, {}, {"--overwrite is false"}},
      {"label cm none a=b", 1, {}, {"configmaps \"none\" not found"}},
      {"label cm a 'bad key=x'", 1, {}, {"bad key"}},
      {"label cm a -- k=-bad-", 1, {}, {"-bad-"}},
      {"label cm a k=with/slash", 1, {}, {"with/slash"}},
      {"annotate cm a 'bad key=x'", 1, {}, {"bad key"}},
  });
}

TEST_F(Commands, ScaleAndSetImage) {
  out_of("create deployment web --image=troupe/web:1 --replicas=0");
  out_of("create deployment other --image=troupe/web:1 --replicas=0");
  expect({
      {"scale deployment web --replicas=2",
       0,
       {"deployment.apps/web scaled"},
       {}},
      {"get deployment web -o 'jsonpath={.spec.replicas}'", 0, {"2"}, {}},
      {"scale deployment/web --current-replicas=2 --replicas=0",
       0,
       {"deployment.apps/web scaled"},
       {}},
      {"scale deployments --all --replicas=0",
       0,
       {"deployment.apps/other scaled\ndeployment.apps/web scaled"},
       {}},
      {"scale deployment web --replicas=3 --dry-run=server",
       0,
       {"deployment.apps/web scaled (server dry run)"},
       {}},
      {"set image deployment/web web=troupe/web:2",
       0,
       {"deployment.apps/web image updated"},
       {}},
      {"set image deployment/web '*=troupe/web:3'",
       0,
       {"deployment.apps/web image updated"},
       {}},
      {"get deployment web -o "
       "'jsonpath={.spec.template.spec.containers[0].image} {.spec.replicas}'",
       0,
       {"troupe/web:3 0"},
       {}},
      {"set image deployment/web web=troupe/web:3", 0, {}, {}},
      // From here on nothing changes.
      {"rollout status deployment/web",
       0,
       {"deployment \"web\" successfully rolled out"},
       {}},
      {"scale deployment web --replicas=-1", 2, {}, {"replicas"}},
      {"scale deployment web --current-replicas=7 --replicas=1", 1, {}, {"7"}},
      {"scale deployment none --replicas=1",
       1,
       {},
       {"deployments.apps \"none\" not found"}},
      {"scale configmap kube-root-ca.crt --replicas=1",
       1,
       {},
       {"could not find the requested resource"}},
      {"set image deployment/web none=x", 1, {}, {"none"}},
      {"set image deployment/web web=", 2, {}, {"invalid image \"web=\""}},
      {"set image deployment/none web=x",
       1,
       {},
       {"deployments.apps \"none\" not found"}},
      {"set image deployment/web web",
       2,
       {},
       {"at least one image update is required"}},
      {"set image configmap/kube-root-ca.crt web=x",
       1,
       {},
       {"has no containers"}},
  });
}

TEST_F(Commands, DeleteByNameLabelAndFile) {
  for (auto* name : {"a", "b", "c", "d"})
    out_of(std::string{"create configmap "} + name);
  out_of("label cm b c team=x");
  write("d.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: d}\n");
  expect({
      {"delete cm a --dry-run=client",
       0,
       {"configmap \"a\" deleted (dry run)"},
       {}},
      {"delete cm a --dry-run=server",
       0,
       {"configmap \"a\" deleted (server dry run)"},
       {}},
      {"delete cm a", 0, {"configmap \"a\" deleted"}, {}},
      {"delete cm -l team=x",
       0,
       {"configmap \"b\" deleted\nconfigmap \"c\" deleted"},
       {}},
      {"delete -f $DIR/d.yaml", 0, {"configmap \"d\" deleted"}, {}},
      {"delete cm -l team=x", 0, {"No resources found"}, {}},
      {"delete -f $DIR/d.yaml --ignore-not-found", 0, {""}, {}},
      {"delete -f $DIR/d.yaml", 1, {}, {"configmaps \"d\" not found"}},
      {"delete cm none",
       1,
       {},
       {"Error from server (NotFound): configmaps \"none\" not found"}},
      {"delete cm -l 'a in'", 1, {}, {"unable to parse requirement"}},
      {"delete namespace default --dry-run=server", 1, {}, {"forbidden"}},
  });
}

TEST_F(Commands, DeleteWaitsUntilPodsAreGone) {
  out_of("create deployment web --image=troupe/web:1 --replicas=1");
  ASSERT_TRUE(until_prints("get deployment web", "web 1/1"));
  auto pod = out_of("get pods -o name");
  pod.pop_back();
  expect({
      {("delete " + pod + " --now").c_str(), 0, {"deleted"}, {}},
      {("get " + pod).c_str(), 1, {}, {"not found"}},
  });
  ASSERT_TRUE(until_prints("get deployment web", "web 1/1"));
  // Orphaned, the replica set and its pod stay.
  expect({{"delete deployment web --cascade=orphan",
           0,
           {"deployment.apps \"web\" deleted"},
           {}}});
  EXPECT_TRUE(until_prints("get replicasets", "1 1 1"));
  auto set = out_of("get replicaset -o name");
  set.pop_back();
  expect({{("delete " + set + " --cascade=foreground").c_str(),
           0,
           {"deleted"},
           {}},
          {"get pods", 0, {}, {"No resources found"}}});
}

TEST_F(Commands, WaitForWhatIsWished) {
  out_of("run web --image=troupe/web:1");
  out_of("create configmap c");
  expect({
      {"wait pod/web --for=condition=Ready --timeout=60s",
       0,
       {"pod/web condition met"},
       {}},
      {"wait pod web --for=condition=ready=True",
       0,
       {"pod/web condition met"},
       {}},
      {"wait pod/web --for=jsonpath={.status.phase}=Running",
       0,
       {"pod/web condition met"},
       {}},
      {"wait pods --all --for=create", 0, {"pod/web condition met"}, {}},
      {"wait pods -l run=web --for=condition=Ready",
       0,
       {"pod/web condition met"},
       {}},
      {"wait pod/none --for=delete", 0, {""}, {}},
      {"wait cm/c --for=condition=Ready --timeout=100ms",
       1,
       {},
       {"timed out waiting for the condition on configmaps/c"}},
      {"wait pod/web --for=delete --timeout=100ms",
       1,
       {},
       {"timed out waiting for the condition on pods/web"}},
      {"wait pod/none --for=condition=Ready",
       1,
       {},
       {"pods \"none\" not found"}},
      {"wait pods -l no=such --for=condition=Ready",
       1,
       {},
       {"no matching resources found"}},
  });
  out_of("delete pod web --now --wait=false");
  expect({{"wait pod/web --for=delete --timeout=60s", 0, {""}, {}}});
}

} // namespace troupe::test
