#include "messages/fields.hpp"
#include "runtime/apply/taken_over.hpp"
#include "tests/runtime/apply/owners.hpp"

namespace troupe::apply {
namespace {

/// A ConfigMap with this data.
std::string map(const std::string& data, const std::string& metadata = {}) {
  return R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"s")"
         + metadata + R"(},"data":)" + data + "}";
}

TEST(Apply, MakesWhatIsNotThere) {
  client x;
  EXPECT_EQ(x.apply(map(R"({"a":"1"})"), "m"), "");
  EXPECT_EQ(x.data(), R"({"a":"1"})");
  EXPECT_EQ(owners(x.live), "m:Apply@1 "
                            R"({"f:data":{"f:a":{}}})"
                            "\n");
}

TEST(Apply, RemovesWhatItsManagerDoesNotSayAnyMore) {
  client x;
  EXPECT_EQ(x.apply(map(R"({"a":"1","b":"2"})"), "m"), "");
  x.now = 2;
  EXPECT_EQ(x.apply(map(R"({"b":"2"})"), "m"), "");
  EXPECT_EQ(x.data(), R"({"b":"2"})");
  EXPECT_EQ(owners(x.live), "m:Apply@2 "
                            R"({"f:data":{"f:b":{}}})"
                            "\n");
}

TEST(Apply, LeavesWhatOthersOwnToo) {
  client x;
  EXPECT_EQ(x.apply(map(R"({"a":"1","b":"2"})"), "m"), "");
  EXPECT_EQ(x.apply(map(R"({"a":"1"})"), "n"), "");
  EXPECT_EQ(x.apply(map(R"({"b":"2"})"), "m"), "");
  EXPECT_EQ(x.data(), R"({"a":"1","b":"2"})");
  EXPECT_EQ(x.apply(map(R"({})"), "n"), "");
  EXPECT_EQ(x.data(), R"({"b":"2"})");
}

TEST(Apply, LeavesWhatNobodyApplied) {
  client x;
  EXPECT_EQ(x.apply(map(R"({"a":"1"})"), "m"), "");
  x.patch(R"({"data":{"u":"1"}})", "updater");
  EXPECT_EQ(x.apply(map(R"({})"), "m"), "");
  EXPECT_EQ(x.data(), R"({"u":"1"})");
}

TEST(Apply, ConflictsWithWhoOwnsWhatItChanges) {
  client x;
  x.write(map(R"({"a":"1","b":"2"})"), "kubectl-create");
  EXPECT_EQ(x.apply(map(R"({"a":"9"})"), "m"),
            "Apply failed with 1 conflict: conflict with \"kubectl-create\" "
            "using v1: .data.a");
  EXPECT_EQ(x.apply(map(R"({"a":"9","b":"8"})"), "m"),
            "Apply failed with 2 conflicts: conflicts with \"kubectl-create\" "
            "using v1:\n- .data.a\n- .data.b");
  // The same value is no conflict: both own it then.
  EXPECT_EQ(x.apply(map(R"({"a":"1"})"), "m"), "");
  EXPECT_EQ(owners(x.live), "m:Apply "
                            R"({"f:data":{"f:a":{}}})"
                            "\nkubectl-create:Update@1 "
                            R"({"f:data":{".":{},"f:a":{},"f:b":{}}})"
                            "\n");
}

TEST(Apply, TellsConflictsAsCauses) {
  client x;
  EXPECT_EQ(x.apply(map(R"({"a":"1"})"), "n"), "");
  auto config = doc(map(R"({"a":"9"})"));
  auto refused = apply_configuration(x.live.kind(), x.live, config,
                                     {"m", {}, second(2)}, false);
  ASSERT_FALSE(refused);
  auto status = to_status(refused.error());
  EXPECT_EQ(status.code(), 409);
  EXPECT_EQ(status.reason(), "Conflict");
  EXPECT_EQ(status.message(),
            "Apply failed with 1 conflict: conflict with \"n\": .data.a");
  ASSERT_EQ(status.details().causes_size(), 1);
  auto& cause = status.details().causes(0);
  EXPECT_EQ(cause.reason(), "FieldManagerConflict");
  EXPECT_EQ(cause.message(), "conflict with \"n\"");
  EXPECT_EQ(cause.field(), ".data.a");
}

TEST(Apply, TakesFieldsByForce) {
  client x;
  x.write(map(R"({"a":"1","b":"2"})"), "one");
  x.now = 2;
  EXPECT_EQ(x.apply(map(R"({"a":"9"})"), "m", true), "");
  EXPECT_EQ(x.data(), R"({"a":"9","b":"2"})");
  EXPECT_EQ(owners(x.live), "m:Apply@2 "
                            R"({"f:data":{"f:a":{}}})"
                            "\none:Update@1 "
                            R"({"f:data":{".":{},"f:b":{}}})"
                            "\n");
}

TEST(Apply, ChangesNothingWhenAppliedAgain) {
  client x;
  EXPECT_EQ(x.apply(map(R"({"a":"1"})"), "m"), "");
  auto before = x.live;
  x.now = 5;
  EXPECT_EQ(x.apply(map(R"({"a":"1"})"), "m"), "");
  EXPECT_TRUE(x.live.same_content(before));
}

TEST(Apply, FindsWhatWasThereBeforeTheFirst) {
  client x;
  x.write(map(R"({"a":"1"})"), "");
  EXPECT_EQ(x.apply(map(R"({"a":"9"})"), "m"),
            "Apply failed with 1 conflict: conflict with "
            "\"before-first-apply\" using v1: .data.a");
  EXPECT_EQ(x.apply(map(R"({"b":"2"})"), "m"), "");
  EXPECT_EQ(owners(x.live), "m:Apply@1 "
                            R"({"f:data":{"f:b":{}}})"
                            "\nbefore-first-apply:Update@1 "
                            R"({"f:data":{".":{},"f:a":{}}})"
                            "\n");
}

TEST(Apply, RefusesOtherKindsAndEntries) {
  client x;
  EXPECT_EQ(x.apply(map(R"({"a":"1"})"), "m"), "");
  EXPECT_EQ(x.apply(R"({"apiVersion":"v1","kind":"Secret",
      "metadata":{"name":"s"}})",
                    "m"),
            "invalid object type: /v1, Kind=Secret");
  EXPECT_EQ(x.apply(R"({"metadata":{"name":"s"}})", "m"),
            "invalid object type: /, Kind=");
  EXPECT_EQ(x.apply(map("{}", R"(,"managedFields":[])"), "m"),
            "metadata.managedFields must be nil");
}

TEST(Apply, RefusesWhatIsNotOfItsTypeAsKubernetesDoes) {
  client x;
  auto config = doc(R"({"apiVersion":"apps/v1","kind":"Deployment","metadata":{
      "name":"web","namespace":"default"},"spec":{"foo":1}})");
  auto refused = apply_configuration(*find_kind("apps/v1", "Deployment"), {},
                                     config, {"m", {}, second(1)}, false);
  ASSERT_FALSE(refused);
  auto status = to_status(refused.error());
  EXPECT_EQ(status.code(), 500);
  EXPECT_EQ(status.reason(), "");
  EXPECT_EQ(status.message(),
            "failed to create typed patch object (default/web; apps/v1, "
            "Kind=Deployment): .spec.foo: field not declared in schema");
}

constexpr auto head = R"({"apiVersion":"apps/v1","kind":"Deployment",
    "metadata":{"name":"web","namespace":"default"},"spec":{)";
constexpr auto tail = R"("selector":{"matchLabels":{"app":"web"}},
    "template":{"metadata":{"labels":{"app":"web"}},"spec":{"containers":[)";

std::string deployment(const std::string& spec, const std::string& containers) {
  return head + spec + tail + containers + "]}}}}";
}

std::string containers_of(const client& x) {
  std::string out;
  auto all = x.shown();
  for (auto& c : all["spec"]["template"]["spec"]["containers"]) {
    out += c["name"].get<std::string>() + "=" + c["image"].get<std::string>();
    for (auto& e : c.value("env", text::document::array()))
      out += "," + e["name"].get<std::string>();
    out += " ";
  }
  return out;
}

TEST(Apply, MergesContainersOfTwoManagers) {
  client x;
  EXPECT_EQ(
      x.apply(deployment(R"("replicas":1,)", R"({"name":"a","image":"1"})"),
              "m"),
      "");
  EXPECT_EQ(x.apply(deployment("", R"({"name":"b","image":"2"})"), "n"), "");
  EXPECT_EQ(containers_of(x), "a=1 b=2 ");
  EXPECT_EQ(x.apply(deployment("", R"({"name":"a","image":"3",
      "env":[{"name":"E","value":"v"}]})"),
                    "n"),
            "Apply failed with 1 conflict: conflict with \"m\": "
            ".spec.template.spec.containers[name=\"a\"].image");
  EXPECT_EQ(x.apply(deployment("", R"({"name":"a","image":"1",
      "env":[{"name":"E","value":"v"}]})"),
                    "n"),
            "");
  EXPECT_EQ(containers_of(x), "a=1,E ");
  // What the first does not say any more stays with the other.
  EXPECT_EQ(x.apply(deployment("", R"({"name":"c","image":"5"})"), "m"), "");
  EXPECT_EQ(containers_of(x), "a=1,E c=5 ");
}

TEST(Apply, GivesUpTheReplicasToWhoScales) {
  client x;
  EXPECT_EQ(
      x.apply(deployment(R"("replicas":3,)", R"({"name":"a","image":"1"})"),
              "m"),
      "");
  x.now = 2;
  x.patch(R"({"spec":{"replicas":5}})", "hpa");
  EXPECT_EQ(
      x.apply(deployment(R"("replicas":3,)", R"({"name":"a","image":"1"})"),
              "m"),
      "Apply failed with 1 conflict: conflict with \"hpa\" using "
      "apps/v1: .spec.replicas");
  EXPECT_EQ(x.apply(deployment("", R"({"name":"a","image":"1"})"), "m"), "");
  EXPECT_EQ(x.shown()["spec"]["replicas"], 5);
}

TEST(Apply, SetsDefaultsOfWhatItRemoves) {
  client x;
  EXPECT_EQ(
      x.apply(deployment(R"("replicas":3,)", R"({"name":"a","image":"1"})"),
              "m"),
      "");
  EXPECT_EQ(x.apply(deployment("", R"({"name":"a","image":"1"})"), "m"), "");
  EXPECT_EQ(x.shown()["spec"]["replicas"], 1);
}

TEST(Apply, TellsPortsApartByProtocol) {
  client x;
  auto service = [](const std::string& ports) {
    return R"({"apiVersion":"v1","kind":"Service","metadata":{"name":"web"},
        "spec":{"selector":{"a":"b"},"ports":[)"
           + ports + "]}}";
  };
  EXPECT_EQ(x.apply(service(R"({"port":53,"name":"t"},
      {"port":53,"name":"u","protocol":"UDP"})"),
                    "m"),
            "");
  EXPECT_EQ(x.apply(service(R"({"port":53,"name":"u","protocol":"UDP"})"), "m"),
            "");
  auto ports = x.shown()["spec"]["ports"];
  ASSERT_EQ(ports.size(), 1u);
  EXPECT_EQ(ports[0]["protocol"], "UDP");
}

TEST(Apply, ComparesQuantitiesAndPortsAsTheyAreWritten) {
  client x;
  auto config = deployment("", R"({"name":"a","image":"1","resources":{
      "requests":{"cpu":"100m","memory":1024}},"livenessProbe":{"httpGet":{
      "port":"web"}}})");
  EXPECT_EQ(x.apply(config, "m"), "");
  auto before = x.live;
  x.now = 4;
  EXPECT_EQ(x.apply(config, "m"), "");
  EXPECT_EQ(
      x.shown()["spec"]["template"]["spec"]["containers"],
      text::to_document(before)["spec"]["template"]["spec"]["containers"]);
}

TEST(Apply, OwnsNoStatusByTheMainResource) {
  client x;
  auto config = R"({"apiVersion":"v1","kind":"Namespace","metadata":{
      "name":"n","labels":{"a":"b"}},"status":{"phase":"Terminating"}})";
  EXPECT_EQ(x.apply(config, "m"), "");
  EXPECT_EQ(owners(x.live), "m:Apply@1 "
                            R"({"f:metadata":{"f:labels":{"f:a":{}}}})"
                            "\n");
  EXPECT_EQ(x.apply(config, "m", true, "status"), "");
  EXPECT_NE(owners(x.live).find("m/status:Apply"), std::string::npos);
}

TEST(Apply, TakesOverFromClientSideApply) {
  client x;
  auto last = R"({\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",)"
              R"(\"metadata\":{\"name\":\"s\"},)"
              R"(\"data\":{\"a\":\"1\",\"b\":\"2\"}}\n)";
  x.write(
      map(R"({"a":"1","b":"2"})",
          std::string{R"(,"annotations":{)"
                      R"("kubectl.kubernetes.io/last-applied-configuration":)"
                      "\""}
              + last + "\"}"),
      "kubectl-client-side-apply");
  // Another manager conflicts, kubectl does not.
  EXPECT_EQ(x.apply(map(R"({"a":"9"})"), "other"),
            "Apply failed with 1 conflict: conflict with "
            "\"kubectl-client-side-apply\" using v1: .data.a");
  EXPECT_EQ(x.apply(map(R"({"a":"9","b":"2"})"), "kubectl"), "");
  EXPECT_EQ(x.data(), R"({"a":"9","b":"2"})");
  auto& annotations = x.live.meta().annotations();
  EXPECT_EQ(annotations.at("kubectl.kubernetes.io/last-applied-configuration"),
            R"({"apiVersion":"v1","data":{"a":"9","b":"2"},)"
            R"("kind":"ConfigMap","metadata":{"name":"s"}})"
            "\n");
  // What somebody changed since is theirs.
  x.patch(R"({"data":{"b":"7"}})", "editor");
  EXPECT_EQ(x.apply(map(R"({"a":"9","b":"2"})"), "kubectl"),
            "Apply failed with 1 conflict: conflict with \"editor\" using v1: "
            ".data.b");
}

TEST(Apply, MakesEntriesOfClientSideApplyItsOwn) {
  client x;
  x.write(map(R"({"a":"1","b":"2"})",
              R"(,"annotations":{)"
              R"("kubectl.kubernetes.io/last-applied-configuration":"{}"})"),
          "kubectl-client-side-apply");
  auto msg = x.live.clone();
  EXPECT_TRUE(take_over_entries(*mutable_metadata_of(*msg), "m"));
  EXPECT_FALSE(take_over_entries(*mutable_metadata_of(*msg), "m"));
  x.live = object::of(std::move(msg));
  EXPECT_EQ(owners(x.live), "m:Apply@1 "
                            R"({"f:data":{".":{},"f:a":{},"f:b":{}}})"
                            "\n");
  EXPECT_EQ(x.apply(map(R"({"a":"1"})"), "m"), "");
  EXPECT_EQ(x.data(), R"({"a":"1"})");
  EXPECT_EQ(x.live.meta().annotations_size(), 1);
}

TEST(Apply, WorksOnScales) {
  client x;
  EXPECT_EQ(
      x.apply(deployment(R"("replicas":3,)", R"({"name":"a","image":"1"})"),
              "m"),
      "");
  auto scale = text::from_document(doc(R"({"apiVersion":"autoscaling/v1",
      "kind":"Scale","metadata":{"name":"web","namespace":"default"},
      "spec":{"replicas":3}})"));
  ASSERT_TRUE(scale);
  auto config = doc(R"({"apiVersion":"autoscaling/v1","kind":"Scale",
      "metadata":{"name":"web"},"spec":{"replicas":7}})");
  managed_fields entries;
  auto refused = apply_scale(x.live, *scale, config, {"n", "scale", second(2)},
                             false, entries);
  ASSERT_FALSE(refused);
  EXPECT_EQ(message_of(refused.error()),
            "Apply failed with 1 conflict: conflict with \"m\": "
            ".spec.replicas");
  auto done = apply_scale(x.live, *scale, config, {"n", "scale", second(2)},
                          true, entries);
  ASSERT_TRUE(done) << message_of(done.error());
  auto msg = x.live.clone();
  encode(entries, *mutable_metadata_of(*msg));
  auto said = owners(object::of(std::move(msg)));
  EXPECT_TRUE(said.starts_with(R"(n/scale:Apply {"f:spec":{"f:replicas":{}}})"
                               "\n"))
      << said;
  EXPECT_EQ(said.rfind("f:replicas"), said.find("f:replicas")) << said;
}

} // namespace
} // namespace troupe::apply
