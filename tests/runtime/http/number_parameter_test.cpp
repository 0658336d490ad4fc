#include "runtime/http/number_parameter.hpp"

#include <gtest/gtest.h>

namespace troupe::http {

namespace {

TEST(NumberParameter, IsReadInKubernetesWords) {
  auto to = *parse_target("/x?a=5&b=-1&c=x&d=99999999999999999999&e=");
  auto of = [&](const char* name) { return number_parameter(to, name); };
  EXPECT_EQ(*of("a"), 5);
  EXPECT_EQ(*of("b"), -1);
  EXPECT_EQ(*of("e"), std::nullopt);
  EXPECT_EQ(*of("none"), std::nullopt);
  EXPECT_EQ(message_of(of("c").error()),
            "strconv.ParseInt: parsing \"x\": invalid syntax");
  EXPECT_EQ(message_of(of("d").error()),
            "strconv.ParseInt: parsing \"99999999999999999999\": value out of "
            "range");
  EXPECT_TRUE(is(of("c").error(), ec::bad_request));
}

} // namespace

} // namespace troupe::http
