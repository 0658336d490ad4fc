#include "tests/runtime/apply/owners.hpp"

namespace troupe::apply {
namespace {

constexpr auto settings = R"({"apiVersion":"v1","kind":"ConfigMap",
    "metadata":{"name":"s","namespace":"default"},"data":{"a":"1","b":"2"}})";

TEST(Tracking, GivesACreatorWhatItMade) {
  client x;
  x.write(settings, "kubectl-create");
  EXPECT_EQ(owners(x.live), "kubectl-create:Update@1 "
                            R"({"f:data":{".":{},"f:a":{},"f:b":{}}})"
                            "\n");
}

// What `kubectl create deployment` shows in Kubernetes.
TEST(Tracking, GivesTheCreatorOfADeploymentItsDefaultsToo) {
  client x;
  x.write(R"({"apiVersion":"apps/v1","kind":"Deployment","metadata":{
      "name":"web","namespace":"default","labels":{"app":"web"}},"spec":{
      "replicas":1,"selector":{"matchLabels":{"app":"web"}},"strategy":{},
      "template":{"metadata":{"labels":{"app":"web"}},"spec":{"containers":[
      {"name":"nginx","image":"nginx","resources":{}}]}}},"status":{}})",
          "kubectl-create");
  EXPECT_EQ(
      owners(x.live),
      R"(kubectl-create:Update@1 {"f:metadata":{"f:labels":{".":{},"f:app":{}}},)"
      R"("f:spec":{"f:progressDeadlineSeconds":{},"f:replicas":{},)"
      R"("f:revisionHistoryLimit":{},"f:selector":{},"f:strategy":{)"
      R"("f:rollingUpdate":{".":{},"f:maxSurge":{},"f:maxUnavailable":{}},)"
      R"("f:type":{}},"f:template":{"f:metadata":{"f:labels":{".":{},)"
      R"("f:app":{}}},"f:spec":{"f:containers":{"k:{\"name\":\"nginx\"}":{)"
      R"(".":{},"f:image":{},"f:imagePullPolicy":{},"f:name":{},)"
      R"("f:resources":{},"f:terminationMessagePath":{},)"
      R"("f:terminationMessagePolicy":{}}},"f:dnsPolicy":{},)"
      R"("f:restartPolicy":{},"f:schedulerName":{},"f:securityContext":{},)"
      R"("f:terminationGracePeriodSeconds":{}}}}})"
      "\n");
}

TEST(Tracking, MovesAFieldToWhoChangesIt) {
  client x;
  x.write(settings, "one");
  x.now = 2;
  x.patch(R"({"data":{"a":"3","c":"4"}})", "two");
  EXPECT_EQ(owners(x.live), "one:Update@1 "
                            R"({"f:data":{".":{},"f:b":{}}})"
                            "\ntwo:Update@2 "
                            R"({"f:data":{"f:a":{},"f:c":{}}})"
                            "\n");
}

TEST(Tracking, AddsToWhatAWriterHadBefore) {
  client x;
  x.write(settings, "one");
  x.now = 2;
  x.patch(R"({"data":{"c":"4"}})", "one");
  EXPECT_EQ(owners(x.live), "one:Update@2 "
                            R"({"f:data":{".":{},"f:a":{},"f:b":{},"f:c":{}}})"
                            "\n");
}

TEST(Tracking, TakesWhatIsRemovedFromEverybody) {
  client x;
  x.write(settings, "one");
  x.now = 2;
  x.patch(R"({"data":{"a":null}})", "two");
  EXPECT_EQ(owners(x.live), "one:Update@1 "
                            R"({"f:data":{".":{},"f:b":{}}})"
                            "\n");
}

TEST(Tracking, KeepsTheTimeOfAWriteThatChangesNothing) {
  client x;
  x.write(settings, "one");
  auto before = x.live;
  x.now = 9;
  x.write(settings, "one");
  EXPECT_EQ(owners(x.live), owners(before));
  EXPECT_TRUE(x.live.same_content(before));
}

TEST(Tracking, TellsSubresourcesApart) {
  client x;
  x.write(R"({"apiVersion":"v1","kind":"Namespace","metadata":{"name":"n"},
      "status":{"phase":"Active"}})",
          "one");
  x.now = 2;
  x.patch(R"({"status":{"phase":"Terminating"}})", "two", "status");
  auto said = owners(x.live);
  EXPECT_NE(said.find("two/status:Update@2 "
                      R"({"f:status":{"f:phase":{}}})"),
            std::string::npos)
      << said;
  // The status is not the main resource's to change.
  EXPECT_EQ(said.find("one:Update@1 {\"f:status"), std::string::npos) << said;
}

TEST(Tracking, BeginsAtAnObjectsCreationOrFirstApply) {
  client x;
  x.write(settings, "");
  EXPECT_EQ(owners(x.live), "");
  x.patch(R"({"data":{"a":"3"}})", "one");
  EXPECT_EQ(owners(x.live), "");
}

TEST(Tracking, NotesNothingForComponentsButTakesWhatTheyChange) {
  client x;
  x.write(settings, "one");
  x.now = 2;
  x.patch(R"({"data":{"a":"3","c":"4"},"metadata":{"managedFields":null}})",
          "");
  EXPECT_EQ(owners(x.live), "one:Update@1 "
                            R"({"f:data":{".":{},"f:b":{}}})"
                            "\n");
  x.patch(R"({"data":{"c":"5"}})", "");
  EXPECT_EQ(owners(x.live), "one:Update@1 "
                            R"({"f:data":{".":{},"f:b":{}}})"
                            "\n");
}

TEST(Tracking, ForgetsAllWhenAskedTo) {
  client x;
  x.write(settings, "one");
  x.patch(R"({"metadata":{"managedFields":[{}]}})", "two");
  EXPECT_EQ(owners(x.live), "");
}

TEST(Tracking, TakesEntriesThatAClientSends) {
  client x;
  x.write(settings, "one");
  x.now = 2;
  x.patch(R"({"data":{"c":"3"},"metadata":{"managedFields":[{"manager":"other",
      "operation":"Update","apiVersion":"v1","fieldsType":"FieldsV1",
      "fieldsV1":{"f:data":{"f:a":{}}}}]}})",
          "two");
  EXPECT_EQ(owners(x.live), "other:Update "
                            R"({"f:data":{"f:a":{}}})"
                            "\ntwo:Update@2 "
                            R"({"f:data":{"f:c":{}}})"
                            "\n");
}

TEST(Tracking, IgnoresEntriesThatAreNone) {
  for (auto* entries :
       {R"([{"manager":"m","operation":"Wrong","apiVersion":"v1",
          "fieldsType":"FieldsV1"}])",
        R"([{"manager":"m","operation":"Update","fieldsType":"FieldsV1"}])",
        R"([{"manager":"m","operation":"Update","apiVersion":"v1"}])",
        R"([{"manager":"m","operation":"Update","apiVersion":"v1",
          "fieldsType":"FieldsV1","fieldsV1":{"x":1}}])"}) {
    client x;
    x.write(settings, "one");
    auto before = owners(x.live);
    x.patch(R"({"metadata":{"managedFields":)" + std::string{entries} + "}}",
            "two");
    EXPECT_EQ(owners(x.live), before) << entries;
  }
}

TEST(Tracking, DropsEntriesOfVersionsThatThereAreNot) {
  client x;
  x.write(settings, "one");
  x.patch(R"({"metadata":{"managedFields":[{"manager":"old",
      "operation":"Update","apiVersion":"v0","fieldsType":"FieldsV1",
      "fieldsV1":{"f:data":{"f:a":{}}}}]}})",
          "two");
  EXPECT_EQ(owners(x.live), "");
}

TEST(Tracking, PutsTheOldestUpdatesTogether) {
  client x;
  x.write(settings, "m0");
  for (int i = 1; i <= 12; ++i) {
    x.now = 1 + i;
    auto n = std::to_string(i);
    x.patch(R"({"data":{"k)" + n + R"(":"1"}})", "m" + n);
  }
  EXPECT_EQ(x.live.meta().managed_fields_size(), 10);
  auto said = owners(x.live);
  EXPECT_TRUE(said.starts_with(
      R"(ancient-changes:Update@4 {"f:data":{".":{},"f:a":{},"f:b":{},)"
      R"("f:k1":{},"f:k2":{},"f:k3":{}}})"))
      << said;
}

TEST(Tracking, OrdersAppliersFirstThenByTime) {
  client x;
  x.write(settings, "z");
  x.now = 2;
  x.patch(R"({"data":{"c":"1"}})", "a");
  x.now = 3;
  EXPECT_EQ(x.apply(R"({"apiVersion":"v1","kind":"ConfigMap",
      "metadata":{"name":"s"},"data":{"d":"1"}})",
                    "m"),
            "");
  auto said = owners(x.live);
  EXPECT_LT(said.find("m:Apply@3"), said.find("z:Update@1"));
  EXPECT_LT(said.find("z:Update@1"), said.find("a:Update@2"));
}

TEST(Tracking, OwnsPodsWithoutWhatAdmissionAdds) {
  client x;
  x.write(R"({"apiVersion":"v1","kind":"Pod","metadata":{"name":"p",
      "namespace":"default","ownerReferences":[{"apiVersion":"v1",
      "kind":"Node","name":"n","uid":"7"}]},"spec":{
      "containers":[{"name":"c","image":"i","ports":[{"containerPort":80}]}],
      "volumes":[{"name":"v","emptyDir":{}}]}})",
          "kubectl-create");
  EXPECT_EQ(
      owners(x.live),
      R"(kubectl-create:Update@1 {"f:metadata":{"f:ownerReferences":{".":{},)"
      R"("k:{\"uid\":\"7\"}":{}}},"f:spec":{"f:containers":{)"
      R"("k:{\"name\":\"c\"}":{".":{},"f:image":{},"f:imagePullPolicy":{},)"
      R"("f:name":{},"f:ports":{".":{},)"
      R"("k:{\"containerPort\":80,\"protocol\":\"TCP\"}":{".":{},)"
      R"("f:containerPort":{},"f:protocol":{}}},"f:resources":{},)"
      R"("f:terminationMessagePath":{},"f:terminationMessagePolicy":{}}},)"
      R"("f:dnsPolicy":{},"f:enableServiceLinks":{},"f:restartPolicy":{},)"
      R"("f:schedulerName":{},"f:securityContext":{},)"
      R"("f:terminationGracePeriodSeconds":{},"f:volumes":{".":{},)"
      R"("k:{\"name\":\"v\"}":{".":{},"f:emptyDir":{},"f:name":{}}}}})"
      "\n");
}

TEST(Tracking, ComparesAtTheVersionOfEachEntry) {
  client x;
  x.write(R"({"apiVersion":"autoscaling/v1","kind":"HorizontalPodAutoscaler",
      "metadata":{"name":"h","namespace":"default"},"spec":{"maxReplicas":5,
      "minReplicas":2,"scaleTargetRef":{"kind":"Deployment","name":"web",
      "apiVersion":"apps/v1"}}})",
          "old");
  auto entries = x.live.meta().managed_fields();
  x.live = {};
  x.write(R"({"apiVersion":"autoscaling/v2","kind":"HorizontalPodAutoscaler",
      "metadata":{"name":"h","namespace":"default"},"spec":{"maxReplicas":5,
      "minReplicas":2,"scaleTargetRef":{"kind":"Deployment","name":"web",
      "apiVersion":"apps/v1"}}})",
          "new");
  auto msg = x.live.clone();
  *mutable_metadata_of(*msg)->mutable_managed_fields() = entries;
  x.live = object::of(std::move(msg));
  x.now = 2;
  x.patch(R"({"spec":{"maxReplicas":7}})", "newer");
  EXPECT_EQ(owners(x.live),
            R"(old:Update@1 {"f:spec":{"f:minReplicas":{},)"
            R"("f:scaleTargetRef":{},"f:targetCPUUtilizationPercentage":{}}})"
            "\n"
            R"(newer:Update@2 {"f:spec":{"f:maxReplicas":{}}})"
            "\n");
}

constexpr auto web = R"({"apiVersion":"apps/v1","kind":"Deployment",
    "metadata":{"name":"web","namespace":"default"},"spec":{"replicas":1,
    "selector":{"matchLabels":{"app":"web"}},"template":{"metadata":{
    "labels":{"app":"web"}},"spec":{"containers":[{"name":"c",
    "image":"i"}]}}}})";

TEST(Tracking, GivesTheReplicasToWhoScales) {
  client x;
  x.write(web, "one");
  auto next = x.shown();
  next["spec"]["replicas"] = 3;
  auto msg = text::from_document(next)->clone();
  track_scale(*msg, x.live, {"two", "scale", second(2)});
  auto said = owners(object::of(std::move(msg)));
  // Kubernetes: without a time.
  EXPECT_TRUE(
      said.starts_with(R"(two/scale:Update {"f:spec":{"f:replicas":{}}})"
                       "\none:Update@1 "))
      << said;
  EXPECT_EQ(said.rfind("f:replicas"), said.find("f:replicas")) << said;
}

} // namespace
} // namespace troupe::apply
