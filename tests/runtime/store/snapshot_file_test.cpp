#include "runtime/store/content_hash.hpp"
#include "runtime/store/log.hpp"
#include "runtime/store/snapshot_file.hpp"
#include "state_fixture.hpp"

#include <sstream>

namespace troupe::store {

namespace {

struct SnapshotFile : state_fixture {
  database_options there;
  database_options log_there;

  void SetUp() override {
    state_fixture::SetUp();
    raft::configuration three{
        {{1, true, "a"}, {2, true, "b"}, {7, false, "c"}}};
    ASSERT_FALSE(apply_to->found(
        {{1, 1}, std::make_shared<const raft::configuration>(three)}));
    for (int i = 0; i < 40; ++i)
      put("k" + std::to_string(i % 30), std::string(10'000, 'v'));
    erase("k3");
    store_api::AlarmChange alarm;
    alarm.mutable_alarm()->set_member(2);
    alarm.mutable_alarm()->set_kind(store_api::Alarm::CORRUPTION);
    alarm.set_on(true);
    apply(alarm);
    there.path = "/new/state";
    log_there.path = "/new/log";
    there.env = log_there.env = disk.get();
  }

  std::string save() {
    auto from = snapshot_writer::open(state);
    EXPECT_TRUE(from) << message_of(from.error());
    EXPECT_EQ((*from)->revision(), apply_to->revision());
    std::string result;
    while (!(*from)->done()) {
      auto part = (*from)->next();
      EXPECT_TRUE(part);
      EXPECT_LT(part->size(), 100'000u);
      result += *part;
      // It is of one moment.
      put("later", result.substr(0, 10));
    }
    return result;
  }

  expected<restored_store> restore_from(const std::string& file) {
    std::istringstream in{file};
    return restore(in, there, log_there, "new/store");
  }

  void clear() {
    leveldb::Options options;
    options.env = disk.get();
    leveldb::DestroyDB(there.path, options);
  }

  uint64_t hash_of(const std::shared_ptr<database>& of, uint64_t revision) {
    auto walk = content_hash::open(of, revision);
    EXPECT_TRUE(walk) << message_of(walk.error());
    EXPECT_TRUE(*(*walk)->step(1'000'000));
    return (*walk)->hash();
  }
};

} // namespace

TEST_F(SnapshotFile, BecomesAnotherGroupThatGoesOn) {
  auto revision = apply_to->revision();
  auto applied = apply_to->applied();
  auto made = restore_from(save());
  ASSERT_TRUE(made) << message_of(made.error());
  EXPECT_EQ(made->revision, revision);
  EXPECT_EQ(made->member, 8u);
  auto db = *database::open(there);
  EXPECT_EQ(hash_of(db, 0), hash_of(state, revision));
  EXPECT_EQ(hash_of(db, revision - 5), hash_of(state, revision - 5));
  auto taken = machine::open(db);
  ASSERT_TRUE(taken) << message_of(taken.error());
  EXPECT_EQ((*taken)->revision(), revision);
  EXPECT_EQ((*taken)->applied(), applied);
  EXPECT_EQ((*taken)->last_member(), 8u);
  EXPECT_TRUE((*taken)->alarms().empty());
  auto kept = log::open(*database::open(log_there));
  ASSERT_TRUE(kept) << message_of(kept.error());
  EXPECT_EQ((*kept)->self(), 8u);
  EXPECT_EQ((*kept)->start(), applied);
  auto found = (*kept)->take_restored();
  EXPECT_EQ(found.hard.term, 1u);
  ASSERT_EQ(found.start.members->members().size(), 1u);
  EXPECT_EQ(found.start.members->members()[0],
            (raft::member{8, true, "new/store"}));
}

TEST_F(SnapshotFile, IsNotTakenUnlessItIsWhole) {
  auto file = save();
  auto step = file.size() / 13;
  for (size_t end = 0; end < file.size(); end += step) {
    auto made = restore_from(file.substr(0, end));
    ASSERT_FALSE(made) << end;
    EXPECT_TRUE(is(made.error(), ec::bad_request));
    // What has come of it is not served.
    auto db = database::open(there);
    ASSERT_TRUE(db) << message_of(db.error());
    EXPECT_TRUE(end < 100'000 || !machine::open(*db)) << end;
    db->reset();
    clear();
  }
}

TEST_F(SnapshotFile, IsNotTakenIfItWasAltered) {
  auto file = save();
  for (size_t at = 0; at < file.size(); at += file.size() / 17) {
    auto altered = file;
    altered[at] = static_cast<char>(altered[at] ^ 1);
    EXPECT_FALSE(restore_from(altered)) << at;
    clear();
  }
}

TEST_F(SnapshotFile, TakesNobodysPlace) {
  auto file = save();
  ASSERT_TRUE(restore_from(file));
  auto again = restore_from(file);
  ASSERT_FALSE(again);
  EXPECT_TRUE(is(again.error(), ec::already_exists));
}

} // namespace troupe::store
