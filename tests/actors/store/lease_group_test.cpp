// Leases of a group: their time is the leader's, whoever that is.

#include "group_fixture.hpp"

namespace troupe::test {

using namespace store_api;
using namespace std::chrono_literals;

namespace {

expected<LeaseResponse> renew(store_group& group, size_t via, uint64_t lease) {
  LeaseKeepAliveRequest request;
  request.set_id(lease);
  return group.answer<LeaseResponse>(via, request);
}

} // namespace

// It finds out by its clock that a lease is over while it is cut off; by then
// another leader has renewed it.
TEST(LeaseOfAGroup, IsNotEndedByOneWhoLedBeforeItWasRenewed) {
  for (auto left : {100ms, 200ms, 300ms, 400ms}) {
    store_group group{3};
    auto old = group.leader();
    auto other = (old + 1) % 3;
    LeaseGrantRequest grant;
    grant.set_ttl_seconds(5);
    auto lease = group.answer<LeaseResponse>(other, grant);
    ASSERT_TRUE(lease);
    auto put = put_request("a", "1");
    put.mutable_then(0)->mutable_put()->set_lease(lease->id());
    ASSERT_TRUE(group.answer<TxnResponse>(old, put));
    group.advance(5s - left);
    group.isolate(old);
    group.advance(1500ms);
    ASSERT_TRUE(renew(group, other, lease->id()));
    group.advance(200ms);
    group.wires().heal();
    group.advance(2s);
    EXPECT_EQ(group.get_now(other, "a"), "1") << left.count();
    EXPECT_TRUE(renew(group, other, lease->id()));
    // It ends all the same when nobody renews it.
    EXPECT_TRUE(
        group.run_until([&] { return group.get_now(other, "a") == "none"; }));
  }
}

// Whoever leads next goes by the log, where only half of its time is left.
TEST(LeaseOfAGroup, IsRenewedOnlyWhenTheNextLeaderKnows) {
  store_group group{3};
  auto old = group.leader();
  LeaseGrantRequest grant;
  grant.set_ttl_seconds(1'000);
  auto lease = group.answer<LeaseResponse>(old, grant);
  ASSERT_TRUE(lease);
  group.advance(400s);
  group.isolate(old);
  EXPECT_FALSE(renew(group, old, lease->id()));
  group.wires().heal();
  group.leader();
  LeaseTimeToLiveRequest question;
  question.set_id(lease->id());
  auto left = group.answer<LeaseResponse>((old + 1) % 3, question);
  ASSERT_TRUE(left);
  EXPECT_LE(left->remaining_seconds(), 700u);
  EXPECT_TRUE(renew(group, (old + 1) % 3, lease->id()));
}

} // namespace troupe::test
