#include "store_fixture.hpp"

namespace troupe {

using namespace store_api;
using namespace std::chrono_literals;

struct StoreLease : store_fixture {
  uint64_t grant(uint64_t seconds) {
    LeaseGrantRequest request;
    request.set_ttl_seconds(seconds);
    auto granted = ask<LeaseResponse>(std::move(request));
    EXPECT_TRUE(granted) << message_of(granted.error());
    return granted ? granted->id() : 0;
  }

  void put_with(uint64_t lease, const std::string& key) {
    auto request = put_request(key, "v");
    request.mutable_then(0)->mutable_put()->set_lease(lease);
    EXPECT_TRUE(txn(request));
  }

  expected<LeaseResponse> keep_alive(uint64_t lease) {
    LeaseKeepAliveRequest request;
    request.set_id(lease);
    return ask<LeaseResponse>(std::move(request));
  }

  uint64_t left(uint64_t lease) {
    LeaseTimeToLiveRequest request;
    request.set_id(lease);
    request.set_want_keys(true);
    auto found = ask<LeaseResponse>(std::move(request));
    return found ? found->remaining_seconds() : 0;
  }

  /// Virtual time passes in steps, so that timers set on the way count.
  void pass(std::chrono::seconds time) {
    for (; time > 0s; time -= 1s)
      advance(1s);
  }
};

TEST_F(StoreLease, EndsWithItsKeysWhenNobodyKeepsItAlive) {
  auto lease = grant(10);
  put_with(lease, "a");
  put("b", "1");
  auto heard = watch("");
  pass(9s);
  EXPECT_EQ(get("a"), "v");
  EXPECT_EQ(left(lease), 1u);
  pass(1s);
  EXPECT_EQ(get("a"), "none");
  EXPECT_EQ(get("b"), "1");
  EXPECT_EQ(heard.told(), "-a");
  EXPECT_TRUE(is(keep_alive(lease).error(), ec::not_found));
  EXPECT_EQ(status().leases(), 0u);
}

TEST_F(StoreLease, LivesAsLongAsItIsKeptAlive) {
  auto lease = grant(10);
  put_with(lease, "a");
  auto before = status().last_index();
  for (int i = 0; i < 10; ++i) {
    pass(8s);
    EXPECT_EQ(keep_alive(lease)->remaining_seconds(), 10u);
  }
  EXPECT_EQ(get("a"), "v");
  EXPECT_EQ(status().last_index(), before); // renewals stay off the log
}

TEST_F(StoreLease, HasItsTimeAgainAfterARestart) {
  auto lease = grant(10);
  put_with(lease, "a");
  pass(8s);
  stop();
  start();
  EXPECT_EQ(left(lease), 10u);
  pass(9s);
  EXPECT_EQ(get("a"), "v");
  pass(1s);
  EXPECT_EQ(get("a"), "none");
}

TEST_F(StoreLease, ALongOneKeepsItsCheckpointAcrossARestart) {
  auto lease = grant(1000);
  pass(350s);
  stop();
  start();
  EXPECT_EQ(left(lease), 700u);
  EXPECT_EQ(keep_alive(lease)->remaining_seconds(), 1000u);
  stop();
  start();
  EXPECT_EQ(left(lease), 1000u);
}

TEST_F(StoreLease, RevocationTakesItsKeys) {
  auto lease = grant(10);
  put_with(lease, "a");
  LeaseRevokeRequest request;
  request.set_id(lease);
  EXPECT_TRUE(ask<LeaseResponse>(request));
  EXPECT_EQ(get("a"), "none");
  EXPECT_TRUE(is(ask<LeaseResponse>(request).error(), ec::not_found));
}

TEST_F(StoreLease, ListsItsKeys) {
  auto lease = grant(10);
  put_with(lease, "b");
  put_with(lease, "a");
  LeaseTimeToLiveRequest request;
  request.set_id(lease);
  request.set_want_keys(true);
  auto found = ask<LeaseResponse>(std::move(request));
  ASSERT_TRUE(found);
  ASSERT_EQ(found->keys_size(), 2);
  EXPECT_EQ(found->keys(0), "a");
}

TEST_F(StoreLease, WithoutTimeIsRefused) {
  EXPECT_TRUE(
      is(ask<LeaseResponse>(LeaseGrantRequest{}).error(), ec::bad_request));
}

} // namespace troupe
