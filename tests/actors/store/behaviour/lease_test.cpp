#include "behaviour_fixture.hpp"

namespace troupe::test {

using namespace store_api;
using namespace std::chrono_literals;

TEST_P(StoreBehaviour, ALeaseIsGrantedWithAnIdOfOnesChoiceOrNot) {
  auto chosen = grant(100, 4711);
  ASSERT_TRUE(chosen) << message_of(chosen.error());
  EXPECT_EQ(chosen->id(), 4711u);
  EXPECT_EQ(chosen->ttl_seconds(), 100u);
  EXPECT_TRUE(refused(grant(100, 4711), ec::already_exists));
  auto other = grant(60);
  ASSERT_TRUE(other);
  EXPECT_NE(other->id(), 0u);
  EXPECT_NE(other->id(), 4711u);
  EXPECT_TRUE(refused(grant(10'000'000'000), ec::bad_request));
  EXPECT_TRUE(revoke(4711));
}

TEST_P(StoreBehaviour, AKeyHasTheLeaseOfItsLastPut) {
  auto one = lease(100);
  auto two = lease(100);
  put_with(one, "b");
  put_with(one, "a");
  put_with(one, "c");
  auto held = time_to_live(one);
  ASSERT_TRUE(held) << message_of(held.error());
  EXPECT_EQ(held->ttl_seconds(), 100u);
  EXPECT_GE(held->remaining_seconds(), 95u);
  EXPECT_LE(held->remaining_seconds(), 100u);
  std::vector<std::string> keys{held->keys().begin(), held->keys().end()};
  std::sort(keys.begin(), keys.end());
  EXPECT_EQ(keys, (std::vector<std::string>{key("a"), key("b"), key("c")}));
  put_with(two, "a");
  put("b", "free");
  auto kept = put_request(key("c"), "kept");
  kept.mutable_then(0)->mutable_put()->set_keep_lease(true);
  ASSERT_TRUE(txn(kept));
  held = time_to_live(one);
  ASSERT_TRUE(held);
  ASSERT_EQ(held->keys_size(), 1);
  EXPECT_EQ(held->keys(0), key("c"));
  ASSERT_TRUE(revoke(one));
  EXPECT_EQ(contents(), "a=v b=free");
  ASSERT_TRUE(revoke(two));
  EXPECT_EQ(contents(), "b=free");
}

TEST_P(StoreBehaviour, ARevocationDeletesInOneRevision) {
  auto id = lease(100);
  put_with(id, "b");
  put_with(id, "a");
  auto before = put("c", "1");
  live_watch watch{store(), watching()};
  ASSERT_TRUE(watch.next());
  auto done = revoke(id);
  ASSERT_TRUE(done) << message_of(done.error());
  auto events = watch.events(2);
  EXPECT_EQ(shown(events), "-a -b");
  EXPECT_EQ(events.at(0).kv().mod_revision(), before + 1);
  EXPECT_EQ(events.at(1).kv().mod_revision(), before + 1);
  // Without keys it is no change.
  auto empty = lease(100);
  ASSERT_TRUE(revoke(empty));
  EXPECT_EQ(put("c", "2"), before + 2);
}

TEST_P(StoreBehaviour, ALeaseThatIsNotThereIsNotFound) {
  EXPECT_TRUE(refused(revoke(123'456), ec::not_found));
  EXPECT_TRUE(refused(keep_alive(123'456), ec::not_found));
  EXPECT_TRUE(refused(time_to_live(123'456), ec::not_found));
  auto before = put("a", "1");
  TxnRequest request;
  *request.add_then() = put_request(key("b"), "2").then(0);
  auto& put_a = *request.add_then()->mutable_put();
  put_a.set_key(key("a"));
  put_a.set_lease(123'456);
  EXPECT_TRUE(refused(txn(request), ec::not_found));
  // Nothing of it was done.
  EXPECT_EQ(contents(), "a=1");
  EXPECT_EQ(put("c", "1"), before + 1);
}

TEST_P(StoreBehaviour, TheLeaseOfAnAbsentKeyCannotBeKept) {
  auto before = put("a", "1");
  auto kept = put_request(key("none"), "v");
  kept.mutable_then(0)->mutable_put()->set_keep_lease(true);
  EXPECT_TRUE(refused(txn(kept), ec::not_found));
  EXPECT_EQ(put("a", "2"), before + 1);
  kept.mutable_then(0)->mutable_put()->set_lease(1);
  EXPECT_TRUE(refused(txn(kept), ec::bad_request));
}

TEST_P(StoreBehaviour, ALeaseEndsUnlessItIsKeptAlive) {
  auto ends = grant(1);
  auto stays = grant(2);
  ASSERT_TRUE(ends) << message_of(ends.error());
  ASSERT_TRUE(stays);
  put_with(ends->id(), "ends-1");
  put_with(ends->id(), "ends-2");
  put_with(stays->id(), "stays");
  live_watch watch{store(), watching(0, true)};
  ASSERT_TRUE(watch.next());
  std::vector<Event> gone;
  auto deadline = std::chrono::steady_clock::now() + 15s;
  while (gone.size() < 2 && std::chrono::steady_clock::now() < deadline) {
    auto kept = keep_alive(stays->id());
    ASSERT_TRUE(kept) << message_of(kept.error());
    EXPECT_EQ(kept->ttl_seconds(), stays->ttl_seconds());
    if (auto batch = watch.next(300ms))
      for (auto& event : batch->events())
        gone.push_back(event);
  }
  EXPECT_EQ(shown(gone), "-ends-1(v) -ends-2(v)");
  ASSERT_EQ(gone.size(), 2u);
  EXPECT_EQ(gone[0].kv().mod_revision(), gone[1].kv().mod_revision());
  EXPECT_EQ(contents(), "stays=v");
  EXPECT_TRUE(refused(keep_alive(ends->id()), ec::not_found));
  EXPECT_TRUE(refused(time_to_live(ends->id()), ec::not_found));
  EXPECT_TRUE(revoke(stays->id()));
}

INSTANTIATE_TEST_SUITE_P(Of, StoreBehaviour,
                         ::testing::Values("OneMember", "ThreeMembers", "Etcd",
                                           "EtcdThree"),
                         [](const auto& which) {
                           return std::string{which.param};
                         });

} // namespace troupe::test
