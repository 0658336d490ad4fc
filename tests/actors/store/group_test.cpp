// Three members in one thread: elections, a leader that dies or is cut off,
// members that come back.

#include "group_fixture.hpp"

namespace troupe::test {

using namespace store_api;
using namespace std::chrono_literals;

namespace {

size_t another(const store_group& group, size_t than) {
  return (than + 1) % group.size();
}

} // namespace

TEST(StoreGroup, WhoeverIsAskedAnswers) {
  store_group group{3};
  auto first = group.leader();
  EXPECT_EQ(group.put_now(first, "a", "1"), 2u);
  for (size_t i = 0; i < 3; ++i)
    EXPECT_EQ(group.get_now(i, "a"), "1");
  EXPECT_EQ(group.put_now(another(group, first), "a", "2"), 3u);
  for (size_t i = 0; i < 3; ++i)
    EXPECT_EQ(group.get_now(i, "a"), "2");
  EXPECT_TRUE(group.converge());
}

TEST(StoreGroup, AnswersBeforeTheFirstLeaderIsKnown) {
  store_group group{3};
  EXPECT_EQ(group.put_now(1, "a", "1"), 2u);
  EXPECT_EQ(group.get_now(2, "a"), "1");
}

TEST(StoreGroup, OneOfThreeMayBeGone) {
  store_group group{3};
  auto gone = another(group, group.leader());
  group.crash(gone);
  EXPECT_EQ(group.put_now(another(group, gone), "a", "1"), 2u);
  group.start(gone);
  EXPECT_EQ(group.get_now(gone, "a"), "1");
  EXPECT_TRUE(group.converge());
}

TEST(StoreGroup, AnotherLeadsWhenTheLeaderDies) {
  store_group group{3};
  auto old = group.leader();
  group.put_now(old, "a", "1");
  group.crash(old);
  auto begin = group.passed();
  EXPECT_EQ(group.put_now(another(group, old), "a", "2"), 3u);
  EXPECT_LT(group.passed() - begin, 1s);
  auto now = group.leader();
  EXPECT_NE(now, old);
  group.start(old);
  EXPECT_EQ(group.get_now(old, "a"), "2");
  EXPECT_TRUE(group.converge());
}

TEST(StoreGroup, AMinorityNeitherChangesNorReadsAnything) {
  store_group group{3};
  auto old = group.leader();
  group.put_now(old, "a", "1");
  group.isolate(old);
  auto lost = group.put(old, "b", "1");
  RangeRequest request;
  request.set_key("a");
  auto read = group.ask<RangeResponse>(old, request);
  EXPECT_EQ(group.put_now(another(group, old), "a", "2"), 3u);
  EXPECT_FALSE(lost->has_value());
  EXPECT_FALSE(read->has_value());
  EXPECT_TRUE(
      group.run_until([&] { return lost->has_value() && read->has_value(); }));
  EXPECT_TRUE(is((**lost).error(), ec::timeout));
  EXPECT_TRUE(is((**read).error(), ec::timeout));
  group.wires().heal();
  EXPECT_TRUE(group.converge());
  EXPECT_EQ(group.get_now(old, "a"), "2");
}

TEST(StoreGroup, WhatTheOldLeaderCouldNotCommitIsDoneOnce) {
  store_group group{3};
  auto old = group.leader();
  group.put_now(old, "a", "1");
  group.isolate(old);
  auto open = group.put(old, "b", "1");
  group.put_now(another(group, old), "c", "1");
  group.wires().heal();
  ASSERT_TRUE(group.run_until([&] { return open->has_value(); }));
  ASSERT_TRUE(**open) << message_of((**open).error());
  EXPECT_EQ((**open)->revision(), 4u);
  RangeRequest request;
  request.set_key("b");
  auto found = group.answer<RangeResponse>(0, request);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->kvs(0).version(), 1u);
}

TEST(StoreGroup, AllMayLoseTheirPowerAtOnce) {
  store_group group{3};
  for (int i = 0; i < 20; ++i)
    group.put_now(i % 3, "k" + std::to_string(i), "v");
  for (size_t i = 0; i < 3; ++i)
    group.crash(i);
  for (size_t i = 0; i < 3; ++i)
    group.start(i);
  for (int i = 0; i < 20; ++i)
    EXPECT_EQ(group.get_now(i % 3, "k" + std::to_string(i)), "v");
  EXPECT_TRUE(group.converge());
}

TEST(StoreGroup, ALeaseOutlivesItsLeader) {
  store_group group{3};
  auto old = group.leader();
  LeaseGrantRequest grant;
  grant.set_ttl_seconds(5);
  auto granted = group.answer<LeaseResponse>(another(group, old), grant);
  ASSERT_TRUE(granted) << message_of(granted.error());
  auto put = put_request("a", "1");
  put.mutable_then(0)->mutable_put()->set_lease(granted->id());
  ASSERT_TRUE(group.answer<TxnResponse>(old, put));
  group.crash(old);
  auto other = another(group, old);
  LeaseKeepAliveRequest renew;
  renew.set_id(granted->id());
  for (int i = 0; i < 10; ++i) {
    group.advance(1s);
    auto left = group.answer<LeaseResponse>(
        i % 2 == 0 ? other : 3 - old - other, renew);
    ASSERT_TRUE(left) << message_of(left.error());
    EXPECT_EQ(left->remaining_seconds(), 5u);
  }
  EXPECT_EQ(group.get_now(other, "a"), "1");
  group.advance(6s);
  EXPECT_EQ(group.get_now(other, "a"), "none");
}

TEST(StoreGroup, OneThatMissedTooMuchFetchesTheState) {
  store_group group{3};
  auto first = group.leader();
  auto gone = another(group, first);
  group.put_now(gone, "before", "1");
  group.crash(gone);
  const std::string large(100'000, 'v');
  for (int i = 0; i < 120; ++i)
    group.put_now(first, "k" + std::to_string(i), large);
  group.start(gone);
  EXPECT_EQ(group.get_now(gone, "k119"), large);
  EXPECT_TRUE(group.converge());
  EXPECT_EQ(group.get_now(gone, "before"), "1");
  // What it has fetched is what it starts with.
  group.crash(gone);
  group.start(gone);
  group.crash(first);
  EXPECT_GT(group.put_now(gone, "after", "1"), 121u);
  group.start(first);
  EXPECT_TRUE(group.converge());
}

} // namespace troupe::test
