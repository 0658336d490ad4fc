#include "runtime/store/crc32c.hpp"
#include "runtime/store/layout.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

namespace troupe::store {

using namespace std::string_literals;

TEST(Layout, HistoryKeysSortByRevisionThenSub) {
  std::vector<position> places{{1, 0},   {1, 1},   {2, 0},
                               {255, 7}, {256, 0}, {1ull << 40, 3}};
  std::vector<std::string> keys;
  for (auto place : places)
    keys.push_back(history_key(place));
  EXPECT_TRUE(std::is_sorted(keys.begin(), keys.end()));
  for (size_t i = 0; i < keys.size(); ++i)
    EXPECT_EQ(read_history_key(keys[i]), places[i]);
}

TEST(Layout, VersionKeysSortByKeyThenNewestFirst) {
  std::vector<std::string> keys{"a"s,   "a\0"s, "a\0\0"s, "a\0b"s,
                                "a\1"s, "ab"s,  "a\xff"s, "b"s};
  std::vector<std::string> raw;
  for (const auto& key : keys)
    for (uint64_t revision : {300, 256, 255, 1})
      raw.push_back(version_key(key, {revision, 0}));
  EXPECT_TRUE(std::is_sorted(raw.begin(), raw.end()));
  for (size_t i = 0; i < raw.size(); ++i) {
    auto entry = read_version_key(raw[i]);
    ASSERT_TRUE(entry);
    EXPECT_EQ(entry->key, keys[i / 4]);
  }
}

TEST(Layout, RefusesKeysThatNoWriterMade) {
  EXPECT_FALSE(read_history_key("h"));
  EXPECT_FALSE(read_history_key("k0123456789ab"));
  EXPECT_FALSE(read_version_key("va"));
  EXPECT_FALSE(read_version_key("va\0"s));
  EXPECT_FALSE(read_version_key("va\0\0short"s));
  EXPECT_FALSE(read_version_key("va\0x012345678901"s));
}

TEST(Layout, ChangesReadBackAsWritten) {
  change what;
  what.create_revision = 1ull << 60;
  what.version = 3;
  what.lease = 77;
  what.previous = {12, 4};
  what.key = "some/key";
  what.value = std::string_view{"a\0b", 3};
  auto raw = encode(what);
  auto back = decode_change(raw);
  ASSERT_TRUE(back);
  EXPECT_FALSE(back->deleted);
  EXPECT_EQ(back->create_revision, what.create_revision);
  EXPECT_EQ(back->previous, what.previous);
  EXPECT_EQ(back->key, what.key);
  EXPECT_EQ(back->value, what.value);
}

TEST(Layout, CutChangesAreRefused) {
  change what;
  what.version = 1;
  what.key = "key";
  auto raw = encode(what);
  for (size_t size = 0; size < raw.size(); ++size)
    EXPECT_FALSE(decode_change(raw.substr(0, size))) << size;
  raw.front() = 9;
  EXPECT_FALSE(decode_change(raw));
}

TEST(Layout, MetaReadsBackAsWritten) {
  key_meta meta{{9, 8}, 7, 6, 5};
  auto back = decode_meta(encode(meta));
  ASSERT_TRUE(back);
  EXPECT_EQ(back->at, meta.at);
  EXPECT_EQ(back->create_revision, 7u);
  EXPECT_EQ(back->version, 6u);
  EXPECT_EQ(back->lease, 5u);
  EXPECT_FALSE(decode_meta(encode(meta) + "x"));
}

TEST(Crc32c, HasTheKnownCheckValues) {
  EXPECT_EQ(crc32c("123456789"), 0xe3069283u);
  EXPECT_EQ(crc32c(std::string(32, '\0')), 0x8a9136aau);
  EXPECT_EQ(crc32c("6789", crc32c("12345")), 0xe3069283u);
}

TEST(ChainHash, DependsOnOrderAndLength) {
  EXPECT_NE(chain_hash(0, "ab"), chain_hash(0, "ba"));
  EXPECT_NE(chain_hash(0, ""), chain_hash(0, "\0"s));
  EXPECT_NE(chain_hash(chain_hash(0, "a"), "b"),
            chain_hash(chain_hash(0, "b"), "a"));
}

} // namespace troupe::store
