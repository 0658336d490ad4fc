#include "tests/support/command_cluster.hpp"

namespace troupe::test {

TEST_F(Commands, CreateEveryKindThatHasAWordOfItsOwn) {
  write("site.env", "# colours\nA=1\n\nB=x=y\n");
  write("page.html", "<p>hello</p>\n");
  expect({
      {"create namespace $NS-b", 0, {"namespace/$NS-b created"}, {}},
      {"create ns $NS-c -o name", 0, {"namespace/$NS-c\n"}, {}},
      {"create serviceaccount builder",
       0,
       {"serviceaccount/builder created"},
       {}},
      {"create sa tester --dry-run=server",
       0,
       {"serviceaccount/tester created (server dry run)"},
       {}},
      {"get serviceaccount tester",
       1,
       {},
       {"Error from server (NotFound): serviceaccounts \"tester\" not found"}},
      {"create configmap site --from-literal=title=Hello --from-literal=empty= "
       "--from-file=$DIR/page.html --from-env-file=$DIR/site.env",
       0,
       {"configmap/site created"},
       {}},
      {"get configmap site -o 'jsonpath={.data}'",
       0,
       {R"({"A":"1","B":"x=y","empty":"","page.html":"<p>hello</p>\n","title":"Hello"})"},
       {}},
      {"create cm folder --from-file=$DIR",
       0,
       {"configmap/folder created"},
       {}},
      {"get cm folder -o 'jsonpath={.data.site\\.env}'", 0, {"A=1"}, {}},
      {"create secret generic db --from-literal=password=hunter2",
       0,
       {"secret/db created"},
       {}},
      {"get secret db -o 'jsonpath={.type} {.data.password}'",
       0,
       {"Opaque aHVudGVyMg=="},
       {}},
      {"create service clusterip web --tcp=80:8080 --tcp=443:https",
       0,
       {"service/web created"},
       {}},
      {"get service web -o 'jsonpath={range .spec.ports[*]}{.name} {.port} "
       "{.targetPort};{end}'",
       0,
       {"80-8080 80 8080;443-https 443 https;"},
       {}},
      {"create service nodeport out --tcp=80:8080",
       0,
       {"service/out created"},
       {}},
      {"create svc loadbalancer lb --tcp=80",
       0,
       {"service/lb created"},
       {"Warning: "}},
      {"create service externalname db --external-name=db.example.com",
       0,
       {"service/db created"},
       {}},
      {"create service clusterip headless --clusterip=None",
       0,
       {"service/headless created"},
       {}},
      {"create deployment web --image=troupe/web:1 --replicas=0 --port=8080",
       0,
       {"deployment.apps/web created"},
       {}},
      {"get deployment web -o 'jsonpath={.spec.replicas} "
       "{.spec.selector.matchLabels} {.spec.template.spec.containers[0]}'",
       0,
       {"0 {\"app\":\"web\"}", "\"containerPort\":8080", "\"name\":\"web\""},
       {}},
      {"create deployment two --image=a/b:1 --image=c --replicas=0",
       0,
       {"deployment.apps/two created"},
       {}},
      {"create deploy sleeper --image=x --replicas=0 -- sleep 60",
       0,
       {"deployment.apps/sleeper created"},
       {}},
      {"get deployment sleeper -o "
       "'jsonpath={.spec.template.spec.containers[0].command}'",
       0,
       {R"(["sleep","60"])"},
       {}},
      {"delete namespace $NS-b $NS-c --wait=false", 0, {"deleted"}, {}},
  });
}

TEST_F(Commands, CreateMakesSecretsOfCertificatesAndLogins) {
  write("web.crt", "certificate");
  write("web.key", "key");
  write("config.json", "{\"auths\":{}}");
  expect({
      {"create secret tls web --cert=$DIR/web.crt --key=$DIR/none",
       1,
       {},
       {"none\" does not exist"}},
      {"create secret tls web --cert=$DIR/web.crt --key=$DIR/web.key",
       0,
       {"secret/web created"},
       {}},
      {"get secret web -o 'go-template={{.type}} {{index .data \"tls.crt\" | "
       "base64decode}}'",
       0,
       {"kubernetes.io/tls certificate"},
       {}},
      {"create secret docker-registry hub --docker-username=u "
       "--docker-password=p --docker-server=hub.example.com",
       0,
       {"secret/hub created"},
       {}},
      {"get secret hub --template='{{index .data \".dockerconfigjson\" | "
       "base64decode}}'",
       0,
       {R"({"auths":{"hub.example.com":{"auth":"dTpw","password":"p",)"
        R"("username":"u"}}})"},
       {}},
      {"create secret docker-registry file --from-file=$DIR/config.json",
       0,
       {"secret/file created"},
       {}},
  });
}

TEST_F(Commands, DeleteWaitsAsLongAsItIsTold) {
  write("held.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: held, "
                     "finalizers: [example.com/hold]}\n");
  write("half.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: "
                     "plain}\n---\napiVersion: v1\nkind: ConfigMap\n");
  out_of("create -f $DIR/held.yaml");
  out_of("create configmap plain");
  expect({
      // One without a name among them: none is deleted.
      {"delete -f $DIR/half.yaml", 1, {}, {"resource name may not be empty"}},
      {"wait -f $DIR/held.yaml --for=create",
       0,
       {"configmap/held condition met"},
       {}},
      {"wait cm x -f $DIR/held.yaml --for=create", 2, {}, {"cannot specify"}},
      {"delete cm plain --wait --timeout=20s -o name",
       0,
       {"configmap/plain"},
       {}},
      {"delete cm held --wait=false", 0, {"configmap \"held\" deleted"}, {}},
  });
  auto held = run("delete cm held --timeout=10ms");
  EXPECT_EQ(held.code, 1);
  EXPECT_EQ(held.out, "configmap \"held\" deleted\n");
  EXPECT_EQ(held.err, "error: timed out waiting for the condition on "
                      "configmap/held\n");
  out_of("patch cm held -p '{\"metadata\":{\"finalizers\":null}}'");
}

TEST_F(Commands, DeleteCascadesAsInOlderTimes) {
  out_of("create deployment web --image=x --replicas=0");
  out_of("wait deployment/web --for=jsonpath={.status.observedGeneration}");
  expect({{"delete deployment web --cascade=false", 0, {"deleted"}, {}},
          {"get replicasets -o name", 0, {"replicaset.apps/web-"}, {}},
          {"delete replicasets --all --cascade=true", 0, {"deleted"}, {}}});
}

TEST_F(Commands, SeveralFilesAreNamedByComma) {
  for (auto* name : {"a", "b"})
    write(std::string{name} + ".yaml",
          std::string{"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: "}
              + name + "}\n");
  expect({{"apply -f $DIR/a.yaml,$DIR/b.yaml",
           0,
           {"configmap/a created\nconfigmap/b created"},
           {}},
          {"apply -f $DIR/a.yaml,$DIR/none.yaml",
           1,
           {},
           {"none.yaml\" does not exist"}}});
}

TEST_F(Commands, CreateRefusesWhatIsThereOrWrong) {
  out_of("create configmap taken");
  write("bad.yaml", "apiVersion: v1\nkind: Frob\nmetadata: {name: x}\n");
  write(
      "typo.yaml",
      "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\ndaata: {a: b}\n");
  write("half.yaml", "apiVersion: v1\nkind: [\n");
  write("empty.yaml", "\n");
  write("elsewhere.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: "
                          "x, namespace: default}\n");
  expect({
      {"create configmap taken",
       1,
       {},
       {"Error from server (AlreadyExists): configmaps \"taken\" already "
        "exists"}},
      {"create namespace UPPER", 1, {}, {"UPPER", "metadata.name"}},
      {"create configmap c --from-literal=novalue", 1, {}, {"novalue"}},
      {"create configmap c --from-literal=a=1 --from-literal=a=2",
       1,
       {},
       {"another key by that name already exists"}},
      {"create configmap c --from-file=/no/such/file",
       1,
       {},
       {"/no/such/file"}},
      {"create configmap c --from-env-file=/no/such/file",
       1,
       {},
       {"/no/such/file"}},
      {"create service nodeport s --tcp=80 --node-port=80",
       1,
       {},
       {"spec.ports[0].nodePort", "80"}},
      {"create service clusterip s --tcp=80 --clusterip=1.2.3",
       1,
       {},
       {"1.2.3"}},
      {"create deployment d --image=", 2, {}, {"image"}},
      {"create deployment Bad_Name --image=x", 1, {}, {"Bad_Name"}},
      {"create deployment d --image=x -n $NS-nowhere",
       1,
       {},
       {"namespaces \"$NS-nowhere\" not found"}},
      {"create -f $DIR/bad.yaml", 1, {}, {"bad.yaml", "Frob"}},
      {"create -f $DIR/typo.yaml", 1, {}, {"typo.yaml", "daata"}},
      {"create -f $DIR/half.yaml", 1, {}, {"half.yaml"}},
      {"create -f $DIR/empty.yaml", 1, {}, {"no objects"}},
      {"create -f $DIR/none.yaml",
       1,
       {},
       {"the path \"$DIR/none.yaml\" does not exist"}},
      {"create -f $DIR/elsewhere.yaml",
       1,
       {},
       {"does not match the namespace"}},
      {"create configmap c extra", 2, {}, {"extra"}},
  });
}

TEST_F(Commands, RunMakesAPod) {
  expect({
      {"run web --image=troupe/web:1 --port=8080 --env=A=b=c "
       "--labels=app=w,tier=x --annotations=n=1",
       0,
       {"pod/web created"},
       {}},
      {"get pod web -o 'jsonpath={.metadata.labels} {.metadata.annotations.n} "
       "{.spec.containers[0].env} {.spec.restartPolicy}'",
       0,
       {R"({"app":"w","tier":"x"} 1 [{"name":"A","value":"b=c"}] Always)"},
       {}},
      {"run job --image=x --restart=Never --command -- sh -c 'exit 0'",
       0,
       {"pod/job created"},
       {}},
      {"get pod job -o 'jsonpath={.metadata.labels} "
       "{.spec.containers[0].command}'",
       0,
       {R"({"run":"job"} ["sh","-c","exit 0"])"},
       {}},
      {"run args --image=troupe/web:1 --dry-run=client -o yaml -- --port 9",
       0,
       {"args:\n- --port\n- \"9\""},
       {}},
      {"run both --image=troupe/web:1 --port=8080 --expose",
       0,
       {"pod/both created\nservice/both created"},
       {}},
      {"get service both -o 'jsonpath={.spec.ports[0].port} {.spec.selector}'",
       0,
       {R"(8080 {"run":"both"})"},
       {}},
      {"run web --image=x",
       1,
       {},
       {"Error from server (AlreadyExists): pods \"web\" already exists"}},
      {"run Web --image=x", 1, {}, {"Web", "metadata.name"}},
      {"run x --image=x --labels=a=b=c", 1, {}, {"labels"}},
  });
  EXPECT_TRUE(
      until_prints("get pod job -o 'jsonpath={.status.phase}'", "Succeeded"));
  EXPECT_TRUE(until_prints("get pod web", "web 1/1 Running 0"));
}

TEST_F(Commands, ApplyMakesChangesAndLeavesAlone) {
  write("a.yaml", R"(apiVersion: v1
kind: ConfigMap
metadata: {name: one}
data: {a: "1", b: "2"}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: two}
data: {x: "y"}
)");
  expect({
      {"apply -f $DIR/a.yaml --dry-run=client",
       0,
       {"configmap/one created (dry run)\nconfigmap/two created (dry run)"},
       {}},
      {"apply -f $DIR/a.yaml --dry-run=server",
       0,
       {"configmap/one created (server dry run)"},
       {}},
      {"get configmap one", 1, {}, {"not found"}},
      {"apply -f $DIR/a.yaml",
       0,
       {"configmap/one created\nconfigmap/two created\n"},
       {}},
      {"apply -f $DIR/a.yaml",
       0,
       {"configmap/one unchanged\nconfigmap/two unchanged\n"},
       {}},
      {"patch configmap one --type=merge -p '{\"data\":{\"mine\":\"kept\"}}'",
       0,
       {"configmap/one patched"},
       {}},
  });
  write("a.yaml", R"(apiVersion: v1
kind: ConfigMap
metadata: {name: one}
data: {a: "3"}
)");
  expect({
      {"apply -f $DIR/a.yaml --dry-run=server",
       0,
       {"configmap/one configured (server dry run)"},
       {}},
      {"apply -f $DIR/a.yaml -o name", 0, {"configmap/one\n"}, {}},
      // b is gone because it was applied before; mine stays.
      {"get configmap one -o 'jsonpath={.data}'",
       0,
       {R"({"a":"3","mine":"kept"})"},
       {}},
  });
  write("wrong.yaml", R"(apiVersion: apps/v1
kind: Deployment
metadata: {name: d}
spec:
  replicas: -1
  selector: {matchLabels: {a: b}}
  template:
    metadata: {labels: {a: c}}
    spec: {containers: [{name: c, image: x, resources: {requests: {cpu: lots}}}]}
)");
  write("wrong2.yaml", R"(apiVersion: apps/v1
kind: Deployment
metadata: {name: d}
spec:
  replicas: -1
  selector: {matchLabels: {a: b}}
  template:
    metadata: {labels: {a: c}}
    spec: {containers: [{name: c, image: x}]}
)");
  write("text.yaml", "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: "
                     "d}\nspec: {replicas: three}\n");
  write("noname.yaml", "apiVersion: v1\nkind: ConfigMap\n");
  write("nokind.yaml", "metadata: {name: x}\n");
  expect({
      {"apply -f $DIR/wrong.yaml", 1, {}, {"lots"}},
      {"apply -f $DIR/wrong2.yaml",
       1,
       {},
       {"The Deployment \"d\" is invalid: \n* spec.replicas: ",
        "\n* spec.template.metadata.labels: "}},
      {"apply -f $DIR/text.yaml", 1, {}, {"spec.replicas"}},
      {"apply -f $DIR/noname.yaml", 1, {}, {"resource name may not be empty"}},
      {"apply -f $DIR/nokind.yaml", 1, {}, {"nokind.yaml", "kind"}},
      {"apply -f $DIR", 1, {}, {"error"}},
      {"apply -f $DIR/none", 1, {}, {"does not exist"}},
      {"apply", 2, {}, {"--filename"}},
      {"apply -f $DIR/a.yaml extra", 2, {}, {"extra"}},
  });
}

TEST_F(Commands, ReplaceAndPatchChangeWhatIsThere) {
  write("c.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata: "
                  "{a: \"1\"}\n");
  write("p.yaml", "data: {p: \"file\"}\n");
  expect({
      {"replace -f $DIR/c.yaml",
       1,
       {},
       {"Error from server (NotFound)", "configmaps \"c\" not found"}},
      {"create -f $DIR/c.yaml", 0, {"configmap/c created"}, {}},
      {"patch cm c -p '{\"data\":{\"b\":\"2\"}}'",
       0,
       {"configmap/c patched"},
       {}},
      {"patch cm c -p '{\"data\":{\"b\":\"2\"}}'",
       0,
       {"configmap/c patched (no change)"},
       {}},
      {"patch configmap/c --type=json -p "
       "'[{\"op\":\"remove\",\"path\":\"/data/b\"}]'",
       0,
       {"configmap/c patched"},
       {}},
      {"patch cm c --patch-file=$DIR/p.yaml -o 'jsonpath={.data}'",
       0,
       {R"({"a":"1","p":"file"})"},
       {}},
      {"replace -f $DIR/c.yaml", 0, {"configmap/c replaced"}, {}},
      {"get cm c -o 'jsonpath={.data}'", 0, {R"({"a":"1"})"}, {}},
      {"patch cm c -p '{\"data\":'", 1, {}, {"unable to parse"}},
      {"patch cm c -p 5", 1, {}, {"unable to parse"}},
      {"patch cm c --type=json -p "
       "'[{\"op\":\"remove\",\"path\":\"/data/zz\"}]'",
       1,
       {},
       {"the server rejected our request"}},
      {"patch cm c -p '{\"data\":{\"a\":1}}'", 1, {}, {"data"}},
      {"patch cm c -p '{\"metadata\":{\"name\":\"d\"}}'",
       1,
       {},
       {"does not match the name on the URL (c)"}},
      {"patch cm d -p '{\"data\":{\"a\":\"1\"}}'",
       1,
       {},
       {"configmaps \"d\" not found"}},
      {"patch cm c --patch-file=/no/such -o yaml", 1, {}, {"/no/such"}},
      {"replace -f /no/such", 1, {}, {"does not exist"}},
  });
}

TEST_F(Commands, ExposeMakesAServiceOfWhatItFinds) {
  out_of("create deployment web --image=troupe/web:1 --replicas=0 --port=8080");
  ASSERT_TRUE(until_prints("get replicasets -l app=web", "web-"));
  out_of("run lone --image=x --restart=Never --port=9 --command -- true");
  expect({
      {"expose deployment web --port=80 --target-port=8080",
       0,
       {"service/web exposed"},
       {}},
      {"get service web -o 'jsonpath={.spec.selector} {.spec.ports[0].port} "
       "{.spec.ports[0].targetPort}'",
       0,
       {R"({"app":"web"} 80 8080)"},
       {}},
      {"expose deployment/web --name=again", 0, {"service/again exposed"}, {}},
      {"get service again -o 'jsonpath={.spec.ports[0].port}'",
       0,
       {"8080"},
       {}},
      {"expose pod lone --type=NodePort --name=lone-out",
       0,
       {"service/lone-out exposed"},
       {}},
      {"expose service web --name=third --port=81 --target-port=8080 "
       "--session-affinity=ClientIP",
       0,
       {"service/third exposed"},
       {}},
      {"get service third -o 'jsonpath={.spec.sessionAffinity}'",
       0,
       {"ClientIP"},
       {}},
      {"expose deployment web --port=80 --dry-run=client -o name --name=none",
       0,
       {"service/none\n"},
       {}},
      {"expose deployment web --port=80",
       1,
       {},
       {"services \"web\" already exists"}},
      {"expose deployment none --port=80",
       1,
       {},
       {"deployments.apps \"none\" not found"}},
      {"expose configmap kube-root-ca.crt --port=80", 1, {}, {"cannot expose"}},
      {"expose deployment web --port=http --name=x", 1, {}, {"http"}},
      {"expose deployment web --port=80 --selector=a --name=x",
       1,
       {},
       {"\"a\""}},
  });
  out_of("create deployment bare --image=x --replicas=0");
  ASSERT_TRUE(until_prints("rollout status deployment/bare", "rolled out"));
  expect({{"expose deployment bare", 1, {}, {"port"}}});
}

} // namespace troupe::test
