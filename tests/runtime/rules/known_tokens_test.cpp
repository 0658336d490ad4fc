#include "messages/api/core_config.pb.h"
#include "messages/api/meta.pb.h"
#include "runtime/crypto/encoding.hpp"
#include "runtime/rules/bootstrap_token.hpp"
#include "runtime/rules/known_tokens.hpp"

#include <gtest/gtest.h>

namespace troupe::rules {

namespace {

using namespace std::chrono_literals;

TEST(TokenFile, HasOneUserInEachLine) {
  auto all = parse_token_file("t1,jane,7,\"dev, ops\"\r\n"
                              "\n"
                              "t2,\"jo\"\"e\",8\n"
                              ",nobody,9\n"
                              "t3, max,10,solo");
  ASSERT_TRUE(all);
  EXPECT_EQ(all->size(), 3u);
  auto jane = find_token(*all, "t1");
  ASSERT_TRUE(jane);
  EXPECT_EQ(jane->user, "jane");
  EXPECT_EQ(jane->uid, "7");
  EXPECT_EQ(jane->groups, (std::vector<std::string>{"dev", "ops"}));
  EXPECT_EQ(find_token(*all, "t2")->user, "jo\"e");
  EXPECT_EQ(find_token(*all, "t3")->user, "max");
  EXPECT_EQ(find_token(*all, "t3")->groups, std::vector<std::string>{"solo"});
  EXPECT_FALSE(find_token(*all, ""));
  EXPECT_FALSE(find_token(*all, "t4"));
}

TEST(TokenFile, IsRefusedWithTheLineAndWithoutTheToken) {
  for (auto* text : {"a,b,c\nverysecret,x\n", "a,b,c\nverysecret,\"x,y\n",
                     "a,b,c\nverysecret,\"x\"y,z\n"}) {
    auto all = parse_token_file(text);
    ASSERT_FALSE(all) << text;
    auto why = message_of(all.error());
    EXPECT_NE(why.find("line 2"), std::string::npos) << why;
    EXPECT_EQ(why.find("verysecret"), std::string::npos) << why;
  }
  EXPECT_TRUE(parse_token_file(""));
}

TEST(BearerToken, IsThatOfTheHeader) {
  EXPECT_EQ(bearer_token("Bearer abc"), "abc");
  EXPECT_EQ(bearer_token("bearer   abc "), "abc");
  for (auto* text : {"", "abc", "Basic abc", "Bearer", "Bearer "})
    EXPECT_FALSE(bearer_token(text)) << text;
}

TEST(BearerToken, MayComeAmongTheProtocolsOfAWebSocket) {
  auto spelled = "base64url.bearer.authorization.k8s.io."
                 + crypto::base64url_encode("a.b.c");
  std::string rest;
  EXPECT_EQ(*bearer_protocol(spelled + ", v4.channel.k8s.io", rest), "a.b.c");
  EXPECT_EQ(rest, "v4.channel.k8s.io");
  rest.clear();
  EXPECT_FALSE(bearer_protocol(spelled, rest)) << "no protocol is left";
  EXPECT_FALSE(bearer_protocol(spelled + "," + spelled + ",x", rest));
  EXPECT_EQ(*bearer_protocol("v4.channel.k8s.io", rest), "");
  EXPECT_EQ(*bearer_protocol("", rest), "");
  EXPECT_EQ(*bearer_protocol("base64url.bearer.authorization.k8s.io.,x", rest),
            "");
  EXPECT_FALSE(
      bearer_protocol("base64url.bearer.authorization.k8s.io.!!,x", rest));
  EXPECT_FALSE(bearer_protocol("base64url.bearer.authorization.k8s.io."
                                   + crypto::base64url_encode("\xff") + ",x",
                               rest));
  EXPECT_TRUE(rest.empty());
}

struct bootstrap_case : ::testing::Test {
  time_point now = time_point{} + std::chrono::hours(24 * 365 * 56);
  bootstrap_token token;
  bootstrap_parts shown{"abcdef", "0123456789abcdef"};

  bootstrap_case() {
    token.id = shown.id;
    token.secret = shown.secret;
    token.groups = {"system:bootstrappers:nodes"};
  }

  std::optional<caller> who() {
    return bootstrap_caller(to_secret(token), shown, now);
  }
};

using BootstrapCaller = bootstrap_case;

TEST_F(BootstrapCaller, IsInTheGroupsOfItsToken) {
  auto found = who();
  ASSERT_TRUE(found);
  EXPECT_EQ(found->user, "system:bootstrap:abcdef");
  EXPECT_EQ(found->groups,
            (std::vector<std::string>{"system:bootstrappers",
                                      "system:bootstrappers:nodes"}));
}

TEST_F(BootstrapCaller, IsNobodyWithoutAGoodToken) {
  shown.secret = "0123456789abcdeX";
  EXPECT_FALSE(who());
  shown.secret = token.secret;
  token.expires = now;
  EXPECT_FALSE(who());
  token.expires = now + 1s;
  EXPECT_TRUE(who());
  token.for_authentication = false;
  EXPECT_FALSE(who());
}

TEST(BootstrapParts, AreThoseOfThatFormAlone) {
  EXPECT_TRUE(bootstrap_parts_of("abcdef.0123456789abcdef"));
  for (auto* text : {"", "abcdef", "abcdef.", "abcdef.0123456789abcdeF",
                     "abcde.0123456789abcdef", "abcdef.0123456789abcdef.x"})
    EXPECT_FALSE(bootstrap_parts_of(text)) << text;
}

} // namespace

} // namespace troupe::rules
