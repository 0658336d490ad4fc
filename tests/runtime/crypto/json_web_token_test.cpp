#include "runtime/crypto/encoding.hpp"
#include "runtime/crypto/json_web_token.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace troupe::crypto {

namespace {

token_keys new_keys() {
  return *token_keys::parse(*make_token_key());
}

TEST(WebToken, IsVerifiedByTheKeyThatSignedIt) {
  auto keys = new_keys();
  auto text = keys.sign(R"({"sub":"a"})");
  ASSERT_TRUE(text);
  auto token = parse_json_web_token(*text);
  ASSERT_TRUE(token);
  EXPECT_EQ(token->algorithm, "ES256");
  EXPECT_EQ(token->payload, R"({"sub":"a"})");
  EXPECT_EQ(token->signature.size(), 64u);
  EXPECT_FALSE(keys.verify(*token));
  EXPECT_TRUE(new_keys().verify(*token));
}

TEST(WebToken, IsRefusedWhenAnythingInItWasChanged) {
  auto keys = new_keys();
  auto text = *keys.sign(R"({"sub":"a","n":12345})");
  for (size_t i = 0; i < text.size(); ++i) {
    auto changed = text;
    changed[i] = changed[i] == 'A' ? 'B' : 'A';
    if (changed == text)
      continue;
    auto token = parse_json_web_token(changed);
    EXPECT_TRUE(!token || keys.verify(*token)) << i;
  }
}

TEST(WebToken, NeverChoosesItsAlgorithmItself) {
  auto keys = new_keys();
  auto token = *parse_json_web_token(*keys.sign("{}"));
  for (auto* name : {"none", "HS256", "RS256", "es256", ""}) {
    auto other = token;
    other.algorithm = name;
    EXPECT_TRUE(keys.verify(other)) << name;
  }
}

TEST(WebToken, IsOfAnyOfTheKeysAndTheFirstSigns) {
  auto older = *make_token_key();
  auto newer = *make_token_key();
  auto both = *token_keys::parse(newer + older);
  auto by_older = *token_keys::parse(older)->sign("{}");
  EXPECT_FALSE(both.verify(*parse_json_web_token(by_older)));
  auto by_both = *parse_json_web_token(*both.sign("{}"));
  EXPECT_FALSE(token_keys::parse(newer)->verify(by_both));
  EXPECT_TRUE(token_keys::parse(older)->verify(by_both));
}

TEST(WebToken, IsNoOtherText) {
  auto b64 = [](const std::string& x) { return base64url_encode(x); };
  auto head = b64(R"({"alg":"ES256"})");
  for (auto& text :
       {std::string{}, std::string{"."}, std::string{".."}, std::string{"..."},
        head + "." + b64("{}"), head + "." + b64("{}") + ".",
        head + "." + b64("{}") + ".!", "a." + b64("{}") + ".AAAA",
        b64("[]") + "." + b64("{}") + ".AAAA",
        b64("{}") + "." + b64("{}") + ".AAAA",
        b64(R"({"alg":1})") + "." + b64("{}") + ".AAAA",
        b64(R"({"alg":"ES256","crit":["b64"],"b64":false})") + "." + b64("{}")
            + ".AAAA",
        b64(R"({"alg":"ES256","a":[[[[[[[[[[]]]]]]]]]]})") + "." + b64("{}")
            + ".AAAA",
        head + "." + b64("{}") + ".AAAA.AAAA",
        std::string(100'000, 'A') + ".AAAA.AAAA"})
    EXPECT_FALSE(parse_json_web_token(text)) << text.substr(0, 80);
}

TEST(WebToken, TellsItsPublicKeysAndNoSecrets) {
  auto keys = new_keys();
  auto token = *parse_json_web_token(*keys.sign("{}"));
  auto set = nlohmann::json::parse(keys.public_set());
  auto& key = set["keys"][0];
  EXPECT_EQ(key["kid"], token.key_id);
  EXPECT_EQ(key["kty"], "EC");
  EXPECT_EQ(key["crv"], "P-256");
  EXPECT_EQ(base64url_decode(key["x"].get<std::string>())->size(), 32u);
  EXPECT_FALSE(key.contains("d"));
}

TEST(WebToken, KeysAreReadOrRefused) {
  EXPECT_FALSE(token_keys::parse(""));
  EXPECT_FALSE(token_keys::parse("no key"));
}

TEST(Base64Url, HasOneSpellingForEachText) {
  EXPECT_EQ(*base64url_decode("AA"), std::string(1, '\0'));
  EXPECT_FALSE(base64url_decode("AB"));
  EXPECT_FALSE(base64url_decode("A"));
  EXPECT_FALSE(base64url_decode("AA=="));
  EXPECT_FALSE(base64url_decode("A+"));
  for (auto* text : {"", "a", "ab", "abc", "abcd", "\xff\xfe\xfd"})
    EXPECT_EQ(*base64url_decode(base64url_encode(text)), text);
}

// RFC 7515, A.1 has the same header form; the content does not travel.
TEST(DetachedSignature, LeavesTheContentOut) {
  auto text = sign_detached("content", "abcdef", "0123456789abcdef");
  auto dots = text.find("..");
  ASSERT_NE(dots, std::string::npos);
  auto header = nlohmann::json::parse(*base64url_decode(text.substr(0, dots)));
  EXPECT_EQ(header["alg"], "HS256");
  EXPECT_EQ(header["kid"], "abcdef");
  EXPECT_EQ(base64url_decode(text.substr(dots + 2))->size(), 32u);
  EXPECT_NE(text, sign_detached("other", "abcdef", "0123456789abcdef"));
}

} // namespace

} // namespace troupe::crypto
