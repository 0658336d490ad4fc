#include "runtime/scheduling/amounts.hpp"
#include "tests/runtime/scheduling/makers.hpp"

#include <gtest/gtest.h>

namespace troupe::scheduling {

namespace {

amounts read(std::vector<std::pair<std::string, std::string>> list) {
  core::v1::Container container;
  for (const auto& [name, amount] : list)
    add_request(container, name, amount);
  return to_amounts(container.resources().requests());
}

TEST(Amounts, CpuCountsInThousandthsAndTheRestInUnits) {
  auto x = read({{"cpu", "1500m"}, {"memory", "1Gi"}, {"gpu.com/x", "2"}});
  EXPECT_EQ(x.milli_cpu, 1500);
  EXPECT_EQ(x.memory, 1 << 30);
  EXPECT_EQ(x.other("gpu.com/x"), 2);
  EXPECT_EQ(x.other("gpu.com/y"), 0);
}

TEST(Amounts, FractionsRoundUp) {
  auto x = read({{"cpu", "100u"}, {"memory", "1500m"}});
  EXPECT_EQ(x.milli_cpu, 1);
  EXPECT_EQ(x.memory, 2);
}

TEST(Amounts, PodsAreNotAResource) {
  EXPECT_TRUE(read({{"pods", "10"}}).empty());
}

TEST(Amounts, WhatIsNoQuantityCountsAsNothing) {
  EXPECT_TRUE(read({{"cpu", "lots"}, {"memory", "-1"}}).empty());
}

TEST(Amounts, WhatWasAddedCanBeTakenAwayAlsoWhenHuge) {
  auto x = read({{"cpu", "2"}, {"memory", "9E"}, {"a/b", "1"}});
  amounts sum;
  for (int i = 0; i < 100; ++i)
    sum.add(x);
  for (int i = 0; i < 100; ++i)
    sum.subtract(x);
  EXPECT_TRUE(sum.empty());
}

} // namespace

} // namespace troupe::scheduling
