#include "actors/controllers/keyed_queue.hpp"

#include <gtest/gtest.h>

using namespace troupe;
using namespace std::chrono_literals;

namespace {

const steady_point start{1000s};

} // namespace

TEST(KeyedQueue, GivesKeysInOrderAndEachOnce) {
  keyed_queue queue;
  queue.mark("b");
  queue.mark("a");
  queue.mark("b");
  EXPECT_EQ(queue.take(), "b");
  EXPECT_EQ(queue.take(), "a");
  EXPECT_EQ(queue.take(), std::nullopt);
}

TEST(KeyedQueue, AKeyThatIsBusyComesAgainOnceWhenItIsDone) {
  keyed_queue queue;
  queue.mark("a");
  queue.take();
  queue.mark("a");
  queue.mark("a");
  EXPECT_FALSE(queue.ready());
  queue.done("a");
  EXPECT_EQ(queue.take(), "a");
  queue.done("a");
  EXPECT_FALSE(queue.ready());
  EXPECT_EQ(queue.size(), 0u);
}

TEST(KeyedQueue, AKeyWaitsUntilItsOwnWriteIsShown) {
  keyed_queue queue;
  queue.mark("a");
  queue.take();
  queue.wrote("a", 0, 7);
  queue.wrote("a", 1, 9);
  queue.done("a");
  queue.mark("a");
  queue.shown(0, 7);
  EXPECT_FALSE(queue.ready());
  queue.shown(1, 8);
  EXPECT_FALSE(queue.ready());
  queue.shown(1, 9);
  EXPECT_EQ(queue.take(), "a");
}

TEST(KeyedQueue, AWriteThatIsShownAlreadyIsNotWaitedFor) {
  keyed_queue queue;
  queue.shown(0, 9);
  queue.mark("a");
  queue.take();
  queue.wrote("a", 0, 7);
  queue.mark("a");
  queue.done("a");
  EXPECT_TRUE(queue.ready());
}

TEST(KeyedQueue, WritesThatAreShownDoNotMarkAKey) {
  keyed_queue queue;
  queue.mark("a");
  queue.take();
  queue.wrote("a", 0, 7);
  queue.done("a");
  queue.shown(0, 7);
  EXPECT_FALSE(queue.ready());
  EXPECT_EQ(queue.size(), 0u);
}

TEST(KeyedQueue, FailuresComeAgainAfterAPauseThatDoubles) {
  keyed_queue queue;
  queue.mark("a");
  auto now = start;
  std::chrono::milliseconds wanted{10};
  for (int i = 0; i < 20; ++i) {
    ASSERT_EQ(queue.take(), "a");
    queue.failed("a", now);
    EXPECT_FALSE(queue.ready());
    ASSERT_EQ(queue.due(), now + wanted);
    now += wanted;
    queue.wake(now);
    wanted = std::min<std::chrono::milliseconds>(wanted * 2, 60s);
  }
  queue.take();
  queue.done("a");
  queue.mark("a");
  queue.take();
  queue.failed("a", now);
  EXPECT_EQ(queue.due(), now + 10ms) << "starts small again after a success";
}

TEST(KeyedQueue, AKeyThatFailedComesAtOnceWhenItIsMarked) {
  keyed_queue queue;
  queue.mark("a");
  queue.take();
  queue.failed("a", start);
  queue.mark("a");
  EXPECT_EQ(queue.take(), "a");
  EXPECT_EQ(queue.due(), std::nullopt);
}

TEST(KeyedQueue, LooksAgainAtTheEarliestTime) {
  keyed_queue queue;
  queue.mark_at("a", start + 9s);
  queue.mark_at("a", start + 5s);
  queue.mark_at("a", start + 7s);
  EXPECT_EQ(queue.due(), start + 5s);
  queue.wake(start + 4s);
  EXPECT_FALSE(queue.ready());
  queue.wake(start + 5s);
  EXPECT_EQ(queue.take(), "a");
  EXPECT_EQ(queue.due(), std::nullopt);
}

TEST(KeyedQueue, ForgetsWhatNobodyWantsButNothingThatGoesOn) {
  keyed_queue queue;
  for (auto key : {"busy", "failed", "late", "wanted", "unwanted"})
    queue.mark(key);
  queue.take();
  queue.take();
  queue.failed("failed", start);
  queue.mark("failed");
  queue.mark_at("late", start + 1s);
  queue.keep([](const std::string& key) { return key == "wanted"; });
  EXPECT_EQ(queue.size(), 4u);
  EXPECT_EQ(queue.take(), "late");
  EXPECT_EQ(queue.take(), "wanted");
  queue.done("busy");
  EXPECT_EQ(queue.take(), "failed");
  EXPECT_FALSE(queue.ready());
}
