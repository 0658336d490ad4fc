#include "messages/store_interface.hpp"
#include "runtime/store/layout.hpp"
#include "runtime/store/log.hpp"

#include <gtest/gtest.h>
#include <leveldb/write_batch.h>

namespace troupe::store {

namespace {

struct Log : ::testing::Test {
  std::shared_ptr<leveldb::Env> disk = make_memory_disk();
  std::shared_ptr<database> db;
  std::unique_ptr<log> entries;

  void SetUp() override { ASSERT_FALSE(open()); }

  caf::error open() {
    entries.reset();
    db.reset();
    database_options options;
    options.path = "/log";
    options.env = disk.get();
    auto opened = database::open(options);
    if (!opened)
      return std::move(opened.error());
    db = *opened;
    auto made = log::open(db);
    if (!made)
      return std::move(made.error());
    entries = std::move(*made);
    return caf::none;
  }

  static store_api::LogEntry entry(uint64_t index, uint64_t term = 1,
                                   std::string payload = "") {
    store_api::LogEntry result;
    result.set_index(index);
    result.set_term(term);
    result.set_type(store_api::LogEntry::COMMANDS);
    result.set_payload(payload.empty() ? std::to_string(index) : payload);
    return result;
  }

  void append(uint64_t first, uint64_t last, uint64_t term = 1) {
    for (auto i = first; i <= last; ++i)
      ASSERT_FALSE(entries->stage(entry(i, term)));
    ASSERT_FALSE(entries->commit());
  }

  std::string shown(uint64_t first = 1) {
    std::string text;
    auto err = entries->read(first, [&](const store_api::LogEntry& e) {
      text += std::to_string(e.term()) + ":" + e.payload() + " ";
      return caf::error{};
    });
    EXPECT_FALSE(err) << message_of(err);
    return text;
  }

  std::string damage() {
    auto err = open();
    return err ? message_of(err) : "none";
  }

  void raw_delete(uint64_t index) {
    std::string key{"e"};
    append_fixed64(key, index);
    ASSERT_TRUE(db->db().Delete({}, key).ok());
  }
};

} // namespace

TEST_F(Log, BeginsEmpty) {
  EXPECT_EQ(entries->last(), 0u);
}

TEST_F(Log, KeepsWhatWasCommitted) {
  append(1, 3);
  append(4, 4, 2);
  ASSERT_FALSE(entries->stage(entry(5, 2))); // never committed
  ASSERT_FALSE(open());
  EXPECT_EQ(entries->last(), 4u);
  EXPECT_EQ(entries->last_term(), 2u);
  EXPECT_EQ(entries->hard().term, 2u);
  EXPECT_EQ(shown(), "1:1 1:2 1:3 2:4 ");
  EXPECT_EQ(shown(3), "1:3 2:4 ");
}

TEST_F(Log, AnEntryOverwritesWhatFollowedItsPlace) {
  append(1, 5);
  append(3, 3, 2);
  ASSERT_FALSE(open());
  EXPECT_EQ(shown(), "1:1 1:2 2:3 ");
  EXPECT_TRUE(entries->stage(entry(5, 2)));
}

TEST_F(Log, TrimsWhatTheStateHolds) {
  append(1, 5);
  entries->stage_trim(3);
  append(6, 6);
  ASSERT_FALSE(open());
  EXPECT_EQ(entries->start(), 3u);
  EXPECT_EQ(entries->start_term(), 1u);
  EXPECT_EQ(shown(), "1:4 1:5 1:6 ");
  EXPECT_TRUE(entries->stage(entry(3)));
  entries->stage_trim(6);
  ASSERT_FALSE(entries->commit());
  ASSERT_FALSE(open());
  EXPECT_EQ(entries->last(), 6u);
  append(7, 7);
  EXPECT_EQ(shown(), "1:7 ");
}

TEST_F(Log, FitsAStateWithinItsReach) {
  EXPECT_FALSE(check_fit(3, 3, 6));
  EXPECT_FALSE(check_fit(6, 3, 6));
  EXPECT_TRUE(check_fit(2, 3, 6));
  EXPECT_TRUE(check_fit(7, 3, 6));
}

TEST_F(Log, RemembersTheVote) {
  entries->stage(hard_state{7, 3});
  ASSERT_FALSE(entries->commit());
  ASSERT_FALSE(open());
  EXPECT_EQ(entries->hard().term, 7u);
  EXPECT_EQ(entries->hard().voted_for, 3u);
}

TEST_F(Log, AMissingEntryIsDamage) {
  append(1, 5);
  raw_delete(3);
  EXPECT_NE(damage().find("entries 3 to 3 are missing"), std::string::npos);
}

TEST_F(Log, AMissingTailIsDamage) {
  append(1, 5);
  raw_delete(5);
  EXPECT_NE(damage().find("ends at entry 4, but entry 5 was written"),
            std::string::npos);
}

TEST_F(Log, AChangedEntryIsDamage) {
  append(1, 5);
  std::string key{"e"};
  append_fixed64(key, 2);
  std::string raw;
  ASSERT_TRUE(db->db().Get({}, key, &raw).ok());
  raw.back() = static_cast<char>(raw.back() ^ 1);
  ASSERT_TRUE(db->db().Put({}, key, raw).ok());
  EXPECT_NE(damage().find("fails its checksum"), std::string::npos);
}

TEST_F(Log, AnEntryInAnothersPlaceIsDamage) {
  append(1, 5);
  std::string two{"e"};
  append_fixed64(two, 2);
  std::string three{"e"};
  append_fixed64(three, 3);
  std::string raw;
  ASSERT_TRUE(db->db().Get({}, two, &raw).ok());
  ASSERT_TRUE(db->db().Put({}, three, raw).ok());
  EXPECT_NE(damage().find("fails its checksum"), std::string::npos);
}

TEST_F(Log, SaysHowToRestore) {
  append(1, 2);
  raw_delete(1);
  EXPECT_NE(damage().find("put a backup in its place"), std::string::npos);
}

} // namespace troupe::store
