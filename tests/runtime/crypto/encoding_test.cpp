#include "runtime/crypto/encoding.hpp"
#include "runtime/crypto/random.hpp"

#include <gtest/gtest.h>

#include <regex>
#include <set>

using namespace troupe;
using namespace troupe::crypto;

// The examples of RFC 4648, section 10.
TEST(Base64, FollowsTheExamplesOfItsStandard) {
  const std::pair<std::string, std::string> cases[] = {
      {"", ""},
      {"f", "Zg=="},
      {"fo", "Zm8="},
      {"foo", "Zm9v"},
      {"foob", "Zm9vYg=="},
      {"fooba", "Zm9vYmE="},
      {"foobar", "Zm9vYmFy"},
  };
  for (auto& [plain, encoded] : cases) {
    EXPECT_EQ(base64_encode(plain), encoded);
    auto decoded = base64_decode(encoded);
    ASSERT_TRUE(decoded) << encoded;
    EXPECT_EQ(*decoded, plain);
  }
}

TEST(Base64, KeepsEveryByte) {
  std::string all;
  for (int i = 0; i < 256; ++i)
    all += static_cast<char>(i);
  EXPECT_EQ(*base64_decode(base64_encode(all)), all);
  EXPECT_EQ(base64url_encode("\xfb\xff\xfe"), "-__-");
}

TEST(Base64, SkipsLineBreaks) {
  EXPECT_EQ(*base64_decode("Zm9v\nYmFy\r\n"), "foobar");
}

TEST(Base64, RefusesWhatItCannotHaveWritten) {
  for (auto text :
       {"Zg", "Zg=", "Z", "Zg==Zg==", "Zm9v====", "Zm9*", "=Zm9", "Zm-_"})
    EXPECT_FALSE(base64_decode(text)) << text;
}

TEST(Sha256, FollowsTheExampleOfItsStandard) {
  EXPECT_EQ(hex_encode(sha256("abc")), "ba7816bf8f01cfea414140de5dae2223"
                                       "b00361a396177a9cb410ff61f20015ad");
}

TEST(EqualSecrets, ComparesAllBytes) {
  EXPECT_TRUE(equal_secrets("same", "same"));
  EXPECT_FALSE(equal_secrets("same", "sama"));
  EXPECT_FALSE(equal_secrets("same", "samesame"));
  EXPECT_TRUE(equal_secrets("", ""));
}

TEST(Uid, IsOfVersionFourWhateverTheBits) {
  EXPECT_EQ(uid_from(0, 0), "00000000-0000-4000-8000-000000000000");
  EXPECT_EQ(uid_from(~UINT64_C(0), ~UINT64_C(0)),
            "ffffffff-ffff-4fff-bfff-ffffffffffff");
}

TEST(RandomWord, HasOnlyLettersAndDigits) {
  std::regex form{"[a-z0-9]{32}"};
  EXPECT_TRUE(std::regex_match(random_word(32), form));
  EXPECT_NE(random_word(32), random_word(32));
  EXPECT_EQ(random_word(0), "");
}

TEST(Secret, HasNoCharacterThatNeedsQuoting) {
  std::regex form{"[A-Za-z0-9_-]{43}"};
  EXPECT_TRUE(std::regex_match(new_secret(), form));
}
