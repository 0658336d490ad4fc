// Members that hold something else than the others.

#include "group_fixture.hpp"
#include "messages/store_group_interface.hpp"
#include "runtime/store/database.hpp"
#include "runtime/store/layout.hpp"

#include <leveldb/write_batch.h>

namespace troupe::test {

using namespace store_api;
using namespace std::chrono_literals;

namespace {

void put_many(store_group& group, size_t via, int count) {
  for (int i = 0; i < count; ++i)
    group.put_now(via, "k" + std::to_string(i), "v");
}

/// Where the state lies: another place for each one that was fetched.
std::string place_of_state(store_group& group, size_t server) {
  auto& disk = group.disk(server);
  auto folder = group.options_of(server).path;
  std::vector<std::string> names;
  EXPECT_TRUE(disk.GetChildren(folder, &names).ok());
  for (auto& name : names) {
    // The disk in memory lists all that lies below.
    auto place = folder + "/" + name.substr(0, name.find('/'));
    if (name.rfind("state", 0) == 0 && disk.FileExists(place + "/CURRENT"))
      return place;
  }
  ADD_FAILURE() << "there is no state";
  return {};
}

/// Changes bytes of a state while its server is down.
void alter(store_group& group, size_t server, std::string_view key,
           const std::string& value) {
  group.crash(server);
  store::database_options options;
  options.path = place_of_state(group, server);
  options.env = &group.disk(server);
  options.unsynced = true;
  auto db = store::database::open(options);
  ASSERT_TRUE(db) << message_of(db.error());
  leveldb::WriteBatch batch;
  batch.Put({key.data(), key.size()}, value);
  ASSERT_FALSE((*db)->write(batch, true));
  db->reset();
  group.start(server);
}

bool refuses(store_group& group, size_t server) {
  return group.get_now(server, "k0").find("damaged") != std::string::npos;
}

HashResponse hashes(store_group& group, size_t via, uint64_t revision = 0) {
  HashRequest request;
  request.set_revision(revision);
  auto result = group.answer<HashResponse>(via, request);
  EXPECT_TRUE(result) << message_of(result.error());
  return result ? *result : HashResponse{};
}

/// Has a server lead, by way of another.
void lead(store_group& group, size_t server, size_t via) {
  for (int i = 0; i < 50 && group.leader() != server; ++i) {
    MoveLeaderRequest request;
    request.set_id(group.id_of(server));
    if (!group.answer<MemberResponse>(via, request))
      group.advance(100ms);
  }
}

} // namespace

TEST(Corruption, TheOddOneStopsAndIsReplaced) {
  for (auto leads : {false, true}) {
    store_group group{3};
    auto first = group.leader();
    put_many(group, first, 20);
    auto odd = leads ? first : (first + 1) % 3;
    auto other = (odd + 1) % 3;
    alter(group, odd, store::hash_key, store::encode_number(1));
    if (leads) {
      // It went down for that, and another leads.
      lead(group, odd, other);
      ASSERT_EQ(group.leader(), odd);
    }
    put_many(group, other, 40);
    ASSERT_TRUE(group.run_until([&] { return refuses(group, odd); }));
    auto alarmed = [&] { return group.status(other).alarms_size() == 1; };
    ASSERT_TRUE(group.run_until(alarmed));
    auto alarm = group.status(other).alarms(0);
    EXPECT_EQ(alarm.kind(), Alarm::CORRUPTION);
    EXPECT_EQ(alarm.member(), group.id_of(odd));
    EXPECT_GT(group.put_now(other, "a", "1"), 0u);
    // It remembers.
    group.crash(odd);
    group.start(odd);
    EXPECT_TRUE(refuses(group, odd));
    MemberRemoveRequest request;
    request.set_id(group.id_of(odd));
    ASSERT_TRUE(group.answer<MemberResponse>(other, request));
    group.wipe(odd);
    EXPECT_EQ(group.join(odd, other), 4u);
    EXPECT_EQ(group.get_now(odd, "a"), "1");
    EXPECT_EQ(group.status(other).alarms_size(), 0);
    EXPECT_TRUE(group.converge());
  }
}

TEST(Corruption, OfTwoThatDifferNobodyIsBlamedUntilAThirdSays) {
  store_group group{3};
  // Too little for members to have compared what they hold.
  put_many(group, group.leader(), 8);
  auto odd = group.leader();
  auto away = (odd + 1) % 3;
  auto good = (odd + 2) % 3;
  alter(group, odd, store::hash_key, store::encode_number(1));
  group.crash(away);
  for (auto leads : {odd, good}) {
    lead(group, leads, good);
    ASSERT_EQ(group.leader(), leads);
    put_many(group, good, 40);
    EXPECT_EQ(group.status(good).alarms_size(), 0);
  }
  group.start(away);
  put_many(group, good, 40);
  ASSERT_TRUE(group.run_until([&] { return refuses(group, odd); }));
  ASSERT_TRUE(
      group.run_until([&] { return group.status(good).alarms_size() == 1; }));
  EXPECT_EQ(group.status(good).alarms(0).member(), group.id_of(odd));
  EXPECT_FALSE(refuses(group, good));
  EXPECT_FALSE(refuses(group, away));
}

TEST(Corruption, ALearnerStopsToo) {
  store_group group{1};
  put_many(group, 0, 20);
  group.add_server();
  group.join(1, 0, false);
  EXPECT_EQ(group.get_now(1, "k0"), "v");
  alter(group, 1, store::hash_key, store::encode_number(1));
  put_many(group, 0, 40);
  EXPECT_TRUE(group.run_until([&] { return refuses(group, 1); }));
  EXPECT_FALSE(refuses(group, 0));
}

TEST(Corruption, WhereNobodyIsRightAllStop) {
  store_group group{1};
  put_many(group, 0, 20);
  group.add_server();
  group.join(1, 0);
  ASSERT_TRUE(group.run_until([&] { return group.voters_are({1, 2}); }));
  alter(group, 1, store::hash_key, store::encode_number(1));
  for (int i = 0; i < 40; ++i)
    group.put(0, "x" + std::to_string(i), "v");
  EXPECT_TRUE(
      group.run_until([&] { return refuses(group, 0) && refuses(group, 1); }));
}

TEST(Corruption, HashesOfAllMembersTellWhetherTheyHoldTheSame) {
  store_group group{3};
  put_many(group, group.leader(), 20);
  auto same = hashes(group, 0);
  EXPECT_EQ(same.revision(), 21u);
  ASSERT_EQ(same.members_size(), 3);
  for (auto& x : same.members()) {
    EXPECT_EQ(x.error(), "");
    EXPECT_EQ(x.keys(), 20u);
    EXPECT_EQ(x.hash(), same.members(0).hash());
  }
  // The chain over what was applied cannot see this.
  store::change made;
  made.key = "k5";
  made.value = "w";
  made.version = 1;
  made.create_revision = 7;
  alter(group, 2, store::history_key({7, 0}), store::encode(made));
  auto differ = hashes(group, 1);
  EXPECT_EQ(differ.members(0).hash(), differ.members(1).hash());
  for (auto& x : differ.members())
    EXPECT_EQ(x.hash() == same.members(0).hash(), x.id() != 3) << x.error();
  auto before = hashes(group, 1, 6);
  for (auto& x : before.members())
    EXPECT_EQ(x.hash(), before.members(0).hash());
  group.isolate(2);
  auto gone = hashes(group, 0, 21);
  EXPECT_EQ(gone.members(0).error(), "");
  EXPECT_NE(gone.members(2).error(), "");
}

TEST(Corruption, AReadThatMeetsItStopsTheServingOfAll) {
  store_group group{1};
  put_many(group, 0, 20);
  alter(group, 0, store::history_key({7, 0}), "no change at all");
  EXPECT_NE(group.get_now(0, "k5").find("damaged"), std::string::npos);
  EXPECT_TRUE(group.run_until([&] { return refuses(group, 0); }));
}

// Who deletes what compaction gave up reads it first. That must not make the
// store begin anew, to read it again.
TEST(Corruption, OneThatTheScrubberMeetsStopsItToo) {
  store_group group{1};
  put_many(group, 0, 20);
  alter(group, 0, store::history_key({4, 0}), "no change at all");
  ASSERT_EQ(group.get_now(0, "k15"), "v");
  CompactRequest request;
  request.set_revision(15);
  ASSERT_TRUE(group.answer<CompactResponse>(0, request));
  EXPECT_TRUE(group.run_until([&] { return refuses(group, 0); }));
  for (int i = 0; i < 60; ++i) {
    group.advance(1s);
    ASSERT_TRUE(refuses(group, 0)) << "after " << i << " s";
  }
}

} // namespace troupe::test
