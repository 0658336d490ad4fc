// Who takes part: members that are added, promoted, removed, replaced; leaders
// that hand over.

#include "group_fixture.hpp"
#include "messages/store_group_interface.hpp"

#include <caf/send.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <algorithm>
#include <array>

namespace troupe::test {

using namespace store_api;
using namespace std::chrono_literals;

namespace {

expected<MemberResponse> remove(store_group& group, size_t via, uint64_t id) {
  MemberRemoveRequest request;
  request.set_id(id);
  return group.answer<MemberResponse>(via, request);
}

expected<MemberResponse> promote(store_group& group, size_t via, uint64_t id) {
  MemberPromoteRequest request;
  request.set_id(id);
  return group.answer<MemberResponse>(via, request);
}

later<MemberResponse> move_leader(store_group& group, size_t via,
                                  uint64_t id = 0) {
  MoveLeaderRequest request;
  request.set_id(id);
  return group.ask<MemberResponse>(via, request);
}

StatusResponse status_of_all(store_group& group, size_t via) {
  StatusRequest request;
  request.set_everyone(true);
  auto result = group.answer<StatusResponse>(via, request);
  EXPECT_TRUE(result) << message_of(result.error());
  return result ? *result : StatusResponse{};
}

} // namespace

TEST(Membership, OneGrowsToThree) {
  store_group group{1};
  EXPECT_EQ(group.put_now(0, "a", "1"), 2u);
  for (size_t i = 1; i < 3; ++i) {
    EXPECT_EQ(group.add_server(), i);
    EXPECT_EQ(group.join(i, 0), i + 1);
    EXPECT_EQ(group.get_now(i, "a"), "1");
  }
  EXPECT_TRUE(group.run_until([&] { return group.voters_are({1, 2, 3}); }));
  group.crash(0);
  EXPECT_EQ(group.put_now(1, "a", "2"), 3u);
  group.start(0);
  EXPECT_EQ(group.get_now(0, "a"), "2");
  EXPECT_TRUE(group.converge());
}

TEST(Membership, ALearnerHasNoSayUntilItIsPromoted) {
  store_group group{1};
  group.put_now(0, "a", "1");
  group.add_server();
  auto id = group.join(1, 0, false);
  EXPECT_EQ(group.get_now(1, "a"), "1");
  group.advance(5s);
  EXPECT_TRUE(group.voters_are({1}));
  // It holds up nobody.
  group.crash(1);
  EXPECT_EQ(group.put_now(0, "a", "2"), 3u);
  group.start(1);
  EXPECT_EQ(group.get_now(1, "a"), "2");
  ASSERT_TRUE(promote(group, 1, id));
  EXPECT_TRUE(group.run_until([&] { return group.voters_are({1, 2}); }));
  // Asked again, it is what it was asked to be.
  EXPECT_TRUE(promote(group, 0, id));
}

TEST(Membership, OneThatIsBehindIsNotPromoted) {
  store_group group{1};
  group.put_now(0, "a", "1");
  group.add_server();
  auto id = group.join(1, 0, false);
  group.get_now(1, "a");
  group.wires().cut("server-1", "server-2");
  auto refused = promote(group, 0, id);
  // It is silent, so it would be half of a majority that is not there.
  group.advance(2s);
  refused = promote(group, 0, id);
  ASSERT_FALSE(refused);
  EXPECT_TRUE(is(refused.error(), ec::conflict));
  group.add_server();
  MemberAddRequest nowhere;
  nowhere.set_address("server-9/store");
  auto added = group.answer<MemberResponse>(0, nowhere);
  ASSERT_TRUE(added);
  refused = promote(group, 0, added->id());
  ASSERT_FALSE(refused);
  EXPECT_TRUE(is(refused.error(), ec::conflict));
  EXPECT_NE(message_of(refused.error()).find("behind"), std::string::npos);
}

TEST(Membership, RefusesWhatMakesNoSense) {
  store_group group{1};
  auto last = remove(group, 0, 1);
  ASSERT_FALSE(last);
  EXPECT_TRUE(is(last.error(), ec::conflict)) << message_of(last.error());
  EXPECT_TRUE(is(remove(group, 0, 7).error(), ec::not_found));
  EXPECT_TRUE(is(promote(group, 0, 7).error(), ec::not_found));
  MemberAddRequest again;
  again.set_address("server-1/store");
  EXPECT_TRUE(
      is(group.answer<MemberResponse>(0, again).error(), ec::already_exists));
  EXPECT_TRUE(is(group.answer<MemberResponse>(0, MemberAddRequest{}).error(),
                 ec::bad_request));
}

TEST(Membership, AnIdIsNeverUsedTwice) {
  store_group group{1};
  MemberAddRequest request;
  uint64_t last = 1;
  for (int i = 0; i < 3; ++i) {
    request.set_address("server-" + std::to_string(10 + i) + "/store");
    auto added = group.answer<MemberResponse>(0, request);
    ASSERT_TRUE(added);
    EXPECT_EQ(added->id(), ++last);
    ASSERT_TRUE(remove(group, 0, added->id()));
    // Not even by one that was not there.
    group.crash(0);
    group.start(0);
  }
}

TEST(Membership, OneThatWasRemovedStopsAndSaysSo) {
  store_group group{3};
  auto first = group.leader();
  auto gone = (first + 1) % 3;
  group.put_now(gone, "a", "1");
  ASSERT_TRUE(remove(group, gone, group.id_of(gone)));
  auto says = [&] {
    auto read = group.get_now(gone, "a");
    return read.find("removed") != std::string::npos;
  };
  EXPECT_TRUE(group.run_until(says));
  group.crash(gone);
  group.start(gone);
  EXPECT_TRUE(group.run_until(says));
  EXPECT_EQ(group.get_now(first, "a"), "1");
}

TEST(Membership, OneThatWasRemovedWhileItWasAwayFindsOut) {
  store_group group{3};
  auto first = group.leader();
  auto gone = (first + 1) % 3;
  group.put_now(gone, "a", "1");
  group.isolate(gone);
  ASSERT_TRUE(remove(group, first, group.id_of(gone)));
  group.advance(3s);
  group.wires().heal();
  EXPECT_TRUE(group.run_until([&] {
    return group.get_now(gone, "a").find("removed") != std::string::npos;
  }));
}

TEST(Membership, ALeaderMayRemoveItself) {
  store_group group{3};
  auto first = group.leader();
  auto other = (first + 1) % 3;
  auto gone = group.id_of(first);
  ASSERT_TRUE(remove(group, other, gone));
  EXPECT_GT(group.put_now(other, "a", "1"), 1u);
  EXPECT_NE(group.leader(), first);
}

TEST(Membership, OneWithALostDiskComesBackAsAnother) {
  store_group group{3};
  auto first = group.leader();
  auto lost = (first + 1) % 3;
  for (int i = 0; i < 50; ++i)
    group.put_now(first, "k" + std::to_string(i), "v");
  ASSERT_TRUE(remove(group, first, group.id_of(lost)));
  group.wipe(lost);
  EXPECT_EQ(group.join(lost, first), 4u);
  EXPECT_EQ(group.get_now(lost, "k49"), "v");
  EXPECT_TRUE(group.run_until([&] {
    return group.voters_are(
               {group.id_of(first), group.id_of((first + 2) % 3), 4})
           || group.voters_are(
               {group.id_of((first + 2) % 3), group.id_of(first), 4});
  }));
  EXPECT_TRUE(group.converge());
}

TEST(Membership, OneWithALostDiskIsNotTakenForTheOneThatItWas) {
  store_group group{3};
  auto first = group.leader();
  auto lost = (first + 1) % 3;
  group.put_now(first, "a", "1");
  ASSERT_TRUE(group.converge());
  group.lose_store(lost);
  group.start(lost);
  ASSERT_TRUE(
      group.run_until([&] { return group.status(lost).errors_size() > 0; }));
  EXPECT_NE(group.status(lost).errors(0).find("is gone"), std::string::npos);
  EXPECT_FALSE(
      group.answer<TxnResponse>(lost, put_request("a", "not by that one")));
  EXPECT_GT(group.put_now(first, "a", "2"), 0u);
  ASSERT_TRUE(remove(group, first, group.id_of(lost)));
  group.wipe(lost);
  EXPECT_EQ(group.join(lost, first), 4u);
  EXPECT_EQ(group.get_now(lost, "a"), "2");
}

TEST(Membership, OneThatWasAloneDoesNotFoundAnotherGroupWhenItHasGrown) {
  store_group group{1};
  group.put_now(0, "a", "1");
  group.add_server();
  group.join(1, 0);
  ASSERT_TRUE(group.run_until([&] { return group.voters_are({1, 2}); }));
  // Its supervisor starts it as what it once was: the founder of all.
  group.lose_store(0);
  group.start(0);
  ASSERT_TRUE(
      group.run_until([&] { return group.status(0).errors_size() > 0; }));
  EXPECT_NE(group.status(0).errors(0).find("is gone"), std::string::npos);
}

TEST(Membership, OneThatIsAloneBeginsAnewWithoutItsStore) {
  store_group group{1};
  group.put_now(0, "a", "1");
  group.lose_store(0);
  group.start(0);
  EXPECT_EQ(group.get_now(0, "a"), "none");
  EXPECT_GT(group.put_now(0, "a", "2"), 0u);
}

TEST(Membership, LeadershipIsHandedOver) {
  store_group group{3};
  auto first = group.leader();
  auto other = (first + 1) % 3;
  auto third = (first + 2) % 3;
  group.put_now(first, "a", "0");
  auto begin = group.passed();
  auto moved = move_leader(group, third, group.id_of(other));
  // Asked while it is on its way.
  auto put = group.put(first, "a", "1");
  auto late = group.put(third, "b", "1");
  ASSERT_TRUE(group.run_until([&] { return moved->has_value(); }));
  ASSERT_TRUE(**moved) << message_of((**moved).error());
  EXPECT_EQ((**moved)->id(), group.id_of(other));
  ASSERT_TRUE(
      group.run_until([&] { return put->has_value() && late->has_value(); }));
  EXPECT_LT(group.passed() - begin, 50ms);
  EXPECT_TRUE(**put);
  EXPECT_TRUE(**late);
  EXPECT_EQ(group.leader(), other);
}

TEST(Membership, LeadershipGoesToWhoeverIsFurthest) {
  store_group group{3};
  auto first = group.leader();
  auto away = (first + 1) % 3;
  group.crash(away);
  group.put_now(first, "a", "0");
  group.advance(1s);
  auto moved = move_leader(group, first);
  ASSERT_TRUE(group.run_until([&] { return moved->has_value(); }));
  ASSERT_TRUE(**moved) << message_of((**moved).error());
  EXPECT_EQ((**moved)->id(), group.id_of((first + 2) % 3));
}

TEST(Membership, HandingOverToOneThatIsAwayFails) {
  store_group group{3};
  auto first = group.leader();
  auto away = (first + 1) % 3;
  group.isolate(away);
  group.put_now(first, "a", "0");
  auto moved = move_leader(group, first, group.id_of(away));
  auto put = group.put(first, "a", "1");
  ASSERT_TRUE(
      group.run_until([&] { return moved->has_value() && put->has_value(); }));
  EXPECT_TRUE(is((**moved).error(), ec::conflict));
  EXPECT_TRUE(**put);
}

TEST(Membership, WhoeverIsLeftAloneLeads) {
  store_group group{2};
  auto first = group.leader();
  auto left = 1 - first;
  group.put_now(first, "a", "1");
  MemberRemoveRequest request;
  request.set_id(group.id_of(first));
  auto removed = group.ask<MemberResponse>(first, request);
  ASSERT_TRUE(
      group.run_until([&] { return group.status(left).members_size() == 1; }));
  // What the leader says on leaving is lost.
  group.isolate(left);
  EXPECT_GT(group.put_now(left, "a", "2"), 2u);
  EXPECT_EQ(group.get_now(left, "a"), "2");
}

TEST(Membership, AReadDoesNotWaitForOneThatWasRemoved) {
  store_group group{2};
  auto first = group.leader();
  auto gone = 1 - first;
  group.put_now(first, "a", "1");
  group.isolate(gone);
  RangeRequest request;
  request.set_key("a");
  auto read = group.ask<RangeResponse>(first, request);
  ASSERT_TRUE(remove(group, first, group.id_of(gone)));
  ASSERT_TRUE(group.run_until([&] { return read->has_value(); }));
  ASSERT_TRUE(**read) << message_of((**read).error());
  EXPECT_EQ((**read)->kvs(0).value(), "1");
}

TEST(Membership, AWatchGoesOnWhenLeadershipIsHandedOver) {
  store_group group{3};
  auto first = group.leader();
  std::array<std::vector<uint64_t>, 3> revisions;
  auto note = [&](size_t at, const WatchBatch& batch) {
    for (auto& event : batch.events())
      revisions[at].push_back(event.kv().mod_revision());
  };
  std::vector<store_watcher_actor> watchers;
  for (size_t i = 0; i < 3; ++i) {
    watchers.push_back(
        group.system().spawn([note, i](store_watcher_actor::pointer)
                                 -> store_watcher_actor::behavior_type {
          return {[note, i](const pb<WatchBatch>& batch) {
            EXPECT_EQ(batch->error(), "");
            note(i, *batch);
          }};
        }));
    WatchRequest request;
    request.set_id(1);
    request.set_key("k");
    request.set_range_end("l");
    request.set_from_revision(2);
    request.set_credit(1'000);
    caf::anon_send(group.store(i), pb<WatchRequest>{request}, watchers.back());
  }
  for (int i = 0; i < 30; ++i) {
    group.put_now(i % 3, "k" + std::to_string(i), "v");
    if (i % 10 != 9)
      continue;
    auto moved = move_leader(group, first, 0);
    ASSERT_TRUE(group.run_until([&] { return moved->has_value(); }));
    EXPECT_TRUE(**moved) << message_of((**moved).error());
  }
  ASSERT_TRUE(group.run_until([&] {
    return std::all_of(revisions.begin(), revisions.end(),
                       [](auto& x) { return x.size() >= 30; });
  }));
  for (auto& told : revisions)
    for (size_t i = 0; i < told.size(); ++i)
      EXPECT_EQ(told[i], i + 2);
}

TEST(Membership, OneWithABadConnectionCatchesUpAndHoldsUpNobody) {
  store_options options;
  options.checkpoint_bytes = uint64_t{64} << 10;
  store_group group{3, 1, options};
  const std::string large(10'000, 'v');
  for (int i = 0; i < 300; ++i)
    group.put_now(0, "k" + std::to_string(i), large);
  auto slow = group.add_server();
  auto id = group.join(slow, 0);
  for (int i = 0; i < 40; ++i) {
    group.advance(15ms);
    group.isolate(slow);
    EXPECT_GT(group.put_now(1, "more" + std::to_string(i), large), 0u);
    group.advance(30ms);
    group.wires().heal();
  }
  EXPECT_TRUE(group.run_until([&] { return group.voters_are({1, 2, 3, id}); }));
  EXPECT_EQ(group.get_now(slow, "more39"), large);
  EXPECT_TRUE(group.converge());
}

TEST(Membership, TheStatusTellsOfEveryone) {
  store_group group{3};
  auto first = group.leader();
  group.put_now(0, "a", "1");
  EXPECT_TRUE(group.converge());
  for (size_t via = 0; via < 3; ++via) {
    auto all = status_of_all(group, via);
    ASSERT_EQ(all.members_size(), 3);
    for (auto& x : all.members()) {
      EXPECT_EQ(x.leader(), x.id() == group.id_of(first));
      EXPECT_EQ(x.applied_index(), all.applied_index());
      EXPECT_EQ(x.match_index(), all.last_index());
      EXPECT_EQ(x.errors_size(), 0) << x.errors(0);
    }
  }
  auto away = (first + 1) % 3;
  group.isolate(away);
  group.advance(1s);
  auto all = status_of_all(group, first);
  for (auto& x : all.members())
    EXPECT_EQ(x.errors_size(), x.id() == group.id_of(away) ? 1 : 0);
}

} // namespace troupe::test
