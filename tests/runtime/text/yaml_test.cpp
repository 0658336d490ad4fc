#include "messages/api/apps.pb.h"
#include "messages/api/core_config.pb.h"
#include "runtime/text/document.hpp"
#include "runtime/text/yaml_reader.hpp"
#include "runtime/text/yaml_writer.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace troupe::text {
namespace {

std::string json_of(std::string_view yaml) {
  auto result = parse_yaml(yaml);
  return result ? print_json(*result) : message_of(result.error());
}

std::string error_of(std::string_view yaml) {
  auto result = read_yaml(yaml);
  return result ? "" : message_of(result.error());
}

TEST(YamlReader, TypesScalarsAsKubernetesDoes) {
  struct row {
    std::string_view yaml, json;
  };
  for (auto& [yaml, json] : std::vector<row>{
           {"yes", "true"},
           {"Yes", "true"},
           {"on", "true"},
           {"y", "true"},
           {"no", "false"},
           {"OFF", "false"},
           {"n", "false"},
           {"true", "true"},
           {"tRue", "\"tRue\""},
           {"'yes'", "\"yes\""},
           {"\"on\"", "\"on\""},
           {"~", "null"},
           {"null", "null"},
           {"Null", "null"},
           {"nUll", "\"nUll\""},
           {"0644", "420"},
           {"0o644", "420"},
           {"0x1F", "31"},
           {"0b101", "5"},
           {"-0x10", "-16"},
           {"1_000", "1000"},
           {"+5", "5"},
           {"007", "7"},
           {"08", "8"},
           {"'0644'", "\"0644\""},
           {"1.5", "1.5"},
           {"1e3", "1000"},
           {".5", "0.5"},
           {"1.", "1"},
           {"1.0", "1"},
           {"1:30", "\"1:30\""},
           {"1.2.3", "\"1.2.3\""},
           {"9223372036854775807", "9223372036854775807"},
           {"18446744073709551615", "18446744073709551615"},
           {"2020-01-02", "\"2020-01-02\""},
           {"2020-01-02T03:04:05Z", "\"2020-01-02T03:04:05Z\""},
           {"100m", "\"100m\""},
           {"1Gi", "\"1Gi\""},
           {"!!str 5", "\"5\""},
           {"!!int '5'", "5"},
           {"!!binary aGk=", "\"hi\""},
       })
    EXPECT_EQ(json_of("k: " + std::string{yaml}),
              "{\"k\":" + std::string{json} + "}")
        << yaml;
}

TEST(YamlReader, ReadsStructures) {
  struct row {
    std::string_view yaml, json;
  };
  for (auto& [yaml, json] : std::vector<row>{
           {"a: |\n  x\n  y\n", "{\"a\":\"x\\ny\\n\"}"},
           {"a: >-\n  x\n  y\n", "{\"a\":\"x y\"}"},
           {"{a: 1, b: [2, c]}", "{\"a\":1,\"b\":[2,\"c\"]}"},
           {"5: a\nyes: b\n1.5: c",
            "{\"1.5\":\"c\",\"5\":\"a\",\"true\":\"b\"}"},
           {"a: &x {b: 1}\nc: *x", "{\"a\":{\"b\":1},\"c\":{\"b\":1}}"},
           {"a: &x {b: 1, c: 2}\nd: {<<: *x, c: 3}",
            "{\"a\":{\"b\":1,\"c\":2},\"d\":{\"b\":1,\"c\":3}}"},
           {"a: {<<: [{b: 1}, {b: 2, c: 3}]}", "{\"a\":{\"b\":1,\"c\":3}}"},
           {"a:\n- 1\n-  - 2\n   - 3", "{\"a\":[1,[2,3]]}"},
           {"%YAML 1.1\n---\na: b", "{\"a\":\"b\"}"},
       })
    EXPECT_EQ(json_of(yaml), json) << yaml;
}

TEST(YamlReader, RefusesWithLineAndColumn) {
  struct row {
    std::string_view yaml, error;
  };
  for (auto& [yaml, error] : std::vector<row>{
           {"a: 1\nb: 2\na: 3\n", "invalid YAML at line 3, column 1: key \"a\" "
                                  "is already set in this mapping"},
           {"a: .inf", "invalid YAML at line 1, column 4: .inf is no number "
                       "that JSON knows"},
           {"a:\n  ~: b", "invalid YAML at line 2, column 3: a key cannot be "
                          "null"},
           {"a: {<<: 5}", "invalid YAML at line 1, column 9: only mappings can "
                          "be merged"},
           {"? [a]\n: b", "invalid YAML at line 1, column 3: a key must be a "
                          "string"},
       })
    EXPECT_EQ(json_of(yaml), error) << yaml;
  for (auto yaml :
       {"a: b: c", "\ta: b", "a: [", "a: 'x", "*x", "a: *b", "a\nb: c\n",
        "- a\nb", "{a: b", "&a [*a]", "a: &x {<<: *x}", "a: \xff"})
    EXPECT_FALSE(parse_yaml(yaml)) << yaml;
}

TEST(YamlReader, EndsOnStrayBrackets) {
  for (auto yaml : {"]", "}", "a: b\n]", "[a]]", "{a: b}}", "- a\n}", ",",
                    ": ]", "--- ]", "&a ]", "!t ]", "]\n---\na: b", "? ]"})
    EXPECT_FALSE(read_yaml(yaml)) << yaml;
}

TEST(YamlReader, BoundsWhatAnchorsExpandTo) {
  std::string laughs = "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n";
  std::string merges = "a0: &a0 {}\n";
  for (int i = 1; i < 12; ++i) {
    auto n = std::to_string(i);
    auto p = "*a" + std::to_string(i - 1);
    auto nine = p;
    for (int j = 0; j < 8; ++j)
      nine += "," + p;
    laughs += "a" + n + ": &a" + n + " [" + nine + "]\n";
    merges += "a" + n + ": &a" + n + " {<<: [" + nine + "]}\n";
  }
  EXPECT_NE(json_of(laughs).find("expands to more than"), std::string::npos);
  EXPECT_NE(json_of(merges).find("expands to more than"), std::string::npos);
  EXPECT_FALSE(parse_yaml(std::string(100'000, '[')));
  EXPECT_FALSE(parse_yaml(std::string(100'000, '{')));
  std::string dashes;
  for (int i = 0; i < 100'000; ++i)
    dashes += "- ";
  EXPECT_FALSE(parse_yaml(dashes));
}

TEST(YamlReader, NamesTheLineOfAWrongField) {
  EXPECT_EQ(error_of("apiVersion: apps/v1\n"
                     "kind: Deployment\n"
                     "spec:\n"
                     "  replicas: three\n"),
            "line 4, column 13: spec.replicas: expected integer, got string "
            "\"three\"");
  EXPECT_EQ(error_of("kind: Pod\napiVersion: v1\n---\nkind: Pod\n"),
            "line 4, column 1: apiVersion: required: the object does not say "
            "of which version it is");
  EXPECT_EQ(error_of("{\"kind\": \"Pod\",\n \"apiVersion\": \"v1\",\n"
                     " \"spec\": 5}"),
            "line 3, column 10: spec: expected object, got number 5");
}

TEST(YamlReader, ReadsStreamsAndFlattensLists) {
  auto names = [](std::string_view text) {
    std::string result;
    auto objects = read_yaml(text);
    if (!objects)
      return message_of(objects.error());
    for (auto& x : *objects)
      result += std::string{x.kind().kind} + "/" + x.name() + " ";
    return result;
  };
  EXPECT_EQ(names(""), "");
  EXPECT_EQ(names("---\n# nothing\n---\n"), "");
  EXPECT_EQ(names("---\nkind: Pod\napiVersion: v1\nmetadata: {name: a}\n"
                  "---\n---\nkind: Service\napiVersion: v1\n"
                  "metadata:\n  name: b\n...\n"),
            "Pod/a Service/b ");
  EXPECT_EQ(names("kind: List\napiVersion: v1\nitems:\n"
                  "- {kind: Pod, apiVersion: v1, metadata: {name: a}}\n"
                  "- kind: PodList\n  apiVersion: v1\n  items:\n"
                  "  - metadata: {name: b}\n"),
            "Pod/a Pod/b ");
  EXPECT_EQ(names("{\"kind\":\"Pod\",\"apiVersion\":\"v1\"}\n"
                  "{\"kind\":\"Node\",\"apiVersion\":\"v1\"}"),
            "Pod/ Node/ ");
  EXPECT_EQ(names("{kind: Pod, apiVersion: v1}"), "Pod/ ");
  EXPECT_EQ(names("kind: List\napiVersion: v1\nitems:\n- kind: Foo\n"
                  "  apiVersion: v1\n"),
            "line 4, column 3: no kind \"Foo\" is registered for version "
            "\"v1\"");
}

TEST(YamlReader, KeepsTheSourceOfEachObject) {
  auto manifests = read_manifests("\nkind: ConfigMap\napiVersion: v1\n"
                                  "data: {b: x}\n");
  ASSERT_TRUE(manifests);
  ASSERT_EQ(manifests->size(), 1U);
  EXPECT_EQ(manifests->front().json,
            R"({"kind":"ConfigMap","apiVersion":"v1","data":{"b":"x"}})");
  EXPECT_EQ(manifests->front().at.line, 2U);
}

TEST(YamlWriter, PrintsAsKubectlDoes) {
  auto doc = parse_json(R"({
    "kind":"X","apiVersion":"v1","list":[1,[2,3],{"b":1,"a":2},[],{},null],
    "block":"a\nb\n","strip":"a\nb","keep":"a\n\n","lead":"  a\nb",
    "empty":"","yes":"yes","num":"5","time":"2020-01-01T00:00:00Z",
    "quote":"it's: x","tab":"a\tb","space":" a","float":1.5,"t":true,
    "a10":1,"a2":2,"uni":"é","smile":"😀","trail":"a \nb","e":{}})");
  ASSERT_TRUE(doc);
  EXPECT_EQ(print_yaml(*doc), "a2: 2\n"
                              "a10: 1\n"
                              "apiVersion: v1\n"
                              "block: |\n"
                              "  a\n"
                              "  b\n"
                              "e: {}\n"
                              "empty: \"\"\n"
                              "float: 1.5\n"
                              "keep: |+\n"
                              "  a\n"
                              "\n"
                              "kind: X\n"
                              "lead: |2-\n"
                              "    a\n"
                              "  b\n"
                              "list:\n"
                              "- 1\n"
                              "- - 2\n"
                              "  - 3\n"
                              "- a: 2\n"
                              "  b: 1\n"
                              "- []\n"
                              "- {}\n"
                              "- null\n"
                              "num: \"5\"\n"
                              "quote: 'it''s: x'\n"
                              "smile: \"\\U0001F600\"\n"
                              "space: ' a'\n"
                              "strip: |-\n"
                              "  a\n"
                              "  b\n"
                              "t: true\n"
                              "tab: \"a\\tb\"\n"
                              "time: \"2020-01-01T00:00:00Z\"\n"
                              "trail: \"a \\nb\"\n"
                              "uni: é\n"
                              "\"yes\": \"yes\"\n");
}

TEST(YamlWriter, PrintsLinesAloneSoThatTheyCanBeRead) {
  auto printed = print_yaml("a\n\nname");
  EXPECT_EQ(printed, "|-\n  a\n\n  name\n");
  auto again = parse_yaml(printed);
  ASSERT_TRUE(again);
  EXPECT_EQ(*again, "a\n\nname");
}

TEST(YamlWriter, FoldsLongLines) {
  std::string words;
  for (int i = 0; i < 30; ++i)
    words += "word ";
  words += "end";
  EXPECT_EQ(print_yaml(document{{"a", words}}),
            "a: word word word word word word word word word word word word "
            "word word word word\n"
            "  word word word word word word word word word word word word "
            "word word end\n");
}

TEST(YamlWriter, PrintsObjects) {
  core::v1::ConfigMap map;
  map.mutable_metadata()->set_name("a");
  (*map.mutable_data())["k"] = "v";
  EXPECT_EQ(to_yaml(object::of(map)), "apiVersion: v1\n"
                                      "data:\n"
                                      "  k: v\n"
                                      "kind: ConfigMap\n"
                                      "metadata:\n"
                                      "  name: a\n");
}

TEST(YamlWriter, OrdersKeysByTheNumbersInThem) {
  std::vector<std::string_view> keys{"",   "-",   "1",  "1-", "2",  "10",
                                     "A",  "B",   "a",  "a-", "a1", "a01",
                                     "a2", "a10", "ab", "b"};
  for (size_t i = 0; i < keys.size(); ++i)
    for (size_t j = 0; j < keys.size(); ++j)
      EXPECT_EQ(yaml_key_less(keys[i], keys[j]), i < j)
          << keys[i] << " " << keys[j];
}

} // namespace
TEST(Yaml, SaysThatItIsNestedTooDeeplyHoweverDeeplyThatIs) {
  for (size_t depth : {250u, 600u, 5000u}) {
    auto bomb = "a: " + std::string(depth, '[') + std::string(depth, ']');
    auto found = read_stream(bomb);
    ASSERT_FALSE(found) << depth;
    EXPECT_NE(message_of(found.error()).find("nested too deeply"),
              std::string::npos)
        << message_of(found.error());
  }
}

TEST(Yaml, RefusesControlCharactersWithTheirPlace) {
  using namespace std::string_literals;
  auto found = read_stream("a: b\nc: x\0y\n"s);
  ASSERT_FALSE(found);
  EXPECT_EQ(message_of(found.error()), "invalid YAML at line 2, column 5: "
                                       "control characters are not allowed");
}

} // namespace troupe::text
