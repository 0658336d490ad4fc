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

  caf::error stage(uint64_t index, uint64_t term = 1) {
    raft::write next;
    next.entries.push_back(
        {{term, index},
         raft::entry_kind::commands,
         std::make_shared<const std::string>(std::to_string(index))});
    next.hard = raft::hard_state{term, 0};
    return entries->stage(next);
  }

  void append(uint64_t first, uint64_t last, uint64_t term = 1) {
    for (auto i = first; i <= last; ++i)
      ASSERT_FALSE(stage(i, term));
    ASSERT_FALSE(entries->commit());
  }

  void begin_at(uint64_t index, uint64_t term, bool reset = false) {
    raft::write next;
    next.start = raft::snapshot_mark{
        {term, index}, std::make_shared<const raft::configuration>(group)};
    next.reset = reset;
    ASSERT_FALSE(entries->stage(next));
  }

  /// What is on disk.
  raft::restored reopened() {
    EXPECT_FALSE(open());
    return entries->take_restored();
  }

  std::string shown() {
    std::string text;
    for (auto& e : reopened().entries)
      text += std::to_string(e.at.term) + ":" + std::string{e.bytes()} + " ";
    return text;
  }

  raft::configuration group{{{1, true, "a"}, {2, true, "b"}, {3, false, "c"}}};

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
  ASSERT_FALSE(stage(5, 2)); // never committed
  auto found = reopened();
  EXPECT_EQ(entries->last(), 4u);
  EXPECT_EQ(found.entries.back().at, (raft::position{2, 4}));
  EXPECT_EQ(found.hard.term, 2u);
  EXPECT_EQ(shown(), "1:1 1:2 1:3 2:4 ");
}

TEST_F(Log, AnEntryOverwritesWhatFollowedItsPlace) {
  append(1, 5);
  append(3, 3, 2);
  EXPECT_EQ(shown(), "1:1 1:2 2:3 ");
  EXPECT_TRUE(stage(5, 2));
}

TEST_F(Log, LetsGoOfWhatTheStateHolds) {
  append(1, 5);
  begin_at(3, 1);
  append(6, 6);
  EXPECT_EQ(shown(), "1:4 1:5 1:6 ");
  auto found = reopened();
  EXPECT_EQ(found.start.at, (raft::position{1, 3}));
  EXPECT_EQ(*found.start.members, group);
  EXPECT_TRUE(stage(3));
  begin_at(6, 1);
  ASSERT_FALSE(entries->commit());
  ASSERT_FALSE(open());
  EXPECT_EQ(entries->last(), 6u);
  append(7, 7);
  EXPECT_EQ(shown(), "1:7 ");
}

TEST_F(Log, BeginsAnewWithAState) {
  append(1, 5);
  begin_at(4, 1, true);
  entries->stage_state(3);
  append(5, 5, 2);
  EXPECT_EQ(shown(), "2:5 ");
  EXPECT_EQ(entries->state_number(), 3u);
  begin_at(90, 2, true);
  ASSERT_FALSE(entries->commit());
  EXPECT_EQ(shown(), "");
  EXPECT_EQ(entries->last(), 90u);
}

TEST_F(Log, IsFoundedOnce) {
  EXPECT_EQ(entries->self(), 0u);
  entries->found(2, group);
  ASSERT_FALSE(entries->commit());
  auto found = reopened();
  EXPECT_EQ(entries->self(), 2u);
  EXPECT_EQ(found.start.at, (raft::position{1, 1}));
  EXPECT_EQ(found.hard.term, 1u);
  EXPECT_EQ(*found.start.members, group);
}

TEST_F(Log, OfATimeBeforeGroupsGoesOn) {
  append(1, 5);
  ASSERT_FALSE(open());
  entries->found(1, group);
  ASSERT_FALSE(entries->commit());
  auto found = reopened();
  EXPECT_EQ(found.start.at.index, 0u);
  EXPECT_EQ(*found.start.members, group);
  EXPECT_EQ(found.entries.size(), 5u);
}

TEST_F(Log, AJoinerKnowsNothingButItself) {
  entries->found(4, {});
  ASSERT_FALSE(entries->commit());
  auto found = reopened();
  EXPECT_EQ(entries->self(), 4u);
  EXPECT_EQ(found.start.at.index, 0u);
  EXPECT_TRUE(found.start.members->empty());
}

TEST_F(Log, FitsAStateWithinItsReach) {
  EXPECT_FALSE(check_fit(3, 3, 6));
  EXPECT_FALSE(check_fit(6, 3, 6));
  EXPECT_TRUE(check_fit(2, 3, 6));
  EXPECT_TRUE(check_fit(7, 3, 6));
}

TEST_F(Log, RemembersTheVote) {
  raft::write vote;
  vote.hard = raft::hard_state{7, 3};
  ASSERT_FALSE(entries->stage(vote));
  ASSERT_FALSE(entries->commit());
  EXPECT_EQ(reopened().hard, (raft::hard_state{7, 3}));
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
  EXPECT_NE(damage().find("make another of a backup"), std::string::npos);
}

} // namespace troupe::store
