#include "messages/api/apiextensions.pb.h"
#include "messages/api/apps.pb.h"
#include "messages/api/core_config.pb.h"
#include "messages/api/core_pod.pb.h"
#include "messages/api/core_service.pb.h"
#include "messages/api/meta.pb.h"
#include "runtime/text/document.hpp"
#include "runtime/text/json_as.hpp"
#include "runtime/text/json_reader.hpp"
#include "runtime/text/json_scanner.hpp"
#include "runtime/text/json_writer.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace troupe::text {
namespace {

std::string error_of(std::string_view json) {
  auto result = read_json(json);
  return result ? "" : message_of(result.error());
}

/// Reads and writes again.
std::string echo(std::string_view json) {
  auto result = read_json(json);
  return result ? to_json(*result) : message_of(result.error());
}

std::string deployment(std::string_view spec) {
  return R"({"apiVersion":"apps/v1","kind":"Deployment","spec":)"
         + std::string{spec} + "}";
}

TEST(JsonWriter, WritesAPodAsKubernetesDoes) {
  EXPECT_EQ(
      echo(R"({"kind":"Pod","apiVersion":"v1","metadata":{"name":"a",
      "namespace":"d","creationTimestamp":null},"spec":{"containers":[
      {"name":"c","env":[{"name":"X","valueFrom":{"resourceFieldRef":
      {"resource":"limits.cpu"}}}]}],"volumes":[{"name":"v","emptyDir":{}}]},
      "status":{"conditions":[{"type":"Ready","status":"True"}]}})"),
      R"({"kind":"Pod","apiVersion":"v1","metadata":{"name":"a","namespace":"d"},)"
      R"("spec":{"volumes":[{"name":"v","emptyDir":{}}],"containers":[)"
      R"({"name":"c","env":[{"name":"X","valueFrom":{"resourceFieldRef":)"
      R"({"resource":"limits.cpu","divisor":"0"}}}],"resources":{}}]},)"
      R"("status":{"conditions":[{"type":"Ready","status":"True",)"
      R"("lastProbeTime":null,"lastTransitionTime":null}]}})");
}

TEST(JsonWriter, WritesEmptyMembersWhereKubernetesDoes) {
  EXPECT_EQ(echo(R"({"kind":"Service","apiVersion":"v1",
                     "spec":{"ports":[{"port":80}]}})"),
            R"({"kind":"Service","apiVersion":"v1","metadata":{},)"
            R"("spec":{"ports":[{"port":80,"targetPort":0}]},)"
            R"("status":{"loadBalancer":{}}})");
  EXPECT_EQ(echo(deployment(R"({"template":{}})")),
            R"({"kind":"Deployment","apiVersion":"apps/v1","metadata":{},)"
            R"("spec":{"selector":null,"template":{"metadata":{},)"
            R"("spec":{"containers":null}},"strategy":{}},"status":{}})");
  EXPECT_EQ(echo(R"({"kind":"ConfigMap","apiVersion":"v1"})"),
            R"({"kind":"ConfigMap","apiVersion":"v1","metadata":{}})");
}

TEST(JsonWriter, ShowsTheRevisionAsResourceVersion) {
  core::v1::ConfigMap map;
  map.mutable_metadata()->set_name("a");
  auto x = object::of(map).with_revision(7);
  EXPECT_EQ(to_json(x), R"({"kind":"ConfigMap","apiVersion":"v1",)"
                        R"("metadata":{"name":"a","resourceVersion":"7"}})");
}

TEST(JsonWriter, WritesListsWithTypelessItems) {
  core::v1::ConfigMap map;
  map.mutable_metadata()->set_name("a");
  auto x = object::of(map).with_revision(3);
  EXPECT_EQ(to_json_list(x.kind(), {}, 9),
            R"({"kind":"ConfigMapList","apiVersion":"v1",)"
            R"("metadata":{"resourceVersion":"9"},"items":[]})");
  EXPECT_EQ(to_json_list(x.kind(), {x, x}, 9, "next", 5),
            R"({"kind":"ConfigMapList","apiVersion":"v1","metadata":)"
            R"({"resourceVersion":"9","continue":"next",)"
            R"("remainingItemCount":5},"items":[)"
            R"({"metadata":{"name":"a","resourceVersion":"3"}},)"
            R"({"metadata":{"name":"a","resourceVersion":"3"}}]})");
  core::v1::ConfigMapList list;
  EXPECT_EQ(to_json(list), R"({"kind":"ConfigMapList","apiVersion":"v1",)"
                           R"("metadata":{},"items":[]})");
}

TEST(JsonWriter, SortsMapsAndEncodesBytes) {
  core::v1::Secret secret;
  (*secret.mutable_data())["z"] = std::string{"\0\xff", 2};
  (*secret.mutable_data())["a"] = "x";
  EXPECT_EQ(to_json(secret),
            R"({"kind":"Secret","apiVersion":"v1","metadata":{},)"
            R"("data":{"a":"eA==","z":"AP8="}})");
}

TEST(JsonWriter, EscapesStrings) {
  auto text = [](std::string_view str, bool html) {
    std::string out;
    append_json_string(out, str, html);
    return out;
  };
  EXPECT_EQ(text("a\"\\\n\r\t\x01é<&>", false),
            "\"a\\\"\\\\\\n\\r\\t\\u0001é<&>\"");
  EXPECT_EQ(text("<&>", true), "\"\\u003c\\u0026\\u003e\"");
  EXPECT_EQ(text("a\xff\xc3", false), "\"a\uFFFD\uFFFD\"");
  EXPECT_EQ(text("\u2028", false), "\"\\u2028\"");
}

TEST(JsonWriter, EscapesWhereverItStands) {
  const std::string filling = "abcdefgh~ !abcdefghijk";
  for (std::string_view special :
       {"\"", "\\", "\n", "\x1f", "\x7f", "é", "\xff", "<", ">", "&", "="})
    for (size_t size = 0; size < filling.size(); ++size)
      for (size_t at = 0; at <= size; ++at) {
        auto given = filling.substr(0, size);
        given.insert(at, special);
        std::string expected = "\"" + filling.substr(0, at);
        if (special == "\"" || special == "\\")
          expected += "\\" + std::string{special};
        else if (special == "\n")
          expected += "\\n";
        else if (special == "\x1f")
          expected += "\\u001f";
        else if (special == "<")
          expected += "\\u003c";
        else if (special == ">")
          expected += "\\u003e";
        else if (special == "&")
          expected += "\\u0026";
        else
          expected += special == "\xff" ? "\uFFFD" : special;
        expected += filling.substr(at, size - at) + "\"";
        std::string out;
        append_json_string(out, given, true);
        EXPECT_EQ(out, expected);
        core::v1::ConfigMap map;
        (*map.mutable_data())["k"] = given;
        EXPECT_EQ(to_json(map), R"({"kind":"ConfigMap","apiVersion":"v1",)"
                                R"("metadata":{},"data":{"k":)"
                                    + expected + "}}");
      }
}

TEST(JsonWriter, WritesLongListsAndTexts) {
  std::vector<object> items;
  std::string expected;
  for (size_t i = 0; i < 200; ++i) {
    core::v1::ConfigMap map;
    std::string name(i * 37, 'n');
    map.mutable_metadata()->set_name(name);
    items.push_back(object::of(map).with_revision(i));
    expected += i > 0 ? "," : "";
    expected += R"({"metadata":{)";
    expected += name.empty() ? "" : R"("name":")" + name + '"';
    expected += name.empty() || i == 0 ? "" : ",";
    expected += i > 0 ? R"("resourceVersion":")" + std::to_string(i) + '"' : "";
    expected += "}}";
  }
  std::string out = "before";
  append_json_items(out, items);
  EXPECT_EQ(out, "before" + expected);
}

TEST(JsonWriter, WritesSetsOfFieldsAsTheyAre) {
  auto written = [](const std::string& fields) {
    core::v1::ConfigMap map;
    auto& entry = *map.mutable_metadata()->add_managed_fields();
    entry.mutable_fields_v1()->set_raw(fields);
    auto all = to_json(map);
    auto begin = all.find("\"fieldsV1\":") + 11;
    return all.substr(begin, all.find("}]", begin) - begin);
  };
  for (std::string same :
       {R"({"f:data":{".":{},"f:a":{}}})", "{}",
        R"({"f:x":{"k:{\"name\":\"a\"}":{".":{},"f:b":{}}}})",
        R"({"a":{},"b":{"c":{}},"d":{}})"})
    EXPECT_EQ(written(same), same);
  EXPECT_EQ(written(R"({ "f:a" : {} , "f:b":{"f:c": {}}})"),
            R"({"f:a":{},"f:b":{"f:c":{}}})");
  // What is no JSON breaks nothing.
  for (auto* bad : {"{", "{}}", "}", "{{}}", R"({"a"})", R"({"a":{}"b":{}})",
                    R"({"a":{},})", R"({,"a":{}})", R"({"a":{}} x)",
                    R"({"a\x":{}})", R"({"a":})", R"({"a)", "{\"a\n\":{}}"})
    EXPECT_EQ(written(bad), "null") << bad;
  EXPECT_EQ(written(R"({"a":1,"b":["\u00e9"]})"), R"({"a":1,"b":["\u00e9"]})");
}

TEST(JsonWriter, WritesAnObjectAsAnotherType) {
  core::v1::ConfigMap map;
  map.mutable_metadata()->set_name("a");
  (*map.mutable_data())["k"] = "v";
  EXPECT_EQ(to_json_as(object::of(map).with_revision(7),
                       *meta::v1::PartialObjectMetadata::descriptor(),
                       "meta.k8s.io/v1", "PartialObjectMetadata"),
            R"({"kind":"PartialObjectMetadata","apiVersion":"meta.k8s.io/v1",)"
            R"("metadata":{"name":"a","resourceVersion":"7"}})");
}

TEST(JsonWriter, PrintsNumbersAsGoDoes) {
  auto text = [](double value) {
    std::string out;
    append_json_number(out, value);
    return out;
  };
  EXPECT_EQ(text(0), "0");
  EXPECT_EQ(text(1.5), "1.5");
  EXPECT_EQ(text(1e20), "100000000000000000000");
  EXPECT_EQ(text(1e21), "1e+21");
  EXPECT_EQ(text(1e-6), "0.000001");
  EXPECT_EQ(text(1e-7), "1e-7");
  EXPECT_EQ(text(-2.5e-10), "-2.5e-10");
}

TEST(JsonWriter, PrintsPrettyAsKubectlDoes) {
  auto doc = parse_json(R"({"b":[],"a":{"c":[1,{}],"d":"<"}})");
  ASSERT_TRUE(doc);
  EXPECT_EQ(print_pretty_json(*doc), "{\n"
                                     "    \"a\": {\n"
                                     "        \"c\": [\n"
                                     "            1,\n"
                                     "            {}\n"
                                     "        ],\n"
                                     "        \"d\": \"\\u003c\"\n"
                                     "    },\n"
                                     "    \"b\": []\n"
                                     "}\n");
}

TEST(JsonReader, TakesEveryForm) {
  struct row {
    std::string_view in, out;
  };
  auto wrap = [](std::string_view schema) {
    return R"({"kind":"CustomResourceDefinition",)"
           R"("apiVersion":"apiextensions.k8s.io/v1","spec":{"versions":[)"
           R"({"schema":{"openAPIV3Schema":)"
           + std::string{schema} + "}}]}}";
  };
  for (auto& [in, out] : std::vector<row>{
           {R"({"additionalProperties":false})",
            R"({"additionalProperties":false})"},
           {R"({"additionalProperties":true})",
            R"({"additionalProperties":true})"},
           {R"({"additionalProperties":{"type":"string"}})",
            R"({"additionalProperties":{"type":"string"}})"},
           {R"({"items":{"type":"string"}})", R"({"items":{"type":"string"}})"},
           {R"({"items":[{"type":"string"},{}]})",
            R"({"items":[{"type":"string"},{}]})"},
           {R"({"dependencies":{"a":["b"],"c":{"type":"d"}}})",
            R"({"dependencies":{"a":["b"],"c":{"type":"d"}}})"},
           {R"({"default": { "b" : [ 1 , "x y" ] } , "$ref":"r"})",
            R"({"$ref":"r","default":{"b":[1,"x y"]}})"},
           {R"({"enum":[1,"a",null],"maximum":1.5})",
            R"({"maximum":1.5,"enum":[1,"a",null]})"},
       })
    EXPECT_NE(echo(wrap(in)).find("\"openAPIV3Schema\":" + std::string{out}),
              std::string::npos)
        << echo(wrap(in));
}

TEST(JsonReader, TakesNumbersForQuantitiesAndNullForNothing) {
  EXPECT_EQ(
      echo(R"({"kind":"LimitRange","apiVersion":"v1","metadata":null,
      "spec":{"limits":[{"type":"Pod","max":{"cpu":0.5,"memory":1024,
      "a":"1000m"},"min":null}]}})"),
      R"({"kind":"LimitRange","apiVersion":"v1","metadata":{},"spec":{"limits":)"
      R"([{"type":"Pod","max":{"a":"1","cpu":"500m","memory":"1024"}}]}})");
}

TEST(JsonReader, TellsUnknownAndDuplicateFields) {
  std::vector<std::string> findings;
  auto result = read_json(deployment(R"({"replicas":1,"replicas":2,"foo":{},
      "template":{"metadata":{"labels":{"a":"1","a":"2"}},
      "spec":{"containers":[{"name":"c"},{"Name":"x","image":"i"}]}}})"),
                          {}, &findings);
  ASSERT_TRUE(result);
  EXPECT_EQ(result->as<apps::v1::Deployment>().spec().replicas(), 2);
  EXPECT_EQ(result->as<apps::v1::Deployment>()
                .spec()
                .template_()
                .metadata()
                .labels()
                .at("a"),
            "2");
  // Nothing of the first one is left, in the bytes neither.
  auto once = read_json(deployment(R"({"replicas":2,"template":{"metadata":
      {"labels":{"a":"2"}},"spec":{"containers":[{"name":"c"},
      {"image":"i"}]}}})"));
  ASSERT_TRUE(once);
  EXPECT_TRUE(once->same_content(*result));
  EXPECT_EQ(
      findings,
      (std::vector<std::string>{
          "duplicate field \"spec.replicas\"", "unknown field \"spec.foo\"",
          "duplicate field \"spec.template.metadata.labels.a\"",
          "unknown field \"spec.template.spec.containers[1].Name\""}));
}

TEST(JsonReader, AcceptsTheTypeOfEmbeddedObjects) {
  std::vector<std::string> findings;
  auto result = read_json(R"({"kind":"StatefulSet","apiVersion":"apps/v1",
    "spec":{"volumeClaimTemplates":[{"kind":"PersistentVolumeClaim",
    "apiVersion":"v1","metadata":{"name":"x"}}]}})",
                          {}, &findings);
  EXPECT_TRUE(result);
  EXPECT_TRUE(findings.empty());
}

TEST(JsonReader, NamesPathAndReason) {
  struct row {
    std::string_view spec, error;
  };
  for (auto& [spec, error] : std::vector<row>{
           {R"({"replicas":"three"})",
            R"(spec.replicas: expected integer, got string "three")"},
           {R"({"replicas":1.5})",
            "spec.replicas: expected integer, got number 1.5"},
           {R"({"replicas":2147483648})",
            "spec.replicas: number 2147483648 is out of range: must be "
            "-2147483648 to 2147483647"},
           {R"({"replicas":true})",
            "spec.replicas: expected integer, got true"},
           {R"({"paused":"yes"})",
            R"(spec.paused: expected true or false, got string "yes")"},
           {R"([])", "spec: expected object, got a list"},
           {R"({"template":{"metadata":{"labels":{"a.b/c":1}}}})",
            "spec.template.metadata.labels[a.b/c]: expected string, got number "
            "1"},
           {R"({"template":{"spec":{"containers":[{},{"image":{}}]}}})",
            "spec.template.spec.containers[1].image: expected string, got an "
            "object"},
           {R"({"template":{"spec":{"containers":{}}}})",
            "spec.template.spec.containers: expected list, got an object"},
           {R"({"template":{"spec":{"containers":[{"resources":{"limits":
             {"cpu":"much"}}}]}}})",
            "spec.template.spec.containers[0].resources.limits[cpu]: \"much\": "
            "quantities must match the regular expression "
            "'^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"},
           {R"({"template":{"metadata":{"creationTimestamp":"now"}}})",
            "spec.template.metadata.creationTimestamp: invalid time \"now\": "
            "must be RFC 3339, such as 2006-01-02T15:04:05Z"},
           {R"({"strategy":{"rollingUpdate":{"maxSurge":true}}})",
            "spec.strategy.rollingUpdate.maxSurge: expected integer or string, "
            "got true"},
           {R"({"replicas":1)",
            "invalid JSON at line 1, column 69: expected ',' or '}'"},
           {R"({"replicas":01})",
            "invalid JSON at line 1, column 66: expected ',' or '}'"},
       }) {
    auto got = error_of(deployment(spec));
    if (error.starts_with("invalid JSON"))
      EXPECT_TRUE(got.starts_with("invalid JSON at line 1")) << got;
    else
      EXPECT_EQ(got, error);
  }
}

TEST(JsonReader, RefusesAVersionThatIsNoNumber) {
  auto map = [](const std::string& version) {
    return error_of(R"({"kind":"ConfigMap","apiVersion":"v1",
                        "metadata":{"resourceVersion":")"
                    + version + R"("}})");
  };
  EXPECT_EQ(map("12"), "");
  EXPECT_EQ(map(""), "");
  EXPECT_EQ(map("abc"), "metadata.resourceVersion: Invalid value: \"abc\": not "
                        "a number");
  for (auto* bad : {"12a", " 1", "-1", "18446744073709551616"})
    EXPECT_NE(map(bad), "") << bad;
}

TEST(JsonReader, RefusesWhatIsNoObject) {
  for (auto text : {"", " ", "null", "[]", "\"x\"", "5", "{}", "{", "}",
                    "{\"kind\":\"Pod\"}", "{\"apiVersion\":\"v1\"}",
                    "{\"kind\":5,\"apiVersion\":\"v1\"}",
                    "{\"kind\":\"pod\",\"apiVersion\":\"v1\"}",
                    "{\"kind\":\"Pod\",\"apiVersion\":\"v1\"} x",
                    "{\"kind\":\"Pod\",\"apiVersion\":\"v1\",}",
                    "{'kind':'Pod'}", "{\"kind\":\"Pod\" \"a\":1}", "nul",
                    "{\"kind\":\"Pod\",\"apiVersion\":\"v1\",\"status\":[]}"})
    EXPECT_NE(error_of(text), "") << text;
  EXPECT_EQ(error_of(R"({"kind":"Foo","apiVersion":"v1"})"),
            R"(no kind "Foo" is registered for version "v1")");
}

TEST(JsonReader, RefusesBadText) {
  auto labelled = [](std::string_view value) {
    return R"({"kind":"Pod","apiVersion":"v1","metadata":{"name":")"
           + std::string{value} + "\"}}";
  };
  EXPECT_EQ(error_of(labelled("é\\u00e9\\ud83d\\ude00")), "");
  for (auto value : {"\\x", "\\u12", "\n", "\x01", "\\ud800\\u12"})
    EXPECT_TRUE(error_of(labelled(value)).starts_with("invalid JSON")) << value;
}

TEST(JsonReader, PutsAPlaceholderForWhatIsNoText) {
  // As kube-apiserver shows it, pairs behind a lone surrogate as since 1.23.
  struct row {
    std::string_view in, out;
  };
  for (auto& [in, out] : std::vector<row>{
           {"a\xff", "a\uFFFD"},
           {"\xe2\x82", "\uFFFD\uFFFD"},
           {"\xed\xa0\x80", "\uFFFD\uFFFD\uFFFD"},
           {"\xc0\x80", "\uFFFD\uFFFD"},
           {"\xf5\x80\x80\x80", "\uFFFD\uFFFD\uFFFD\uFFFD"},
           {"\\ud800x", "\uFFFDx"},
           {"\\udc00x", "\uFFFDx"},
           {"\\ud800\\u0041", "\uFFFDA"},
           {"\\ud800\\ud83d\\ude00", "\uFFFD\U0001F600"},
           {"\\udc00\\ud800", "\uFFFD\uFFFD"},
       }) {
    auto text = "\"" + std::string{in} + "\"";
    json_scanner scanner{text, 10};
    std::string read;
    EXPECT_TRUE(scanner.read_string(read) && scanner.finish());
    EXPECT_EQ(read, out) << in;
    json_scanner copying{text, 10};
    std::string copied;
    EXPECT_TRUE(copying.copy_compact(copied));
    EXPECT_EQ(copied, "\"" + std::string{out} + "\"") << in;
  }
}

TEST(JsonReader, RefusesDepthBombsAndGiants) {
  auto bomb = [](size_t n, const char* open, const char* close) {
    std::string text = R"({"kind":"CustomResourceDefinition",)"
                       R"("apiVersion":"apiextensions.k8s.io/v1","spec":)"
                       R"({"versions":[{"schema":{"openAPIV3Schema":)";
    for (size_t i = 0; i < n; ++i)
      text += open;
    text += "{}";
    for (size_t i = 0; i < n; ++i)
      text += close;
    return text + "}}]}}";
  };
  EXPECT_EQ(error_of(bomb(20, "{\"not\":", "}")), "");
  for (auto n : {100, 1000, 300'000}) {
    EXPECT_NE(
        error_of(bomb(static_cast<size_t>(n), "{\"not\":", "}")).find("deep"),
        std::string::npos);
    EXPECT_NE(error_of(bomb(static_cast<size_t>(n), "[", "]")), "");
  }
  // What is accepted can be stored and read again.
  for (size_t n = 1; n < 60; ++n) {
    auto x = read_json(bomb(n, "{\"items\":", "}"));
    if (!x)
      continue;
    auto msg = x->kind().make();
    EXPECT_TRUE(msg->ParseFromString(x->bytes())) << n;
  }
  std::string giant(4 << 20, ' ');
  auto err = read_json(giant);
  ASSERT_FALSE(err);
  EXPECT_TRUE(is(err.error(), ec::too_large));
}

TEST(JsonReader, BoundsTheFindings) {
  std::string text = R"({"kind":"Pod","apiVersion":"v1")";
  for (int i = 0; i < 1000; ++i)
    text += ",\"f" + std::to_string(i) + "\":1";
  std::vector<std::string> findings;
  EXPECT_TRUE(read_json(text + "}", {}, &findings));
  EXPECT_EQ(findings.size(), 100U);
}

TEST(JsonReader, TakesTheKindFromTheCallerWhereMissing) {
  read_options options;
  options.kind = find_kind("v1", "Pod");
  auto x = read_json(R"({"metadata":{"name":"a"}})", options);
  ASSERT_TRUE(x);
  EXPECT_EQ(x->kind().kind, "Pod");
  EXPECT_EQ(x->name(), "a");
}

} // namespace
} // namespace troupe::text
