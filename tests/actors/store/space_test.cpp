// The quota: what grows is refused beyond it, what frees space goes on.

#include "group_fixture.hpp"
#include "messages/store_group_interface.hpp"

#include <random>

namespace troupe::test {

using namespace store_api;
using namespace std::chrono_literals;

namespace {

struct space_helper {
  std::mt19937_64 random{1};
  int keys = 0;

  static store_options small() {
    store_options result;
    result.write_buffer = size_t{64} << 10;
    result.checkpoint_bytes = uint64_t{256} << 10;
    result.quota_bytes = uint64_t{1} << 20;
    return result;
  }

  /// Bytes that cannot be compressed.
  std::string noise() {
    std::string result(20'000, '\0');
    for (auto& x : result)
      x = static_cast<char>(random());
    return result;
  }

  /// Puts until that is refused.
  caf::error fill(store_group& group, size_t via) {
    for (int i = 0; i < 500; ++i) {
      auto put = put_request("k" + std::to_string(keys++), noise());
      if (auto done = group.answer<TxnResponse>(via, put); !done)
        return done.error();
    }
    return {};
  }

  static bool has_alarm(store_group& group) {
    for (size_t i = 0; i < group.size(); ++i)
      if (group.status(i).alarms_size() > 0)
        return true;
    return false;
  }
};

struct Space : ::testing::TestWithParam<size_t>, space_helper {};

} // namespace

TEST_P(Space, BeyondTheQuotaNothingIsPut) {
  store_group group{GetParam(), 1, small()};
  auto via = GetParam() - 1;
  auto refused = fill(group, via);
  ASSERT_TRUE(refused) << "everything was taken";
  EXPECT_TRUE(is(refused, ec::service_unavailable));
  EXPECT_NE(message_of(refused).find("no space"), std::string::npos);
  EXPECT_LT(group.status(0).state_bytes(), uint64_t{2} << 20);
  EXPECT_EQ(group.get_now(0, "k0").size(), 20'000u);
  auto all = group.answer<AlarmResponse>(via, AlarmListRequest{});
  ASSERT_TRUE(all);
  EXPECT_GE(all->alarms_size(), 1);
  EXPECT_EQ(all->alarms(0).kind(), Alarm::SPACE);
  // It outlives the members.
  for (size_t i = 0; i < GetParam(); ++i)
    group.crash(i);
  for (size_t i = 0; i < GetParam(); ++i)
    group.start(i);
  EXPECT_FALSE(
      group.answer<TxnResponse>(via, put_request("more", std::string(1, 'x'))));
  // What frees space ends the alarm.
  TxnRequest erase;
  auto& range = *erase.add_then()->mutable_delete_range();
  range.set_key("k");
  range.set_range_end("l");
  auto erased = group.answer<TxnResponse>(via, erase);
  ASSERT_TRUE(erased) << message_of(erased.error());
  CompactRequest compact;
  compact.set_revision(erased->revision());
  ASSERT_TRUE(group.answer<CompactResponse>(via, compact));
  EXPECT_TRUE(group.run_until([&] { return !has_alarm(group); }));
  EXPECT_GT(group.put_now(via, "more", noise()), 0u);
}

TEST_P(Space, AnAlarmThatIsDisarmedComesBackWhileItsCauseIsThere) {
  store_group group{GetParam(), 1, small()};
  ASSERT_TRUE(fill(group, 0));
  ASSERT_TRUE(group.run_until([&] { return has_alarm(group); }));
  auto all = group.answer<AlarmResponse>(0, AlarmListRequest{});
  ASSERT_TRUE(all);
  for (auto& alarm : all->alarms()) {
    AlarmDisarmRequest disarm;
    *disarm.mutable_alarm() = alarm;
    ASSERT_TRUE(group.answer<AlarmResponse>(0, disarm));
  }
  EXPECT_TRUE(fill(group, 0));
  EXPECT_TRUE(has_alarm(group));
}

// A stream of the state keeps all of it, for as long as it is open.
TEST(SpaceAfterAStream, IsGivenBack) {
  space_helper x;
  store_group group{1, 1, space_helper::small()};
  for (int i = 0; i < 10; ++i)
    group.put_now(0, "k" + std::to_string(x.keys++), x.noise());
  auto second = group.add_server();
  auto id = group.join(second, 0);
  ASSERT_TRUE(group.run_until([&] { return group.voters_are({1, id}); }));
  MemberRemoveRequest request;
  request.set_id(id);
  ASSERT_TRUE(group.answer<MemberResponse>(0, request));
  ASSERT_TRUE(x.fill(group, 0));
  TxnRequest erase;
  auto& range = *erase.add_then()->mutable_delete_range();
  range.set_key("k");
  range.set_range_end("l");
  auto erased = group.answer<TxnResponse>(0, erase);
  ASSERT_TRUE(erased);
  CompactRequest compact;
  compact.set_revision(erased->revision());
  ASSERT_TRUE(group.answer<CompactResponse>(0, compact));
  EXPECT_TRUE(
      group.run_until([&] { return group.status(0).alarms_size() == 0; }, 60s));
  EXPECT_TRUE(group.answer<TxnResponse>(0, put_request("more", "x")));
}

INSTANTIATE_TEST_SUITE_P(Members, Space, ::testing::Values(1, 3));

} // namespace troupe::test
