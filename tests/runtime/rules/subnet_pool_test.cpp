#include "runtime/rules/subnet_pool.hpp"

#include <gtest/gtest.h>

using troupe::rules::subnet_pool;

TEST(SubnetPool, GivesEachNodeASubnetOfItsOwn) {
  subnet_pool pool{"10.244.0.0/16"};
  pool.take("10.244.1.0/24");
  EXPECT_EQ(pool.next(), "10.244.0.0/24");
  EXPECT_EQ(pool.next(), "10.244.2.0/24");
}

TEST(SubnetPool, EndsWhenTheRangeIsFullAndGoesOnWhenOneIsFree) {
  subnet_pool pool{"127.9.0.0/24"};
  EXPECT_EQ(pool.next(), "127.9.0.0/26");
  EXPECT_EQ(pool.next(), "127.9.0.64/26");
  EXPECT_EQ(pool.next(), "127.9.0.128/26");
  EXPECT_EQ(pool.next(), "127.9.0.192/26");
  EXPECT_EQ(pool.next(), std::nullopt);
  pool.release("127.9.0.64/26");
  EXPECT_EQ(pool.next(), "127.9.0.64/26");
}

TEST(SubnetPool, HasNothingWithoutARange) {
  for (auto text : {"", "nonsense", "fd00::/64", "10.0.0.0/31"})
    EXPECT_EQ(subnet_pool{text}.next(), std::nullopt) << text;
}
