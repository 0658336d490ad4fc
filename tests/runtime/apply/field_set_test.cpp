#include "runtime/apply/field_set.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace troupe::apply {
namespace {

field_set fields(std::string_view json) {
  auto result = parse_fields(json);
  EXPECT_TRUE(result) << json;
  return result ? *result : field_set{};
}

std::string lines(const field_set& set) {
  std::string out;
  for_each_member(set, [&](const path& at) { out += to_string(at) + "\n"; });
  return out;
}

TEST(FieldSet, ReadsAndWritesItsJson) {
  for (std::string json : {
           R"({})",
           R"({"f:spec":{"f:replicas":{}}})",
           R"({"f:metadata":{"f:labels":{".":{},"f:app":{}}}})",
           R"({"f:a":{"k:{\"name\":\"x\"}":{".":{},"f:image":{}}}})",
           R"({"f:a":{"v:\"x\"":{},"v:\"y\"":{}},"f:b":{"i:1":{},"i:2":{}}})",
       })
    EXPECT_EQ(to_json(fields(json)), json);
}

TEST(FieldSet, BringsElementsIntoOneFormAndOrder) {
  EXPECT_EQ(to_json(fields(R"({"f:b":{},"f:a":{},"k:{\"z\":1, \"a\":2}":{}})")),
            R"({"f:a":{},"f:b":{},"k:{\"a\":2,\"z\":1}":{}})");
  // Numbers are ordered as numbers.
  EXPECT_EQ(to_json(fields(R"({"k:{\"p\":443}":{},"k:{\"p\":80}":{}})")),
            R"({"k:{\"p\":80}":{},"k:{\"p\":443}":{}})");
}

TEST(FieldSet, LeavesOutElementsOfKindsThatNobodyKnows) {
  EXPECT_EQ(to_json(fields(R"({"f:a":{},"x:b":{"f:c":{}}})")), R"({"f:a":{}})");
}

TEST(FieldSet, RefusesWhatIsNone) {
  for (auto* json : {"", "[]", "1", R"({"f:a":1})", R"({"a":{}})",
                     R"({"k:[]":{}})", R"({"i:x":{}})", R"({"f:a":{})"})
    EXPECT_FALSE(parse_fields(json)) << json;
}

TEST(FieldSet, TellsPathsAsPeopleReadThem) {
  auto set = fields(R"({"f:spec":{".":{},"f:ports":{)"
                    R"("k:{\"port\":80,\"protocol\":\"TCP\"}":{"f:name":{}}},)"
                    R"("f:finalizers":{"v:\"x\"":{}},"f:list":{"i:3":{}}}})");
  EXPECT_EQ(lines(set), ".spec\n"
                        ".spec.finalizers[=\"x\"]\n"
                        ".spec.list[3]\n"
                        ".spec.ports[port=80,protocol=\"TCP\"].name\n");
}

TEST(FieldSet, IsUnitedSharedAndSubtracted) {
  auto a = fields(R"({"f:a":{".":{},"f:b":{},"f:c":{}},"f:d":{}})");
  auto b = fields(R"({"f:a":{"f:b":{},"f:x":{}},"f:e":{}})");
  EXPECT_EQ(to_json(united(a, b)),
            R"({"f:a":{".":{},"f:b":{},"f:c":{},"f:x":{}},"f:d":{},"f:e":{}})");
  EXPECT_EQ(to_json(shared(a, b)), R"({"f:a":{"f:b":{}}})");
  EXPECT_EQ(to_json(without(a, b)), R"({"f:a":{".":{},"f:c":{}},"f:d":{}})");
}

TEST(FieldSet, LosesWhatIsBelowAFieldOnlyWhenAskedTo) {
  auto a = fields(R"({"f:status":{"f:phase":{}},"f:spec":{}})");
  auto b = fields(R"({"f:status":{}})");
  EXPECT_EQ(to_json(without(a, b)),
            R"({"f:spec":{},"f:status":{"f:phase":{}}})");
  EXPECT_EQ(to_json(without_below(a, b)), R"({"f:spec":{}})");
}

TEST(FieldSet, KnowsItsMembers) {
  auto set = fields(R"({"f:spec":{"f:replicas":{}}})");
  EXPECT_TRUE(contains(set, fields_path("spec.replicas")));
  EXPECT_FALSE(contains(set, fields_path("spec")));
  EXPECT_FALSE(contains(set, fields_path("spec.replicas.x")));
  EXPECT_EQ(to_json(set_of(fields_path("spec.replicas"))), to_json(set));
}

} // namespace
} // namespace troupe::apply
