#include "runtime/text/go_text.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace troupe::text {
namespace {

document doc(std::string_view json) {
  auto result = parse_json(json);
  EXPECT_TRUE(result) << json;
  return result ? *result : document{};
}

TEST(GoText, PrintsAsGoDoes) {
  EXPECT_EQ(go_text(doc(R"({"b":[1,"x",null],"a":{"c":true}})")),
            "map[a:map[c:true] b:[1 x <nil>]]");
  EXPECT_EQ(go_string(doc("1")), "%!s(int64=1)");
  EXPECT_EQ(go_string(doc("null")), "%!s(<nil>)");
  EXPECT_EQ(go_string(doc(R"("x")")), "x");
  EXPECT_EQ(go_type(doc("[1]")), "[]interface {}");
  EXPECT_EQ(go_type(doc("1.5")), "float64");
}

} // namespace
} // namespace troupe::text
