#include "messages/kinds.hpp"
#include "runtime/apply/configuration.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace troupe::apply {
namespace {

using text::document;

document doc(std::string_view json) {
  auto result = text::parse_json(json);
  EXPECT_TRUE(result) << json;
  return result ? *result : document{};
}

const message_info& type(std::string_view version, std::string_view kind) {
  return message_info_of(find_kind(version, kind)->descriptor());
}

shape of(std::string_view version, std::string_view kind) {
  return object_shape(type(version, kind));
}

std::string fields(std::string_view json, std::string_view version = "v1",
                   std::string_view kind = "Pod") {
  return to_json(fields_of(doc(json), of(version, kind)));
}

std::string put(std::string_view live, std::string_view config,
                std::string_view version = "v1",
                std::string_view kind = "Pod") {
  return text::print_json(merged(doc(live), doc(config), of(version, kind)));
}

std::string problems(std::string_view json,
                     std::string_view version = "apps/v1",
                     std::string_view kind = "Deployment") {
  auto found = check(doc(json), type(version, kind), false);
  return found.empty() ? "" : summary(found);
}

TEST(Configuration, OwnsLeavesItemsAndEmptyRecords) {
  EXPECT_EQ(fields(R"({"metadata":{"labels":{"a":"b"}},"spec":{"containers":[
      {"name":"c","image":"i","ports":[{"containerPort":80}],
       "resources":{}}],"volumes":[{"name":"v","emptyDir":{}}],
      "nodeSelector":{"x":"y"},"hostNetwork":false}})"),
            R"({"f:metadata":{"f:labels":{"f:a":{}}},"f:spec":{)"
            R"("f:containers":{"k:{\"name\":\"c\"}":{".":{},"f:image":{},)"
            R"("f:name":{},"f:ports":{)"
            R"("k:{\"containerPort\":80,\"protocol\":\"TCP\"}":{".":{},)"
            R"("f:containerPort":{}}},"f:resources":{}}},"f:hostNetwork":{},)"
            R"("f:nodeSelector":{},"f:volumes":{"k:{\"name\":\"v\"}":{".":{},)"
            R"("f:emptyDir":{},"f:name":{}}}}})");
}

TEST(Configuration, OwnsAtomicListsAndRecordsWhole) {
  EXPECT_EQ(fields(R"({"spec":{"selector":{"matchLabels":{"a":"b"}},
      "template":{"spec":{"containers":[{"name":"c","command":["x"],
      "env":[{"name":"E","valueFrom":{"fieldRef":{"fieldPath":"p"}}}]}],
      "tolerations":[{"key":"k"}]}}}})",
                   "apps/v1", "Deployment"),
            R"({"f:spec":{"f:selector":{},"f:template":{"f:spec":{)"
            R"("f:containers":{"k:{\"name\":\"c\"}":{".":{},"f:command":{},)"
            R"("f:env":{"k:{\"name\":\"E\"}":{".":{},"f:name":{},)"
            R"("f:valueFrom":{"f:fieldRef":{}}}},"f:name":{}}},)"
            R"("f:tolerations":{}}}}})");
}

TEST(Configuration, OwnsItemsOfSets) {
  EXPECT_EQ(fields(R"({"metadata":{"finalizers":["a/b","c/d"],
      "ownerReferences":[{"uid":"u","name":"n"}]}})",
                   "v1", "ConfigMap"),
            R"({"f:metadata":{"f:finalizers":{"v:\"a/b\"":{},"v:\"c/d\"":{}},)"
            R"("f:ownerReferences":{"k:{\"uid\":\"u\"}":{}}}})");
}

TEST(Configuration, IsMergedByKeysInItsOwnOrder) {
  EXPECT_EQ(put(R"({"spec":{"containers":[{"name":"a","image":"1"},
      {"name":"x"},{"name":"b","image":"1"}]}})",
                R"({"spec":{"containers":[{"name":"b","image":"2"},
      {"name":"a","tty":true},{"name":"c"}]}})"),
            R"({"spec":{"containers":[{"name":"x"},{"image":"2","name":"b"},)"
            R"({"image":"1","name":"a","tty":true},{"name":"c"}]}})");
}

TEST(Configuration, ReplacesWhatIsAtomic) {
  EXPECT_EQ(put(R"({"spec":{"nodeSelector":{"a":"1","b":"2"},
      "tolerations":[{"key":"k"}]}})",
                R"({"spec":{"nodeSelector":{"a":"3"},"tolerations":[]}})"),
            R"({"spec":{"nodeSelector":{"a":"3"},"tolerations":[]}})");
}

TEST(Configuration, KeepsPortsApartByProtocol) {
  EXPECT_EQ(put(R"({"spec":{"ports":[{"port":80,"protocol":"TCP","name":"a"},
      {"port":80,"protocol":"UDP","name":"b"}]}})",
                R"({"spec":{"ports":[{"port":80,"name":"c"}]}})", "v1",
                "Service"),
            R"({"spec":{"ports":[{"name":"c","port":80,"protocol":"TCP"},)"
            R"({"name":"b","port":80,"protocol":"UDP"}]}})");
}

TEST(Configuration, SaysNullWhereALeafIsToBeUnset) {
  EXPECT_EQ(put(R"({"spec":{"hostname":"h","nodeName":"n"}})",
                R"({"spec":{"hostname":null}})"),
            R"({"spec":{"hostname":null,"nodeName":"n"}})");
}

TEST(Configuration, LosesItemsThatASetNames) {
  auto items = parse_fields(
      R"({"f:spec":{"f:containers":{"k:{\"name\":\"a\"}":{".":{},"f:name":{}},)"
      R"("k:{\"name\":\"b\"}":{"f:image":{}}},"f:hostname":{}}})");
  ASSERT_TRUE(items);
  EXPECT_EQ(
      text::print_json(without_items(doc(R"({"spec":{"containers":[{"name":"a"},
      {"name":"b","image":"i"}],"hostname":"h","nodeName":"n"}})"),
                                     *items, of("v1", "Pod"))),
      R"({"spec":{"containers":[{"name":"b"}],"nodeName":"n"}})");
}

TEST(Configuration, IsTheTypeThatItSays) {
  EXPECT_EQ(problems(R"({"apiVersion":"apps/v1","kind":"Deployment",
      "metadata":{"name":"a"},"spec":{"replicas":3,"template":{"spec":{
      "containers":[{"name":"c","resources":{"limits":{"cpu":1,"memory":"1Gi"}},
      "livenessProbe":{"httpGet":{"port":"web"}}}]}}}})"),
            "");
  EXPECT_EQ(problems(R"({"spec":{"foo":1}})"),
            ".spec.foo: field not declared in schema");
  EXPECT_EQ(problems(R"({"spec":{"replicas":"3"}})"),
            ".spec.replicas: expected numeric (int or float), got "
            "&value.valueUnstructured{Value:\"3\"}");
  EXPECT_EQ(problems(R"({"spec":{"template":{"spec":{"containers":[
      {"name":"c","env":[{"name":"P","value":8080}]}]}}}})"),
            ".spec.template.spec.containers[name=\"c\"].env[name=\"P\"].value: "
            "expected string, got &value.valueUnstructured{Value:8080}");
  EXPECT_EQ(problems(R"({"spec":{"template":{"spec":{"containers":{}}}}})"),
            ".spec.template.spec.containers: expected list, got &{map[]}");
  EXPECT_EQ(problems(R"({"spec":[]})"), ".spec: expected map, got &{[]}");
  EXPECT_EQ(problems(R"({"metadata":{"labels":{"a":1}},"spec":{"x":1}})"),
            "errors:\n"
            "  .metadata.labels.a: expected string, got "
            "&value.valueUnstructured{Value:1}\n"
            "  .spec.x: field not declared in schema");
}

TEST(Configuration, NamesNoItemTwice) {
  EXPECT_EQ(problems(R"({"spec":{"template":{"spec":{"containers":[
      {"name":"c"},{"name":"c"}]}}}})"),
            ".spec.template.spec.containers: duplicate entries for key "
            "[name=\"c\"]");
  EXPECT_EQ(problems(R"({"spec":{"ports":[{"port":80},
      {"port":80,"protocol":"TCP"}]}})",
                     "v1", "Service"),
            ".spec.ports: duplicate entries for key "
            "[port=80,protocol=\"TCP\"]");
}

TEST(Configuration, DiffersFromAnotherByLeaves) {
  auto found = compare(doc(R"({"data":{"a":"1","b":"2"}})"),
                       doc(R"({"data":{"a":"3","c":"4"},"immutable":true})"),
                       of("v1", "ConfigMap"));
  EXPECT_EQ(to_json(found.modified), R"({"f:data":{"f:a":{}}})");
  EXPECT_EQ(to_json(found.removed), R"({"f:data":{"f:b":{}}})");
  EXPECT_EQ(to_json(found.added), R"({"f:data":{"f:c":{}},"f:immutable":{}})");
}

TEST(Configuration, PrintsAsGoDoes) {
  EXPECT_EQ(go_text(doc(R"({"b":[1,"x",null],"a":{"c":true}})")),
            "map[a:map[c:true] b:[1 x <nil>]]");
}

} // namespace
} // namespace troupe::apply
