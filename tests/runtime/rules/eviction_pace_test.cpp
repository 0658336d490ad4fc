#include "runtime/rules/eviction_pace.hpp"

#include <gtest/gtest.h>

namespace troupe::rules {

namespace {

using namespace std::chrono_literals;
using point = eviction_pace::point;

} // namespace

TEST(EvictionPace, KnowsHowBadAZoneIsOff) {
  struct {
    size_t ready, away;
    zone_state state;
  } cases[] = {
      {0, 0, zone_state::normal},   {3, 0, zone_state::normal},
      {1, 2, zone_state::normal},   {0, 1, zone_state::full},
      {0, 9, zone_state::full},     {2, 3, zone_state::partial},
      {5, 5, zone_state::normal},   {45, 55, zone_state::partial},
      {46, 54, zone_state::normal},
  };
  for (auto& c : cases)
    EXPECT_EQ(state_of({c.ready, c.away}), c.state)
        << c.ready << " ready, " << c.away << " away";
}

TEST(EvictionPace, TheFirstNodeGoesAtOnceTheNextAfterTenSeconds) {
  point now{1h};
  eviction_pace pace;
  pace.set({{"a", {2, 2}}}, now);
  EXPECT_TRUE(pace.take("a", now));
  EXPECT_FALSE(pace.take("a", now));
  EXPECT_EQ(pace.next("a"), now + 10s);
  EXPECT_FALSE(pace.take("a", now + 9s));
  EXPECT_EQ(pace.next("a"), now + 10s);
  EXPECT_TRUE(pace.take("a", now + 10s));
  EXPECT_FALSE(pace.take("a", now + 10s));
}

TEST(EvictionPace, SavesOneTurnOnly) {
  point now{1h};
  eviction_pace pace;
  pace.set({{"a", {3, 1}}}, now);
  EXPECT_TRUE(pace.take("a", now + 1h));
  EXPECT_FALSE(pace.take("a", now + 1h));
}

TEST(EvictionPace, EachZoneHasItsOwn) {
  point now{1h};
  eviction_pace pace;
  pace.set({{"a", {2, 1}}, {"b", {2, 1}}}, now);
  EXPECT_TRUE(pace.take("a", now));
  EXPECT_TRUE(pace.take("b", now));
  EXPECT_FALSE(pace.take("c", now));
}

TEST(EvictionPace, WhereMostOfAZoneIsAwayItIsSlowOrStops) {
  point now{1h};
  eviction_pace pace;
  pace.set({{"small", {1, 4}}, {"large", {20, 40}}}, now);
  EXPECT_FALSE(pace.take("small", now));
  EXPECT_FALSE(pace.next("small"));
  EXPECT_TRUE(pace.take("large", now));
  EXPECT_EQ(pace.next("large"), now + 100s);
}

TEST(EvictionPace, ALostZoneIsEmptiedWhileAnotherStands) {
  point now{1h};
  eviction_pace pace;
  pace.set({{"a", {0, 4}}, {"b", {3, 0}}}, now);
  EXPECT_FALSE(pace.is_cut_off());
  EXPECT_TRUE(pace.take("a", now));
  EXPECT_EQ(pace.next("a"), now + 10s);
}

TEST(EvictionPace, StopsWhereNobodyIsReady) {
  point now{1h};
  eviction_pace pace;
  pace.set({{"a", {0, 4}}, {"b", {0, 1}}}, now);
  EXPECT_TRUE(pace.is_cut_off());
  EXPECT_FALSE(pace.take("a", now));
  EXPECT_FALSE(pace.take("b", now));
  pace.set({{"a", {1, 3}}, {"b", {0, 1}}}, now + 1s);
  EXPECT_FALSE(pace.is_cut_off());
  EXPECT_TRUE(pace.take("b", now + 1s));
}

TEST(EvictionPace, KeepsWhatWasSavedWhenTheRateChanges) {
  point now{1h};
  eviction_pace pace;
  pace.set({{"a", {40, 20}}}, now);
  EXPECT_TRUE(pace.take("a", now));
  // Half a turn at the usual rate, then most of the zone goes.
  pace.set({{"a", {20, 40}}}, now + 5s);
  EXPECT_EQ(pace.next("a"), now + 55s);
}

} // namespace troupe::rules
