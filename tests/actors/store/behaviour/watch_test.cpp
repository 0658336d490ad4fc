#include "behaviour_fixture.hpp"

namespace troupe::test {

using namespace store_api;
using namespace std::chrono_literals;

TEST_P(StoreBehaviour, AWatchBeginsWithWhereItStands) {
  auto now = put("a", "1");
  live_watch watch{store(), watching()};
  auto first = watch.next();
  ASSERT_TRUE(first);
  EXPECT_EQ(first->number(), 1u);
  EXPECT_EQ(first->revision(), now);
  EXPECT_EQ(first->events_size(), 0);
  auto next = put("a", "2");
  auto second = watch.next();
  ASSERT_TRUE(second);
  EXPECT_EQ(second->number(), 2u);
  EXPECT_EQ(second->revision(), next);
  ASSERT_EQ(second->events_size(), 1);
  auto& kv = second->events(0).kv();
  EXPECT_EQ(kv.value(), "2");
  EXPECT_EQ(kv.create_revision(), now);
  EXPECT_EQ(kv.mod_revision(), next);
  EXPECT_EQ(kv.version(), 2u);
}

TEST_P(StoreBehaviour, AWatchTellsEveryChangeInOrderWithWhatWasBefore) {
  live_watch watch{store(), watching(0, true)};
  ASSERT_TRUE(watch.next());
  put("a", "1");
  put("b", "1");
  put("a", "2");
  auto gone = remove("a");
  put("a", "3");
  auto events = watch.events(5);
  EXPECT_EQ(shown(events), "a=1 b=1 a=2(1) -a(2) a=3");
  // A deletion carries the key and its revision only.
  auto& kv = events.at(3).kv();
  EXPECT_EQ(kv.mod_revision(), gone);
  EXPECT_EQ(kv.create_revision(), 0u);
  EXPECT_EQ(kv.version(), 0u);
  EXPECT_EQ(events[4].kv().version(), 1u);
}

TEST_P(StoreBehaviour, AWatchFromAnOldRevisionTellsHistoryThenWhatComes) {
  put("a", "0");
  auto from = put("a", "1");
  put("b", "1");
  remove("a");
  live_watch plain{store(), watching(from)};
  live_watch full{store(), watching(from, true)};
  for (auto* watch : {&plain, &full}) {
    auto first = watch->next();
    ASSERT_TRUE(first);
    EXPECT_EQ(first->events_size(), 0);
    EXPECT_EQ(first->revision(), from - 1);
  }
  EXPECT_EQ(shown(plain.events(3)), "a=1 b=1 -a");
  EXPECT_EQ(shown(full.events(3)), "a=1(0) b=1 -a(1)");
  put("b", "2");
  EXPECT_EQ(shown(plain.events(1)), "b=2");
  EXPECT_EQ(shown(full.events(1)), "b=2(1)");
}

TEST_P(StoreBehaviour, AWatchOfAFutureRevisionWaitsForIt) {
  auto now = put("a", "1");
  live_watch watch{store(), watching(now + 3)};
  ASSERT_TRUE(watch.next());
  put("a", "2");
  put("a", "3");
  put("a", "4");
  auto events = watch.events(1);
  EXPECT_EQ(shown(events), "a=4");
  EXPECT_EQ(events[0].kv().mod_revision(), now + 3);
}

TEST_P(StoreBehaviour, AWatchIsOfItsRangeOnly) {
  auto request = watching();
  request.set_key(key("b"));
  request.set_range_end("");
  live_watch one{store(), request};
  request.set_range_end(key("d"));
  live_watch some{store(), request};
  ASSERT_TRUE(one.next());
  ASSERT_TRUE(some.next());
  for (auto name : {"a", "b", "bb", "c", "d"})
    put(name, "1");
  EXPECT_EQ(shown(some.events(3)), "b=1 bb=1 c=1");
  EXPECT_EQ(shown(one.events(1)), "b=1");
  EXPECT_NE(one.progress(1), 0u);
  EXPECT_EQ(shown(one.passed), "");
}

TEST_P(StoreBehaviour, ATransactionsChangesAreToldTogetherAndInItsOrder) {
  live_watch watch{store(), watching()};
  ASSERT_TRUE(watch.next());
  put("gone", "1");
  watch.events(1);
  TxnRequest request;
  *request.add_then() = put_request(key("c"), "1").then(0);
  *request.add_then() = delete_request(key("gone")).then(0);
  *request.add_then() = put_request(key("a"), "1").then(0);
  auto done = txn(request);
  ASSERT_TRUE(done) << message_of(done.error());
  auto batch = watch.next();
  ASSERT_TRUE(batch);
  EXPECT_EQ(shown({batch->events().begin(), batch->events().end()}),
            "c=1 -gone a=1");
  EXPECT_EQ(batch->revision(), done->revision());
}

TEST_P(StoreBehaviour, AWatchNeverTellsMoreThanItsCredit) {
  auto request = watching();
  request.set_credit(2);
  live_watch watch{store(), request};
  ASSERT_TRUE(watch.next());
  auto first = put("0", "v");
  for (int i = 1; i < 5; ++i)
    put(std::to_string(i), "v");
  EXPECT_EQ(watch.events(2).size(), 2u);
  EXPECT_FALSE(watch.next(100ms));
  watch.add_credit(10);
  auto rest = watch.events(3);
  ASSERT_EQ(rest.size(), 3u);
  for (size_t i = 0; i < rest.size(); ++i)
    EXPECT_EQ(rest[i].kv().mod_revision(), first + 2 + i);
}

TEST_P(StoreBehaviour, ALongRevisionIsToldInPartsAndNamedOnceWhole) {
  auto before = put("a", "1");
  auto request = watching();
  request.set_credit(2);
  live_watch watch{store(), request};
  ASSERT_TRUE(watch.next());
  TxnRequest many;
  for (int i = 0; i < 5; ++i)
    *many.add_then() = put_request(key("k" + std::to_string(i)), "v").then(0);
  ASSERT_TRUE(txn(many));
  auto part = watch.next();
  ASSERT_TRUE(part);
  EXPECT_EQ(part->events_size(), 2);
  EXPECT_EQ(part->revision(), before);
  watch.add_credit(3);
  part = watch.next();
  ASSERT_TRUE(part);
  EXPECT_EQ(part->events_size(), 3);
  EXPECT_EQ(part->revision(), before + 1);
}

TEST_P(StoreBehaviour, AWatcherThatFellFarBehindMissesNothing) {
  auto request = watching();
  request.set_credit(1);
  live_watch slow{store(), request};
  ASSERT_TRUE(slow.next());
  // More than anybody keeps for a watcher.
  constexpr int rounds = 50;
  constexpr int each = 50;
  for (int i = 0; i < rounds; ++i) {
    TxnRequest many;
    for (int k = 0; k < each; ++k)
      *many.add_then() =
          put_request(key(std::to_string(k)), std::to_string(i)).then(0);
    ASSERT_TRUE(txn(many));
  }
  std::vector<Event> events;
  while (events.size() < rounds * each) {
    auto some = slow.events(1);
    ASSERT_FALSE(some.empty()) << "after " << events.size();
    events.insert(events.end(), some.begin(), some.end());
    slow.add_credit(events.size() < 100 ? 7 : 400);
  }
  ASSERT_EQ(events.size(), size_t{rounds * each});
  for (size_t i = 0; i < events.size(); ++i) {
    ASSERT_EQ(events[i].kv().value(), std::to_string(i / each)) << i;
    ASSERT_EQ(events[i].kv().key(), key(std::to_string(i % each))) << i;
  }
  put("live", "1");
  EXPECT_EQ(shown(slow.events(1)), "live=1");
}

TEST_P(StoreBehaviour, ProgressComesAfterEverythingUpToNow) {
  live_watch watch{store(), watching()};
  ASSERT_TRUE(watch.next());
  for (uint64_t i = 1; i <= 20; ++i) {
    auto revision = put("a", std::to_string(i));
    EXPECT_GE(watch.progress(i), revision);
    ASSERT_EQ(watch.passed.size(), i);
    EXPECT_EQ(watch.passed.back().kv().mod_revision(), revision);
  }
  // Of what others do, too.
  auto request = watching();
  request.set_key(key("quiet"));
  request.set_range_end("");
  live_watch quiet{store(), request};
  auto revision = put("a", "last");
  EXPECT_GE(quiet.progress(7), revision);
  // From the past, once it has caught up.
  live_watch past{store(), watching(revision - 5)};
  EXPECT_GE(past.progress(1), revision);
  EXPECT_EQ(past.passed.size(), 6u);
}

TEST_P(StoreBehaviour, AWatchOfWhatIsCompactedSaysSo) {
  auto one = put("a", "1");
  put("a", "2");
  auto three = put("a", "3");
  put("a", "4");
  ASSERT_TRUE(compact(three));
  live_watch lost{store(), watching(one)};
  auto first = lost.next();
  ASSERT_TRUE(first);
  EXPECT_EQ(first->events_size(), 0);
  auto last = lost.next();
  ASSERT_TRUE(last);
  EXPECT_EQ(last->compacted(), three);
  live_watch kept{store(), watching(three + 1)};
  EXPECT_EQ(shown(kept.events(1)), "a=4");
}

TEST_P(StoreBehaviour, AWatchFromTheCompactedRevisionItselfGoesOn) {
  put("a", "1");
  auto two = put("a", "2");
  put("a", "3");
  ASSERT_TRUE(compact(two));
  live_watch watch{store(), watching(two)};
  EXPECT_EQ(shown(watch.events(2)), "a=2 a=3");
}

TEST_P(StoreBehaviour, ACanceledWatchIsSilent) {
  auto listening = watching();
  listening.set_id(7);
  live_watch watch{store(), listening};
  ASSERT_TRUE(watch.next());
  watch.cancel();
  put("a", "1");
  live_watch other{store(), watching()};
  ASSERT_TRUE(other.next());
  put("a", "2");
  EXPECT_EQ(shown(other.events(1)), "a=2");
  EXPECT_FALSE(watch.next(0ms));
}

} // namespace troupe::test
