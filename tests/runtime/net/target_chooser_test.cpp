#include "runtime/net/target_chooser.hpp"

#include <gtest/gtest.h>

using namespace troupe::net;
using namespace std::chrono_literals;

namespace {

const endpoint a{{1}, 80}, b{{2}, 80}, c{{3}, 80};
const ipv4 ann{100}, bob{200};
const target_chooser::time start{1000h};

} // namespace

TEST(TargetChooser, TakesOneAfterTheOther) {
  target_chooser x;
  x.set({a, b, c}, 0s);
  EXPECT_EQ(x.choose(ann, start), (std::vector{a, b, c}));
  EXPECT_EQ(x.choose(ann, start), (std::vector{b, c, a}));
  EXPECT_EQ(x.choose(bob, start), (std::vector{c, a, b}));
  EXPECT_EQ(x.choose(bob, start), (std::vector{a, b, c}));
  EXPECT_EQ(x.clients(), 0u);
}

TEST(TargetChooser, HasNothingWithoutTargets) {
  target_chooser x;
  EXPECT_TRUE(x.choose(ann, start).empty());
  x.set({a}, 10s);
  x.set({}, 10s);
  EXPECT_TRUE(x.choose(ann, start).empty());
}

TEST(TargetChooser, KeepsAClientWithItsTarget) {
  target_chooser x;
  x.set({a, b, c}, 10s);
  EXPECT_EQ(x.choose(ann, start).front(), a);
  EXPECT_EQ(x.choose(bob, start).front(), b);
  // Each connection starts the time anew.
  EXPECT_EQ(x.choose(ann, start + 8s).front(), a);
  EXPECT_EQ(x.choose(ann, start + 18s).front(), a);
  EXPECT_EQ(x.choose(bob, start + 11s).front(), c) << "bob was silent too long";
}

TEST(TargetChooser, MovesAClientWhoseTargetIsGone) {
  target_chooser x;
  x.set({a, b}, 10s);
  EXPECT_EQ(x.choose(ann, start).front(), a);
  x.set({b, c}, 10s);
  auto next = x.choose(ann, start).front();
  EXPECT_NE(next, a);
  EXPECT_EQ(x.choose(ann, start).front(), next);
}

TEST(TargetChooser, KeepsAClientWithTheTargetThatAnswered) {
  target_chooser x;
  x.set({a, b}, 10s);
  EXPECT_EQ(x.choose(ann, start).front(), a);
  x.keep(ann, b, start);
  EXPECT_EQ(x.choose(ann, start), (std::vector{b, a}));
  x.keep(ann, c, start); // no longer a target
  EXPECT_EQ(x.choose(ann, start).front(), b);
}

TEST(TargetChooser, ForgetsEverybodyWhenAffinityEnds) {
  target_chooser x;
  x.set({a, b}, 10s);
  x.choose(ann, start);
  x.set({a, b}, 0s);
  EXPECT_EQ(x.clients(), 0u);
}

TEST(TargetChooser, RemembersABoundedNumberOfClients) {
  target_chooser x;
  x.set({a, b}, 10s);
  for (uint32_t i = 0; i < target_chooser::max_clients + 100; ++i)
    x.choose(ipv4{i}, start);
  EXPECT_EQ(x.clients(), target_chooser::max_clients);
  x.choose(ipv4{7'000'000}, start + 20s);
  EXPECT_EQ(x.clients(), 1u) << "the silent ones made room";
}
