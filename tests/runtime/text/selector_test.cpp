#include "messages/api/meta.pb.h"
#include "runtime/text/selector.hpp"

#include <gtest/gtest.h>

#include <map>

namespace troupe::text {
namespace {

using labels = std::map<std::string, std::string>;

label_selector parsed(std::string_view str) {
  auto result = label_selector::parse(str);
  EXPECT_TRUE(result) << str << ": "
                      << (result ? "" : message_of(result.error()));
  return result ? *result : label_selector::nothing();
}

TEST(LabelSelector, SelectsByEveryOperator) {
  struct row {
    std::string_view selector;
    labels on;
    bool matches;
  };
  for (auto& [selector, on, matches] : std::vector<row>{
           {"", {}, true},
           {"", {{"a", "b"}}, true},
           {"a=b", {{"a", "b"}}, true},
           {"a==b", {{"a", "b"}}, true},
           {"a=b", {{"a", "c"}}, false},
           {"a=b", {}, false},
           {"a=", {{"a", ""}}, true},
           {"a=", {}, false},
           {"a!=b", {}, true},
           {"a!=b", {{"a", "b"}}, false},
           {"a!=b", {{"a", "c"}}, true},
           {"a", {{"a", ""}}, true},
           {"a", {}, false},
           {"!a", {}, true},
           {"!a", {{"a", "x"}}, false},
           {"a in (b,c)", {{"a", "c"}}, true},
           {"a in (b,c)", {{"a", "d"}}, false},
           {"a in (b,c)", {}, false},
           {"a in (,c)", {{"a", ""}}, true},
           {"a notin (b,c)", {{"a", "c"}}, false},
           {"a notin (b,c)", {{"a", "d"}}, true},
           {"a notin (b,c)", {}, true},
           {"a>1", {{"a", "2"}}, true},
           {"a>1", {{"a", "1"}}, false},
           {"a<10", {{"a", "9"}}, true},
           {"a<10", {{"a", "x"}}, false},
           {"a<10", {}, false},
           {"a=b,c!=d", {{"a", "b"}}, true},
           {"a=b,c!=d", {{"a", "b"}, {"c", "d"}}, false},
           {" a = b , c in ( d , e ) ", {{"a", "b"}, {"c", "e"}}, true},
           {"in in (in)", {{"in", "in"}}, true},
       })
    EXPECT_EQ(parsed(selector).matches(on), matches) << selector;
}

TEST(LabelSelector, PrintsSortedByKey) {
  EXPECT_EQ(parsed("z=1,a in (c,b,b),!k,j,h notin (i),m!=n,o>1,p<2,q==r").str(),
            "a in (b,c),h notin (i),j,!k,m!=n,o>1,p<2,q=r,z=1");
  EXPECT_EQ(parsed("").str(), "");
  EXPECT_EQ(parsed("a in (,b)").str(), "a in (,b)");
}

TEST(LabelSelector, RefusesBadSyntaxWithAReason) {
  for (auto str :
       {",",    "a,",    "a,,b",    "a=b,",    "=b",      "!",
        "!a=b", "a in",  "a in b",  "a in (b", "a in b)", "a in (b c)",
        "a b",  "a=b c", "a=b=c",   "a=!b",    "a>x",     "a<",
        "a=-b", "-a=b",  "a/b/c=d", "/a=b",    "A_/b=c",  "a===b",
        "a=b)", "(a=b)", "a=\xff"})
    EXPECT_FALSE(label_selector::parse(str)) << str;
  EXPECT_FALSE(label_selector::parse(std::string(64, 'a')));
  EXPECT_FALSE(label_selector::parse("a=" + std::string(64, 'a')));
  EXPECT_TRUE(label_selector::parse("example.com/a=b"));
  EXPECT_EQ(message_of(label_selector::parse("a b").error()),
            "unable to parse requirement: found 'b', expected: '=', '!=', "
            "'==', 'in', notin'");
}

// As a kube-apiserver of 1.20 answers.
TEST(LabelSelector, RefusesInKubernetesWords) {
  for (auto& [str, why] :
       {std::pair{"x===a", "unable to parse requirement: found '=', expected: "
                           "identifier"},
        {"x in (a", "unable to parse requirement: found '', expected: ',' or "
                    "')'"},
        {"x in a", "unable to parse requirement: found 'a' expected: '('"},
        {",", "found ',', expected: !, identifier, or 'end of string'"},
        {"==", "found '==', expected: !, identifier, or 'end of string'"},
        {"x=a b", "found 'b', expected: ',' or 'end of string'"},
        {"x,", "found '', expected: identifier after ','"},
        {"x>a", "unable to parse requirement: for 'Gt', 'Lt' operators, the "
                "value must be an integer"}})
    EXPECT_EQ(message_of(label_selector::parse(str).error()), why) << str;
  for (auto& [str, begin] :
       {std::pair{"UP/y=z", "unable to parse requirement: invalid label key "
                            "\"UP/y\": prefix part"},
        {"x=-", "unable to parse requirement: invalid label value: \"-\": at "
                "key: \"x\": "}})
    EXPECT_TRUE(
        message_of(label_selector::parse(str).error()).starts_with(begin))
        << str;
}

TEST(LabelSelector, ComesFromAMessage) {
  meta::v1::LabelSelector msg;
  EXPECT_TRUE(label_selector::from(msg)->is_everything());
  (*msg.mutable_match_labels())["app"] = "web";
  auto* r = msg.add_match_expressions();
  r->set_key("tier");
  r->set_operator_("In");
  r->add_values("b");
  r->add_values("a");
  r = msg.add_match_expressions();
  r->set_key("gone");
  r->set_operator_("DoesNotExist");
  auto selector = label_selector::from(msg);
  ASSERT_TRUE(selector);
  EXPECT_EQ(selector->str(), "app=web,!gone,tier in (a,b)");
  EXPECT_TRUE(selector->matches(labels{{"app", "web"}, {"tier", "b"}}));
  meta::v1::ObjectMeta meta;
  (*meta.mutable_labels())["app"] = "web";
  EXPECT_FALSE(selector->matches(meta.labels()));
}

TEST(LabelSelector, FindsEveryFaultOfAMessage) {
  meta::v1::LabelSelector msg;
  (*msg.mutable_match_labels())["-a"] = "b c";
  auto add = [&](const char* key, const char* op, const char* value) {
    auto* r = msg.add_match_expressions();
    r->set_key(key);
    r->set_operator_(op);
    if (value != nullptr)
      r->add_values(value);
  };
  add("a", "In", nullptr);
  add("a", "Exists", "x");
  add("", "Like", "x");
  add("a", "In", "-");
  std::vector<std::string> fields;
  for (auto& e : validate_label_selector(msg, "spec.selector"))
    fields.push_back(e.reason + " " + e.field);
  EXPECT_EQ(fields, (std::vector<std::string>{
                        "FieldValueInvalid spec.selector.matchLabels",
                        "FieldValueInvalid spec.selector.matchLabels",
                        "FieldValueRequired "
                        "spec.selector.matchExpressions[0].values",
                        "FieldValueForbidden "
                        "spec.selector.matchExpressions[1].values",
                        "FieldValueInvalid "
                        "spec.selector.matchExpressions[2].operator",
                        "FieldValueInvalid "
                        "spec.selector.matchExpressions[2].key",
                        "FieldValueInvalid "
                        "spec.selector.matchExpressions[3].values[0]"}));
  EXPECT_FALSE(label_selector::from(msg));
}

TEST(LabelSelector, KnowsNothingAndEverything) {
  EXPECT_FALSE(label_selector::nothing().matches(labels{}));
  EXPECT_TRUE(label_selector::everything().matches(labels{}));
  EXPECT_EQ(label_selector::of(labels{{"b", "2"}, {"a", "1"}}).str(),
            "a=1,b=2");
}

TEST(FieldSelector, SelectsByEqualityOfFields) {
  auto value_of = [](const std::string& field) -> std::string {
    return field == "metadata.name" ? "web" : field == "odd" ? "a,b=c\\" : "";
  };
  for (auto str :
       {"", "metadata.name=web", "metadata.name==web", "metadata.name!=db",
        "metadata.name=web,spec.nodeName=", "odd=a\\,b\\=c\\\\"})
    EXPECT_TRUE(field_selector::parse(str)->matches(value_of)) << str;
  for (auto str : {"metadata.name=db", "metadata.name!=web",
                   "metadata.name=web,spec.nodeName=n"})
    EXPECT_FALSE(field_selector::parse(str)->matches(value_of)) << str;
}

TEST(FieldSelector, PrintsWhatItReads) {
  auto selector = field_selector::parse("a==b,c!=d,e=\\,\\=\\\\");
  ASSERT_TRUE(selector);
  EXPECT_EQ(selector->str(), "a=b,c!=d,e=\\,\\=\\\\");
  EXPECT_EQ(selector->required("a"), "b");
  EXPECT_EQ(selector->required("c"), std::nullopt);
}

TEST(FieldSelector, RefusesBadSyntax) {
  for (auto str : {"a", "=b", "a=b=c", "a!b", "a=\\x", "a=b\\", "a===b", "!a"})
    EXPECT_FALSE(field_selector::parse(str)) << str;
}

} // namespace
} // namespace troupe::text
