#include "runtime/rules/continue_token.hpp"
#include "runtime/text/base64.hpp"

#include <gtest/gtest.h>

namespace troupe::rules {

TEST(ContinueToken, ComesBackAsItWas) {
  for (auto left : {std::optional<int64_t>{}, std::optional<int64_t>{17}}) {
    auto again = decode_continue_token(encode({42, "default/web-1", left}));
    ASSERT_TRUE(again) << message_of(again.error());
    EXPECT_EQ(again->revision, 42u);
    EXPECT_EQ(again->after, "default/web-1");
    EXPECT_EQ(again->left, left);
  }
}

TEST(ContinueToken, RefusesWhatIsNoneOfOurs) {
  struct {
    std::string text;
    const char* why;
  } cases[] = {
      {"default/web-1", "illegal base64 data"},
      {text::base64_encode("[]"), "does not recognize this encoded version"},
      {text::base64_encode("{\"v\":\"v9\",\"rv\":1,\"start\":\"a\"}"),
       "does not recognize this encoded version"},
      {text::base64_encode("{\"v\":\"meta.k8s.io/v1\",\"start\":\"a\"}"),
       "incorrect encoded start resourceVersion"},
      {text::base64_encode(
           "{\"v\":\"meta.k8s.io/v1\",\"rv\":0,\"start\":\"a\"}"),
       "incorrect encoded start resourceVersion"},
      {text::base64_encode("{\"v\":\"meta.k8s.io/v1\",\"rv\":-3}"),
       "incorrect encoded start resourceVersion"},
      {text::base64_encode(
           "{\"v\":\"meta.k8s.io/v1\",\"rv\":1,\"start\":\"\"}"),
       "incorrect encoded start key"},
      {text::base64_encode("\xff\xfe"),
       "does not recognize this encoded version"},
  };
  for (auto& c : cases) {
    auto token = decode_continue_token(c.text);
    ASSERT_FALSE(token) << c.text;
    EXPECT_TRUE(is(token.error(), ec::bad_request));
    EXPECT_NE(message_of(token.error()).find(c.why), std::string::npos)
        << message_of(token.error());
  }
}

} // namespace troupe::rules
