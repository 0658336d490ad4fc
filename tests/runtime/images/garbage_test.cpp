#include "runtime/images/garbage.hpp"
#include "tests/support/image_makers.hpp"

namespace troupe::images {

using namespace std::chrono_literals;

namespace {

const time_point start{1000h};

image_record image(const std::string& id, std::chrono::minutes used,
                   std::chrono::minutes added = 0min) {
  image_record x;
  x.id = id;
  x.added = start + added;
  x.used = start + used;
  x.size = 10;
  return x;
}

using ids = std::vector<std::string>;

} // namespace

TEST(Garbage, GoesLeastRecentlyUsedFirst) {
  std::vector<image_record> all{image("c", 30min), image("a", 10min),
                                image("b", 20min), image("d", 20min, 1min)};
  auto plan = plan_garbage(all, {}, {1000, 100}, {}, start + 60min);
  EXPECT_EQ(plan.wanted, 100u);
  EXPECT_EQ(plan.remove, (ids{"a", "b", "d", "c"}));
}

TEST(Garbage, IsLeftWhileThereIsSpace) {
  std::vector<image_record> all{image("a", 10min)};
  auto now = start + 60min;
  EXPECT_EQ(plan_garbage(all, {}, {1000, 151}, {}, now).wanted, 49u);
  EXPECT_EQ(plan_garbage(all, {}, {1000, 161}, {}, now).wanted, 0u);
  EXPECT_TRUE(plan_garbage(all, {}, {1000, 500}, {}, now).remove.empty());
  // A disk that tells nothing.
  EXPECT_EQ(plan_garbage(all, {}, {0, 0}, {}, now).wanted, 0u);
  auto huge = uint64_t{1} << 62;
  EXPECT_EQ(plan_garbage(all, {}, {huge, 0}, {}, now).wanted,
            huge / 100 * 20 + huge % 100 * 20 / 100);
}

TEST(Garbage, IsNothingThatIsInUsePinnedOrYoung) {
  auto pinned = image("pinned", 10min);
  pinned.pinned = true;
  std::vector<image_record> all{image("used", 10min), pinned,
                                image("young", 59min, 59min),
                                image("soon", 70min), image("old", 10min)};
  auto plan = plan_garbage(all, {"used"}, {1000, 0}, {}, start + 60min);
  EXPECT_EQ(plan.remove, ids{"old"});
}

TEST(Garbage, IsWhatWasNotUsedForTooLong) {
  garbage_policy policy;
  policy.max_age = 1h;
  std::vector<image_record> all{image("a", 10min), image("b", 100min)};
  auto plan = plan_garbage(all, {}, {1000, 900}, policy, start + 120min);
  EXPECT_EQ(plan.wanted, 0u);
  EXPECT_EQ(plan.remove, ids{"a"});
}

TEST(Garbage, HasPoliciesThatMakeSense) {
  EXPECT_EQ(check({}), caf::error{});
  EXPECT_TRUE(is(check({101, 80}), ec::invalid));
  EXPECT_TRUE(is(check({85, -1}), ec::invalid));
  EXPECT_TRUE(is(check({70, 80}), ec::invalid));
}

TEST_F(ImageStore, IsCollectedUntilTheLowMark) {
  for (std::string tag : {"a", "b", "c"})
    ASSERT_TRUE(load(
        make_tar(saved({make_tar({file(tag, std::string(300'000, tag[0]))})},
                       "[\"" + tag + ":1\"]"))));
  auto now_ = now() + 1h;
  ASSERT_EQ(store_->hold("c1", store_->find("a:1")->id, now_), caf::error{});
  // The disk is always too full for such a policy.
  auto all = collect_garbage(*store_, {store_->find("b:1")->id}, {0, 0}, now_);
  ASSERT_TRUE(all) << message_of(all.error());
  EXPECT_GT(all->wanted, all->freed);
  EXPECT_GT(all->freed, 250'000u);
  EXPECT_EQ(all->removed.size(), 1u);
  EXPECT_FALSE(store_->find("c:1"));
  EXPECT_TRUE(store_->find("a:1"));
  EXPECT_TRUE(store_->find("b:1"));
  // And never for this one.
  auto none = collect_garbage(*store_, {}, {100, 100}, now_);
  ASSERT_TRUE(none);
  EXPECT_TRUE(none->removed.empty());
}

} // namespace troupe::images
