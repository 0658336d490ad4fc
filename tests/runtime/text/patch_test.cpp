#include "messages/fields.hpp"
#include "messages/kinds.hpp"
#include "messages/unknown_error.hpp"
#include "runtime/text/patch.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace troupe::text {
namespace {

document doc(std::string_view json) {
  auto result = parse_json(json);
  EXPECT_TRUE(result) << json;
  return result ? *result : document{};
}

const message_info* schema_of_kind(std::string_view version,
                                   std::string_view kind) {
  return &message_info_of(find_kind(version, kind)->descriptor());
}

std::string outcome(const expected<document>& result) {
  return result ? print_json(*result) : message_of(result.error());
}

std::string strategic(std::string_view target, std::string_view patch,
                      std::string_view version = "v1",
                      std::string_view kind = "Pod") {
  return outcome(strategic_merge_patch(doc(target), doc(patch),
                                       schema_of_kind(version, kind)));
}

// The examples of RFC 7386, appendix A.
TEST(MergePatch, FollowsTheExamplesOfItsRfc) {
  struct row {
    std::string_view target, patch, result;
  };
  for (auto& [target, patch, result] : std::vector<row>{
           {R"({"a":"b"})", R"({"a":"c"})", R"({"a":"c"})"},
           {R"({"a":"b"})", R"({"b":"c"})", R"({"a":"b","b":"c"})"},
           {R"({"a":"b"})", R"({"a":null})", R"({})"},
           {R"({"a":"b","b":"c"})", R"({"a":null})", R"({"b":"c"})"},
           {R"({"a":["b"]})", R"({"a":"c"})", R"({"a":"c"})"},
           {R"({"a":"c"})", R"({"a":["b"]})", R"({"a":["b"]})"},
           {R"({"a":{"b":"c"}})", R"({"a":{"b":"d","c":null}})",
            R"({"a":{"b":"d"}})"},
           {R"({"a":[{"b":"c"}]})", R"({"a":[1]})", R"({"a":[1]})"},
           {R"(["a","b"])", R"(["c","d"])", R"(["c","d"])"},
           {R"({"a":"b"})", R"(["c"])", R"(["c"])"},
           {R"({"a":"foo"})", "null", "null"},
           {R"({"a":"foo"})", "\"bar\"", "\"bar\""},
           {R"({"e":null})", R"({"a":1})", R"({"a":1,"e":null})"},
           {"[1,2]", R"({"a":"b","c":null})", R"({"a":"b"})"},
           {"{}", R"({"a":{"bb":{"ccc":null}}})", R"({"a":{"bb":{}}})"},
       })
    EXPECT_EQ(print_json(merge_patch(doc(target), doc(patch))), result);
}

TEST(JsonPatch, AppliesOperationsInOrder) {
  struct row {
    std::string_view target, patch, result;
  };
  for (
      auto& [target, patch, result] : std::vector<row>{
          {R"({"a":1})", R"([{"op":"add","path":"/b","value":2}])",
           R"({"a":1,"b":2})"},
          {R"({"a":[1,3]})", R"([{"op":"add","path":"/a/1","value":2}])",
           R"({"a":[1,2,3]})"},
          {R"({"a":[1]})", R"([{"op":"add","path":"/a/-","value":2}])",
           R"({"a":[1,2]})"},
          {R"({"a":1})", R"([{"op":"add","path":"","value":[]}])", "[]"},
          {R"({"a":1,"b":2})", R"([{"op":"remove","path":"/a"}])",
           R"({"b":2})"},
          {R"({"a":[1,2]})", R"([{"op":"remove","path":"/a/0"}])",
           R"({"a":[2]})"},
          {R"({"a":1})", R"([{"op":"replace","path":"/a","value":{"b":1}}])",
           R"({"a":{"b":1}})"},
          {R"({"a":{"b":1},"c":{}})",
           R"([{"op":"move","from":"/a/b","path":"/c/d"}])",
           R"({"a":{},"c":{"d":1}})"},
          {R"({"a":[1,2,3]})", R"([{"op":"move","from":"/a/0","path":"/a/2"}])",
           R"({"a":[2,3,1]})"},
          {R"({"a":[1]})", R"([{"op":"copy","from":"/a","path":"/b"}])",
           R"({"a":[1],"b":[1]})"},
          {R"({"a~/b":1})",
           R"([{"op":"test","path":"/a~0~1b","value":1},
              {"op":"test","path":"/none","value":null}])",
           R"({"a~/b":1})"},
          {R"({"metadata":{"labels":{"a.b/c":"x"}}})",
           R"([{"op":"replace","path":"/metadata/labels/a.b~1c","value":"y"}])",
           R"({"metadata":{"labels":{"a.b/c":"y"}}})"},
      })
    EXPECT_EQ(outcome(json_patch(doc(target), doc(patch))), result) << patch;
}

TEST(JsonPatch, RefusesWithOperationAndReason) {
  struct row {
    std::string_view patch, error;
    ec code;
  };
  auto prefix = std::string{"the JSON patch cannot be applied: operation 0: "};
  for (
      auto& [patch, error, code] : std::vector<row>{
          {R"({})", "JSON patch: expected a list of operations",
           ec::bad_request},
          {R"([5])", "JSON patch: operation 0: expected an object",
           ec::bad_request},
          {R"([{"path":"/a"}])",
           "JSON patch: operation 0: op: required: must be a string",
           ec::bad_request},
          {R"([{"op":"add","value":1}])",
           "JSON patch: operation 0: path: required: must be a string",
           ec::bad_request},
          {R"([{"op":"zap","path":"/a"}])",
           "JSON patch: operation 0: op: \"zap\": must be add, remove, "
           "replace, "
           "move, copy or test",
           ec::bad_request},
          {R"([{"op":"add","path":"a","value":1}])",
           "JSON patch: operation 0: path: \"a\" is no JSON pointer",
           ec::bad_request},
          {R"([{"op":"add","path":"/a"}])",
           "JSON patch: operation 0: value: required", ec::bad_request},
          {R"([{"op":"move","path":"/a"}])",
           "JSON patch: operation 0: from: required: must be a string",
           ec::bad_request},
          {R"([{"op":"test","path":"/a","value":2}])",
           "the JSON patch cannot be applied: operation 0: testing value at "
           "\"/a\" failed",
           ec::invalid},
          {R"([{"op":"remove","path":"/x"}])",
           "the JSON patch cannot be applied: operation 0: there is nothing at "
           "\"/x\"",
           ec::invalid},
          {R"([{"op":"replace","path":"/x/y","value":1}])",
           "the JSON patch cannot be applied: operation 0: there is nothing at "
           "\"/x/y\"",
           ec::invalid},
          {R"([{"op":"add","path":"/l/3","value":1}])",
           "the JSON patch cannot be applied: operation 0: \"/l/3\" is no "
           "place "
           "in a list of 1",
           ec::invalid},
          {R"([{"op":"move","from":"/l","path":"/l/0"}])",
           "the JSON patch cannot be applied: operation 0: \"/l\" cannot move "
           "into itself",
           ec::invalid},
      }) {
    auto result = json_patch(doc(R"({"a":1,"l":[0]})"), doc(patch));
    ASSERT_FALSE(result) << patch;
    EXPECT_EQ(message_of(result.error()), error);
    EXPECT_TRUE(is(result.error(), code)) << patch;
  }
}

TEST(JsonPatch, BoundsCopiesAndDepth) {
  auto bomb = document::array();
  for (int i = 0; i < 64; ++i)
    bomb.push_back(
        {{"op", "copy"}, {"from", "/a"}, {"path", "/a/" + std::to_string(i)}});
  EXPECT_FALSE(json_patch(doc(R"({"a":{"x":"yyyyyyyy"}})"), bomb));
  auto deep = document::array();
  for (int i = 0; i < 300; ++i) {
    deep.push_back({{"op", "add"}, {"path", "/n"}, {"value", {{"x", 1}}}});
    deep.push_back({{"op", "move"}, {"from", "/a"}, {"path", "/n/a"}});
    deep.push_back({{"op", "move"}, {"from", "/n"}, {"path", "/a"}});
  }
  auto result = json_patch(doc(R"({"a":{}})"), deep);
  ASSERT_FALSE(result);
  EXPECT_NE(message_of(result.error()).find("nested too deeply"),
            std::string::npos);
}

TEST(StrategicPatch, MergesListsByTheirKeys) {
  struct row {
    std::string_view target, patch, result;
  };
  for (
      auto& [target, patch, result] : std::vector<row>{
          // A container is found by its name, and the rest of it stays.
          {R"({"spec":{"containers":[{"name":"a","image":"1","tty":true},
              {"name":"b","image":"1"}]}})",
           R"({"spec":{"containers":[{"name":"a","image":"2"}]}})",
           R"({"spec":{"containers":[{"image":"2","name":"a","tty":true},)"
           R"({"image":"1","name":"b"}]}})"},
          // A new one goes where the list of the patch ends.
          {R"({"spec":{"containers":[{"name":"a"}]}})",
           R"({"spec":{"containers":[{"name":"b"}]}})",
           R"({"spec":{"containers":[{"name":"b"},{"name":"a"}]}})"},
          {R"({"spec":{"containers":[{"name":"a"},{"name":"b"}]}})",
           R"({"spec":{"containers":[{"name":"a","$patch":"delete"}]}})",
           R"({"spec":{"containers":[{"name":"b"}]}})"},
          {R"({"spec":{"containers":[{"name":"a"},{"name":"b"}]}})",
           R"({"spec":{"containers":[{"$patch":"replace"},{"name":"c"}]}})",
           R"({"spec":{"containers":[{"name":"c"}]}})"},
          // Lists without a merge key are replaced.
          {R"({"spec":{"containers":[{"name":"a","args":["x","y"]}]}})",
           R"({"spec":{"containers":[{"name":"a","args":["z"]}]}})",
           R"({"spec":{"containers":[{"args":["z"],"name":"a"}]}})"},
          {R"({"spec":{"tolerations":[{"key":"a"}]}})",
           R"({"spec":{"tolerations":[{"key":"b"}]}})",
           R"({"spec":{"tolerations":[{"key":"b"}]}})"},
          // Scalars are merged as a set.
          {R"({"metadata":{"finalizers":["a","b"]}})",
           R"({"metadata":{"finalizers":["c","a","c"]}})",
           R"({"metadata":{"finalizers":["c","a","b"]}})"},
          {R"({"metadata":{"finalizers":["a","b","c"]}})",
           R"({"metadata":{"$deleteFromPrimitiveList/finalizers":["b","x"]}})",
           R"({"metadata":{"finalizers":["a","c"]}})"},
          // Maps are merged, null deletes.
          {R"({"metadata":{"labels":{"a":"1","b":"2"}}})",
           R"({"metadata":{"labels":{"a":null,"c":"3","d":null}}})",
           R"({"metadata":{"labels":{"b":"2","c":"3"}}})"},
          {R"({"metadata":{"labels":{"a":"1"}}})",
           R"({"metadata":{"labels":{"$patch":"replace","b":"2"}}})",
           R"({"metadata":{"labels":{"b":"2"}}})"},
          {R"({"metadata":{"labels":{"a":"1"}}})",
           R"({"metadata":{"labels":{"$patch":"delete"}}})",
           R"({"metadata":{"labels":{}}})"},
          // Items with a directive are no items of a list that is replaced.
          {R"({"spec":{"containers":[{"name":"a"}]}})",
           R"({"spec":{"containers":[{"name":"b","$patch":"replace"},
              {"name":"c"}]}})",
           R"({"spec":{"containers":[{"name":"c"}]}})"},
          {R"({"metadata":{"finalizers":["a","b"]}})",
           R"({"metadata":{"$deleteFromPrimitiveList/finalizers":null}})",
           R"({"metadata":{}})"},
          {R"({"metadata":{"finalizers":["a","b"]}})",
           R"({"metadata":{"$deleteFromPrimitiveList/finalizers":"a"}})",
           R"({"metadata":{"finalizers":["a","b"]}})"},
          // Kubernetes: of a list that is not merged the deletion stays.
          {R"({"spec":{"containers":[{"name":"a","args":["x","y"]}]}})",
           R"({"spec":{"containers":[{"name":"a",
              "$deleteFromPrimitiveList/args":["x"]}]}})",
           R"({"spec":{"containers":[{"args":["x"],"name":"a"}]}})"},
          {R"({"metadata":{"finalizers":["a","b","c"]}})",
           R"({"metadata":{"$setElementOrder/finalizers":["c","x","a"],
              "$deleteFromPrimitiveList/finalizers":["b"],
              "finalizers":["x"]}})",
           R"({"metadata":{"finalizers":["c","x","a"]}})"},
          // Ports: number and protocol, TCP where left out.
          {R"({"spec":{"containers":[{"name":"a","ports":[
              {"containerPort":53,"protocol":"UDP"},
              {"containerPort":53,"protocol":"TCP"}]}]}})",
           R"({"spec":{"containers":[{"name":"a","ports":[
              {"containerPort":53,"name":"dns"}]}]}})",
           R"({"spec":{"containers":[{"name":"a","ports":[)"
           R"({"containerPort":53,"protocol":"UDP"},)"
           R"({"containerPort":53,"name":"dns","protocol":"TCP"}]}]}})"},
          {R"({"spec":{"containers":[{"name":"a","ports":[
              {"containerPort":53,"protocol":"UDP"}]}]}})",
           R"({"spec":{"containers":[{"name":"a","ports":[
              {"containerPort":53,"name":"dns"}]}]}})",
           R"({"spec":{"containers":[{"name":"a","ports":[)"
           R"({"containerPort":53,"name":"dns","protocol":"UDP"}]}]}})"},
          // Only what is retained stays.
          {R"({"spec":{"volumes":[{"name":"v","emptyDir":{}}]}})",
           R"({"spec":{"volumes":[{"name":"v","hostPath":{"path":"/x"},
              "$retainKeys":["name","hostPath"]}]}})",
           R"({"spec":{"volumes":[{"hostPath":{"path":"/x"},"name":"v"}]}})"},
          // An order without changes.
          {R"({"spec":{"containers":[{"name":"a"},{"name":"x"},{"name":"b"}]}})",
           R"({"spec":{"$setElementOrder/containers":[{"name":"b"},
              {"name":"a"}]}})",
           R"({"spec":{"containers":[{"name":"x"},{"name":"b"},{"name":"a"}]}})"},
          {R"({"spec":{"containers":[{"name":"a"}]}})",
           R"({"spec":{"$setElementOrder/containers":[{"name":"b"},
              {"name":"a"}],"containers":[{"name":"b"}]}})",
           R"({"spec":{"containers":[{"name":"b"},{"name":"a"}]}})"},
          {"{}", R"({"spec":{"containers":[{"name":"a","$patch":"merge"}]}})",
           R"({"spec":{"containers":[{"name":"a"}]}})"},
          // Where nothing was, directives mean nothing.
          {"{}",
           R"({"spec":{"$setElementOrder/containers":[{"name":"a"}],
              "$retainKeys":["containers"],"containers":[{"name":"a",
              "env":[{"name":"x","$patch":"delete"},{"name":"y","value":"1"}],
              "image":null}]}})",
           R"({"spec":{"containers":[{"env":[{"name":"y","value":"1"}],)"
           R"("name":"a"}]}})"},
      })
    EXPECT_EQ(strategic(target, patch), result) << patch;
}

TEST(StrategicPatch, FindsTheTableThroughInlinedMembersAndMaps) {
  EXPECT_EQ(
      strategic(R"({"spec":{"template":{"spec":{"volumes":[{"name":"v",
      "projected":{"sources":[{"secret":{"name":"a"}}]}}]}}}})",
                R"({"spec":{"template":{"spec":{"volumes":[{"name":"v",
      "projected":{"defaultMode":5}}]}}}})",
                "apps/v1", "Deployment"),
      R"({"spec":{"template":{"spec":{"volumes":[{"name":"v","projected":)"
      R"({"defaultMode":5,"sources":[{"secret":{"name":"a"}}]}}]}}}})");
}

// As a kube-apiserver of 1.20 answers.
TEST(StrategicPatch, RefusesInKubernetesWords) {
  struct row {
    std::string_view patch, error;
    ec code = unknown_error;
  };
  for (auto& [patch, error, code] : std::vector<row>{
           {"[]", "invalid patch: expected an object", ec::bad_request},
           {R"({"spec":{"$patch":"zap"}})",
            "unknown patch type: zap in map: map[$patch:zap]"},
           {R"({"spec":{"$patch":"merge","b":1}})",
            "unknown patch type: merge in map: map[$patch:merge b:1]"},
           {R"({"spec":{"$patch":1}})",
            "unknown patch type: %!s(int64=1) in map: map[$patch:1]"},
           {R"({"spec":{"containers":[{"image":"x"}]}})",
            "map: map[image:x] does not contain declared merge key: name"},
           {R"({"spec":{"containers":[{"$patch":"delete"}]}})",
            "map: map[$patch:delete] does not contain declared merge key: "
            "name"},
           {R"({"spec":{"containers":[{"name":"a","$patch":"zap"}]}})",
            "unknown patch type: zap in map: map[$patch:zap name:a]"},
           {R"({"spec":{"containers":[{"name":"a","$patch":"merge"}]}})",
            "merging lists cannot yet be specified in the patch"},
           {R"({"spec":{"containers":["x"]}})",
            "list element types are not identical: [[map[name:a]] [x]]"},
           {R"({"metadata":{"finalizers":[1]}})",
            "list element types are not identical: [[f] [1]]"},
           {R"({"spec":{"$retainKeys":5}})",
            "invalid patch format of retainKeys", ec::bad_request},
           {R"({"spec":{"$retainKeys":["a"],"b":1}})",
            "invalid patch format of retainKeys", ec::bad_request},
           {R"({"spec":{"$setElementOrder/containers":{}}})",
            "expected a []interface {}, but received a map[string]interface "
            "{}"},
           {R"({"spec":{"$setElementOrder/containers":null}})",
            "expected a []interface {}, but received a %!s(<nil>)"},
           {R"({"spec":{"$setElementOrder/hostname":["a"]}})",
            "expected a []interface {}, but received a string"},
           {R"({"spec":{"$setElementOrder/nothing":[{"name":"b"}]}})",
            "unable to find api field in struct PodSpec for the json field "
            "\"nothing\""},
           {R"({"$setElementOrder/nothing":["b"]})",
            "unable to find api field in struct Pod for the json field "
            "\"nothing\""},
           {R"({"spec":{"$setElementOrder/containers":["b"]}})",
            "value for key 0 is not a map"},
           {R"({"spec":{"$setElementOrder/containers":[{"image":"b"}]}})",
            "map: map[image:b] does not contain declared merge key: name"},
           {R"({"spec":{"$setElementOrder/containers":[{"name":"b"}],
              "containers":[{"name":"a"}]}})",
            "The order in patch list:\n[map[name:a]]\n doesn't match "
            "$setElementOrder list:\n[map[name:b]]\n"},
       }) {
    auto result =
        strategic_merge_patch(doc(R"({"metadata":{"finalizers":["f"]},
                "spec":{"hostname":"h","containers":[{"name":"a"}]}})"),
                              doc(patch), schema_of_kind("v1", "Pod"));
    ASSERT_FALSE(result) << patch;
    EXPECT_EQ(message_of(result.error()), error) << patch;
    EXPECT_TRUE(is(result.error(), code)) << patch;
  }
}

TEST(StrategicPatch, IsAMergePatchWithoutATable) {
  EXPECT_EQ(outcome(strategic_merge_patch(
                doc(R"({"a":[{"name":"x"}],"b":{"c":1,"d":2}})"),
                doc(R"({"a":[{"name":"y"}],"b":{"c":null}})"), nullptr)),
            R"({"a":[{"name":"y"}],"b":{"d":2}})");
}

} // namespace
} // namespace troupe::text
