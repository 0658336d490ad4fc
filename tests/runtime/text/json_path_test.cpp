#include "runtime/text/custom_columns.hpp"
#include "runtime/text/json_path.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace troupe::text {
namespace {

const document& nodes() {
  static const auto result = *parse_json(R"({
    "kind":"List","n":5,"f":1.5,"b":true,"z":null,"a.b/c":"dotted",
    "items":[
     {"kind":"Node","metadata":{"name":"one","labels":{"a.b/host":"h1"}},
      "status":{"capacity":{"cpu":"4"},"up":3,
      "addresses":[{"type":"Internal","address":"10.0.0.1"}]}},
     {"kind":"Node","metadata":{"name":"two"},
      "status":{"capacity":{"cpu":"8"},"up":7,
      "addresses":[{"type":"Internal","address":"10.0.0.2"},
                   {"type":"External","address":"1.2.3.4"}]}}],
    "users":[{"name":"me","user":{}},
             {"name":"e2e","user":{"password":"p"}}]})");
  return result;
}

std::string print(std::string_view text) {
  auto path = json_path::parse(text);
  if (!path)
    return message_of(path.error());
  auto result = path->print(nodes());
  return result ? *result : message_of(result.error());
}

TEST(JsonPath, PrintsWhatKubectlPrints) {
  struct row {
    std::string_view path, result;
  };
  for (auto& [path, result] : std::vector<row>{
           {"", ""},
           {"plain text", "plain text"},
           {"kind is {.kind}", "kind is List"},
           {"{.kind}{.n}", "List5"},
           {"{kind}", "List"},
           {"{$.kind}", "List"},
           {"{@.kind}", "List"},
           {"{ .kind }", "List"},
           {"{.n} {.f} {.b}", "5 1.5 true"},
           {"{.none}", ""},
           {"{.items[*].metadata.name}", "one two"},
           {"{.items..metadata.name}", "one two"},
           {"{..name}", "one two me e2e"},
           {"{.items[0].metadata.name}", "one"},
           {"{.items[-1].metadata.name}", "two"},
           {"{.items[0:1].metadata.name}", "one"},
           {"{.items[:].metadata.name}", "one two"},
           {"{.items[1:].metadata.name}", "two"},
           {"{.items[:-1].metadata.name}", "one"},
           {"{.items[0:2:2].metadata.name}", "one"},
           {"{.items[0,1].metadata.name}", "one two"},
           {"{.items[*]['metadata.name', 'kind']}", "Node Node"},
           {"{.items[0]['kind','metadata']['name']}", "one"},
           {"{.a\\.b/c}", "dotted"},
           {"{['a.b/c']}", "dotted"},
           {"{.items[0].metadata.labels.a\\.b/host}", "h1"},
           {"{.items[*].status.capacity}", R"({"cpu":"4"} {"cpu":"8"})"},
           {"{.users[*].name}", "me e2e"},
           {"{.users.*.name}", "me e2e"},
           {"{.items[0].status.capacity.*}", "4"},
           {"{.items[?(@.metadata.name==\"two\")].status.capacity.cpu}", "8"},
           {"{.items[?(@.status.up>3)].metadata.name}", "two"},
           {"{.items[?(@.status.up>=3)].metadata.name}", "one two"},
           {"{.items[?(@.status.up<=3.5)].metadata.name}", "one"},
           {"{.items[?(@.status.up!=3)].metadata.name}", "two"},
           {"{.items[?(@.metadata.labels)].metadata.name}", "one"},
           {"{.users[?(@.user.password)].name}", "e2e"},
           {"{.items[*].status.addresses[?(@.type=='External')].address}",
            "1.2.3.4"},
           {"{.items[?(@.metadata.name==$.items[1].metadata.name)].kind}",
            "Node"},
           {"{range .items[*]}{.metadata.name}={.status.capacity.cpu}{\"\\n\"}"
            "{end}",
            "one=4\ntwo=8\n"},
           {"{range .items[*]}[{range .status.addresses[*]}{.type},{end}]{end}",
            "[Internal,][Internal,External,]"},
           {"{range .items[*]}{@.metadata.name}{'\\t'}{end}", "one\ttwo\t"},
           {"{range .none[*]}x{end}y", "y"},
           {"{\"text\"}{'more'}", "textmore"},
           {"{.users[0].user}", "{}"},
       })
    EXPECT_EQ(print(path), result) << path;
}

TEST(JsonPath, RefusesWithPlaceAndReason) {
  struct row {
    std::string_view path, error;
  };
  for (auto& [path, error] : std::vector<row>{
           {"{", "invalid JSONPath at character 2: unclosed '{'"},
           {"{.a", "invalid JSONPath at character 4: unclosed '{'"},
           {"{.a[}",
            "invalid JSONPath at character 5: expected an index, a name "
            "or '*'"},
           {"{.a[1}", "invalid JSONPath at character 6: expected ']'"},
           {"{.a[0:2:0]}",
            "invalid JSONPath at character 10: the step must be above 0"},
           {"{.a[?(@.b=1)]}", "invalid JSONPath at character 10: expected an "
                              "operator (==, !=, <, "
                              "<=, >, >=) or ')'"},
           {"{range .a}", "invalid JSONPath at character 11: range without "
                          "{end}"},
           {"{end}", "invalid JSONPath at character 5: {end} without a range"},
           {"{\"a}", "invalid JSONPath at character 5: unterminated string"},
           {"{.items[5]}",
            "JSONPath: array index out of bounds: index 5, length 2"},
           {"{.items[-3]}",
            "JSONPath: array index out of bounds: index -3, length 2"},
           {"{.kind[?(@.x)]}",
            "a JSONPath filter needs a list, found \"List\""},
           {"{.kind[0]}", "a JSONPath index needs a list, found \"List\""},
       })
    EXPECT_EQ(print(path), error) << path;
}

TEST(JsonPath, BoundsItsWork) {
  std::string wide;
  std::string ends;
  for (int i = 0; i < 20; ++i) {
    wide += "{range $..*}";
    ends += "{end}";
  }
  EXPECT_NE(print(wide + "x" + ends).find("too much"), std::string::npos);
  std::string deep;
  for (int i = 0; i < 1000; ++i)
    deep += "{range .items[*]}";
  EXPECT_NE(print(deep).find("nested too deeply"), std::string::npos);
}

TEST(JsonPath, TakesPathsWithoutBraces) {
  for (auto text : {".kind", "kind", "{.kind}", "{kind}", "$.kind"}) {
    auto path = json_path::parse_relaxed(text);
    ASSERT_TRUE(path) << text;
    EXPECT_EQ(*path->find(nodes()), std::vector<document>{"List"});
  }
}

TEST(CustomColumns, MakesRows) {
  auto columns = custom_columns::parse(
      "NAME:.metadata.name,IPS:.status.addresses[*].address,"
      "X:metadata.labels['a.b/host','c'],NONE:{.x}");
  ASSERT_TRUE(columns) << message_of(columns.error());
  EXPECT_EQ(columns->headers(),
            (std::vector<std::string>{"NAME", "IPS", "X", "NONE"}));
  EXPECT_EQ(*columns->row(nodes()["items"][0]),
            (std::vector<std::string>{"one", "10.0.0.1", "h1", "<none>"}));
  EXPECT_EQ(*columns->row(nodes()["items"][1]),
            (std::vector<std::string>{"two", "10.0.0.2,1.2.3.4", "<none>",
                                      "<none>"}));
}

TEST(CustomColumns, RefusesWhatIsNoColumn) {
  for (auto spec : {"", "NAME", "NAME:", ":.a", "A:.a,,B:.b", "A:.a[", ","})
    EXPECT_FALSE(custom_columns::parse(spec)) << spec;
}

} // namespace
} // namespace troupe::text
