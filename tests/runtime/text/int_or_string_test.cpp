#include "messages/api/meta.pb.h"
#include "runtime/text/int_or_string.hpp"

#include <gtest/gtest.h>

#include <limits>

namespace troupe::text {
namespace {

TEST(IntOrString, ScalesPercentagesUpOrDown) {
  auto up = [](std::string_view str, int total) {
    return *scaled_value(int_or_string(str), total, rounding::up);
  };
  auto down = [](std::string_view str, int total) {
    return *scaled_value(int_or_string(str), total, rounding::down);
  };
  EXPECT_EQ(up("25%", 10), 3);
  EXPECT_EQ(down("25%", 10), 2);
  EXPECT_EQ(up("25%", 4), 1);
  EXPECT_EQ(down("25%", 3), 0);
  EXPECT_EQ(up("100%", 7), 7);
  EXPECT_EQ(up("0%", 7), 0);
  EXPECT_EQ(up("200%", 3), 6);
  EXPECT_EQ(up("-50%", 3), -1);
  EXPECT_EQ(down("-50%", 3), -2);
  EXPECT_EQ(up("2147483647%", 2147483647), 2147483647);
}

TEST(IntOrString, TakesNumbersAsTheyAre) {
  EXPECT_EQ(*scaled_value(int_or_string(3), 10, rounding::up), 3);
}

TEST(IntOrString, RefusesStringsThatAreNoPercentage) {
  for (auto str :
       {"", "3", "%", "x%", "2.5%", "25", "25%%", " 5%", "99999999999%"})
    EXPECT_FALSE(scaled_value(int_or_string(str), 10, rounding::up)) << str;
}

TEST(IntOrString, ReadsAndPrints) {
  EXPECT_EQ(int_or_string_text(parse_int_or_string("8080")), "8080");
  EXPECT_FALSE(is_string(parse_int_or_string("8080")));
  EXPECT_TRUE(is_string(parse_int_or_string("http")));
  EXPECT_EQ(int_or_string_text(parse_int_or_string("http")), "http");
  EXPECT_TRUE(is_string(parse_int_or_string("99999999999")));
}

} // namespace
} // namespace troupe::text
