#include "tests/support/command_cluster.hpp"

#include <nlohmann/json.hpp>

namespace troupe::test {

namespace {

std::string first_line(const std::string& text) {
  return squeezed(text.substr(0, text.find('\n')));
}

} // namespace

TEST_F(Commands, GetShowsTheColumnsOfEachKind) {
  write("set.yaml", R"(apiVersion: v1
kind: ReplicationController
metadata: {name: rc}
spec: {replicas: 0, selector: {a: b}, template: {metadata: {labels: {a: b}}, spec: {containers: [{name: c, image: x}]}}}
)");
  out_of("create -f $DIR/set.yaml");
  out_of("create deployment web --image=troupe/web:1 --replicas=1");
  out_of("expose deployment web --port=80 --target-port=8080");
  out_of("create configmap c --from-literal=a=b");
  out_of("create secret generic s --from-literal=a=b");
  EXPECT_TRUE(until_prints("get endpoints web", ":8080"));
  struct kind_row {
    const char* kind;
    const char* columns;
    const char* wide;
  };
  for (auto& r : std::vector<kind_row>{
           {"pods", "NAME READY STATUS RESTARTS AGE",
            "NAME READY STATUS RESTARTS AGE IP NODE NOMINATED NODE READINESS "
            "GATES"},
           {"deployments", "NAME READY UP-TO-DATE AVAILABLE AGE",
            "NAME READY UP-TO-DATE AVAILABLE AGE CONTAINERS IMAGES SELECTOR"},
           {"replicasets", "NAME DESIRED CURRENT READY AGE",
            "NAME DESIRED CURRENT READY AGE CONTAINERS IMAGES SELECTOR"},
           {"replicationcontrollers", "NAME DESIRED CURRENT READY AGE",
            "NAME DESIRED CURRENT READY AGE CONTAINERS IMAGES SELECTOR"},
           {"services", "NAME TYPE CLUSTER-IP EXTERNAL-IP PORT(S) AGE",
            "NAME TYPE CLUSTER-IP EXTERNAL-IP PORT(S) AGE SELECTOR"},
           {"endpoints", "NAME ENDPOINTS AGE", "NAME ENDPOINTS AGE"},
           {"endpointslices", "NAME ADDRESSTYPE PORTS ENDPOINTS AGE",
            "NAME ADDRESSTYPE PORTS ENDPOINTS AGE"},
           {"configmaps", "NAME DATA AGE", "NAME DATA AGE"},
           {"secrets", "NAME TYPE DATA AGE", "NAME TYPE DATA AGE"},
           {"serviceaccounts", "NAME SECRETS AGE", "NAME SECRETS AGE"},
           {"namespaces", "NAME STATUS AGE", "NAME STATUS AGE"},
           {"nodes", "NAME STATUS ROLES AGE VERSION",
            "NAME STATUS ROLES AGE VERSION INTERNAL-IP EXTERNAL-IP OS-IMAGE "
            "KERNEL-VERSION CONTAINER-RUNTIME"},
           {"priorityclasses", "NAME VALUE GLOBAL-DEFAULT AGE PREEMPTIONPOLICY",
            "NAME VALUE GLOBAL-DEFAULT AGE PREEMPTIONPOLICY"},
           {"leases -n kube-node-lease", "NAME HOLDER AGE", "NAME HOLDER AGE"},
           {"events", "LAST SEEN TYPE REASON OBJECT MESSAGE",
            "LAST SEEN TYPE REASON OBJECT SUBOBJECT SOURCE MESSAGE FIRST SEEN "
            "COUNT NAME"},
       }) {
    auto line = std::string{"get "} + r.kind;
    EXPECT_EQ(first_line(out_of(line)), r.columns) << line;
    EXPECT_EQ(first_line(out_of(line + " -o wide")), r.wide) << line;
    EXPECT_NE(first_line(out_of(line + " --no-headers")), r.columns) << line;
    EXPECT_EQ(first_line(out_of(line + " --show-labels")),
              std::string{r.columns} + " LABELS");
    EXPECT_EQ(first_line(out_of(line + " -L app,x")),
              std::string{r.columns} + " APP X");
    auto list = nlohmann::json::parse(out_of(line + " -o json"));
    EXPECT_EQ(list["kind"], "List") << line;
    EXPECT_FALSE(list["items"].empty()) << line;
    EXPECT_EQ(out_of(line + " -o yaml").rfind("apiVersion: v1\nitems:\n", 0),
              0u)
        << line;
    for (auto& x : list["items"])
      EXPECT_TRUE(x.contains("kind") && x.contains("apiVersion")) << x;
  }
}

TEST_F(Commands, GetShowsObjectsInEveryForm) {
  out_of("create configmap b --from-literal=num=2");
  out_of("create configmap a --from-literal=num=1");
  out_of("label configmap a team=x");
  write("a.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n");
  write("path", "{.metadata.name}");
  expect({
      {"get configmap a", 0, {"NAME DATA AGE\na 1 "}, {}},
      {"get configmap/a configmap/b", 0, {"NAME DATA AGE\na 1 ", "\nb 1 "}, {}},
      {"get cm a b --no-headers", 0, {"a 1 ", "\nb 1 "}, {}},
      {"get cm,sa",
       0,
       {"NAME DATA AGE\nconfigmap/a 1 ",
        "\n\nNAME SECRETS AGE\nserviceaccount/default "},
       {}},
      {"get cm a --show-kind", 0, {"configmap/a 1 "}, {}},
      {"get cm a -o name", 0, {"configmap/a\n"}, {}},
      {"get cm a -o yaml",
       0,
       {"apiVersion: v1\ndata:\nnum: \"1\"\nkind: "
        "ConfigMap\nmetadata:\ncreationTimestamp: \"20",
        "name: a\nnamespace: $NS\n"},
       {}},
      {"get cm a -o json",
       0,
       {"{\n\"apiVersion\": \"v1\",\n\"data\": {\n\"num\": "
        "\"1\"\n},\n\"kind\": "
        "\"ConfigMap\""},
       {}},
      {"get cm a -o 'jsonpath={.metadata.name}{\"\\n\"}'", 0, {"a\n"}, {}},
      {"get cm -l team=x -o 'jsonpath={.items[*].metadata.name}'",
       0,
       {"a"},
       {}},
      {"get cm -l 'team notin (x),!other' -o name", 0, {"configmap/b\n"}, {}},
      {"get cm --field-selector metadata.name=b -o name",
       0,
       {"configmap/b\n"},
       {}},
      {"get cm a -o jsonpath-file=$DIR/path", 0, {"a"}, {}},
      {"get cm a -o jsonpath-as-json={.data}",
       0,
       {"[\n{\n\"num\": \"1\"\n}\n]"},
       {}},
      {"get cm -l team -o "
       "custom-columns=NAME:.metadata.name,N:.data.num,X:.data.x",
       0,
       {"NAME N X\na 1 <none>\n"},
       {}},
      {"get cm a -o custom-columns=N:.data.num --no-headers", 0, {"1\n"}, {}},
      {"get cm --sort-by=.data.num -o name",
       0,
       {"configmap/a\nconfigmap/b\n"},
       {}},
      {"get cm --sort-by='{.metadata.name}' -o name",
       0,
       {"configmap/a\nconfigmap/b\n"},
       {}},
      {"get -f $DIR/a.yaml -o name", 0, {"configmap/a\n"}, {}},
      {"get cm -A --field-selector metadata.namespace=$NS,metadata.name=a",
       0,
       {"NAMESPACE NAME DATA AGE\n$NS a 1 "},
       {}},
      {"get deployments", 0, {}, {"No resources found in $NS namespace.\n"}},
      {"get deployments -A -l no=such", 0, {}, {"No resources found\n"}},
      {"get pods -o name", 0, {}, {}},
      {"get pods -o 'jsonpath={.items}'", 0, {"[]"}, {}},
      {"get cm none --ignore-not-found", 0, {}, {}},
  });
}

TEST_F(Commands, GetSaysWhatIsWrong) {
  out_of("create configmap a");
  expect({
      {"get cm none",
       1,
       {},
       {"Error from server (NotFound): configmaps \"none\" not found\n"}},
      {"get cm a none -o name",
       1,
       {"configmap/a"},
       {"configmaps \"none\" not found"}},
      {"get deployment none",
       1,
       {},
       {"Error from server (NotFound): deployments.apps \"none\" not found\n"}},
      {"get node none", 1, {}, {"nodes \"none\" not found"}},
      {"get cm -l 'a in'",
       1,
       {},
       {"Error from server (BadRequest): ", "unable to parse requirement"}},
      {"get cm -l '=x'", 1, {}, {"BadRequest"}},
      {"get cm --field-selector data=x", 1, {}, {"data"}},
      {"get cm --sort-by=.no.such",
       1,
       {},
       {"couldn't find any field with path \".no.such\""}},
      {"get cm a -o 'jsonpath={.metadata[0]}'", 1, {}, {"error"}},
      {"get -f /no/such", 1, {}, {"does not exist"}},
      {"get -f /no/such cm", 2, {}, {"you may not specify resource arguments"}},
  });
}

TEST_F(Commands, ExplainAndListKinds) {
  expect({
      {"explain pod.spec.containers.livenessProbe",
       0,
       {"KIND: Pod\nVERSION: v1\n\nFIELD: livenessProbe "
        "<Probe>\n\nDESCRIPTION:\nFailing, the container is "
        "restarted.\n\nFIELDS:\n"},
       {}},
      {"explain deploy",
       0,
       {"GROUP: apps\nKIND: Deployment\nVERSION: v1\n"},
       {}},
      {"explain deployments.apps.spec.replicas",
       0,
       {"FIELD: replicas <integer>"},
       {}},
      {"explain hpa --api-version=autoscaling/v1", 0, {"VERSION: v1\n"}, {}},
      {"explain cm --recursive", 0, {"binaryData\t<map[string]string>\n"}, {}},
      {"api-resources",
       0,
       {"NAME SHORTNAMES APIVERSION NAMESPACED KIND\n",
        "configmaps cm v1 true ConfigMap\n",
        "deployments deploy apps/v1 true Deployment\n"},
       {}},
      {"api-resources --api-group=apps -o name", 0, {"deployments.apps\n"}, {}},
      {"api-resources --api-group= --namespaced=false --no-headers",
       0,
       {"namespaces ns v1 false Namespace\n", "nodes no v1 false Node\n"},
       {}},
      {"api-resources --verbs=watch,delete -o wide",
       0,
       {"VERBS CATEGORIES"},
       {}},
      {"api-resources --api-group=none", 0, {"NAME"}, {}},
  });
}

} // namespace troupe::test
