#include "runtime/net/layout.hpp"

#include <gtest/gtest.h>

#include <set>

using namespace troupe;
using namespace troupe::net;

namespace {

cidr range(const char* text) {
  return *parse_cidr(text);
}

ipv4 address(const char* text) {
  return *parse_ipv4(text);
}

} // namespace

TEST(Layout, CutsItsRangeIntoNodesServicesAndPods) {
  layout x{network_mode::loopback, range("127.7.0.0/16")};
  EXPECT_EQ(to_string(x.nodes()), "127.7.0.0/20");
  EXPECT_EQ(to_string(x.services()), "127.7.16.0/20");
  EXPECT_EQ(to_string(x.pods()), "127.7.128.0/17");
  EXPECT_EQ(to_string(x.api_service()), "127.7.16.1");
  EXPECT_EQ(to_string(x.gateway()), "127.7.15.254");
  EXPECT_EQ(to_string(*x.node_address(0)), "127.7.0.1");
  EXPECT_EQ(to_string(*x.node_address(2)), "127.7.0.3");
  EXPECT_EQ(to_string(*x.pod_range(0)), "127.7.128.0/24");
  EXPECT_EQ(to_string(*x.pod_range(2)), "127.7.130.0/24");
}

TEST(Layout, KeepsItsPartsApart) {
  layout x{network_mode::bridge, range("10.200.0.0/16")};
  EXPECT_FALSE(x.nodes().overlaps(x.services()));
  EXPECT_FALSE(x.nodes().overlaps(x.pods()));
  EXPECT_FALSE(x.services().overlaps(x.pods()));
  for (size_t i = 0; i < layout::max_nodes; ++i) {
    EXPECT_TRUE(x.nodes().contains(*x.node_address(i)));
    EXPECT_TRUE(x.pods().overlaps(*x.pod_range(i)));
    EXPECT_NE(*x.node_address(i), x.gateway());
  }
}

TEST(Layout, RefusesMoreNodesThanItHasRoomFor) {
  layout x{network_mode::loopback, range("127.7.0.0/16")};
  EXPECT_TRUE(x.pod_range(layout::max_nodes - 1));
  EXPECT_FALSE(x.pod_range(layout::max_nodes));
  auto node = x.node_address(layout::max_nodes);
  ASSERT_FALSE(node);
  EXPECT_EQ(message_of(node.error()),
            "node 129: a cluster on one machine has room for 128 nodes");
}

TEST(SimulatedLayout, HasRoomForThousandsOfNodes) {
  std::set<ipv4> nodes;
  std::set<ipv4> pods;
  for (size_t i = 0; i < 5'000; ++i) {
    auto range = simulated_layout::pod_range(i);
    ASSERT_TRUE(range);
    EXPECT_TRUE(pods.insert(range->base).second);
    EXPECT_TRUE(simulated_layout::pods().overlaps(*range));
    auto node = simulated_layout::node_address(i);
    ASSERT_TRUE(node);
    EXPECT_TRUE(nodes.insert(*node).second);
    EXPECT_FALSE(simulated_layout::pods().contains(*node));
  }
  EXPECT_FALSE(simulated_layout::pod_range(simulated_layout::max_nodes));
}

TEST(AddressPool, GivesEachAddressOnce) {
  address_pool pool{range("127.7.128.0/28")};
  std::set<ipv4> seen;
  for (int i = 0; i < 14; ++i) {
    auto x = pool.take("pod-" + std::to_string(i));
    ASSERT_TRUE(x);
    EXPECT_TRUE(seen.insert(*x).second);
  }
  EXPECT_EQ(to_string(*seen.begin()), "127.7.128.1");
  EXPECT_EQ(to_string(*seen.rbegin()), "127.7.128.14");
  EXPECT_FALSE(pool.take("one-more"));
}

TEST(AddressPool, GivesAnOwnerTheSameAddressAgain) {
  address_pool pool{range("127.7.128.0/24")};
  auto x = pool.take("a");
  EXPECT_EQ(pool.take("a"), x);
  EXPECT_EQ(pool.taken(), 1u);
}

TEST(AddressPool, ReusesAReleasedAddressLast) {
  address_pool pool{range("127.7.128.0/29")};
  auto first = pool.take("a");
  pool.release("a");
  for (int i = 0; i < 5; ++i)
    EXPECT_NE(pool.take("b" + std::to_string(i)), first);
  EXPECT_EQ(pool.take("c"), first);
}

TEST(AddressPool, TakesBackWhatWasGivenBeforeARestart) {
  address_pool pool{range("127.7.128.0/24")};
  EXPECT_TRUE(pool.claim(address("127.7.128.1"), "a"));
  EXPECT_TRUE(pool.claim(address("127.7.128.1"), "a"));
  EXPECT_FALSE(pool.claim(address("127.7.128.1"), "b"));
  EXPECT_FALSE(pool.claim(address("127.7.128.2"), "a"));
  EXPECT_FALSE(pool.claim(address("127.7.129.1"), "c"));
  EXPECT_FALSE(pool.claim(address("127.7.128.0"), "c"));
  EXPECT_FALSE(pool.claim(address("127.7.128.255"), "c"));
  EXPECT_EQ(pool.take("d"), address("127.7.128.2"));
  EXPECT_EQ(pool.find("a"), address("127.7.128.1"));
}

TEST(AddressPool, IgnoresTheReleaseOfAStranger) {
  address_pool pool{range("127.7.128.0/24")};
  pool.take("a");
  pool.release("b");
  EXPECT_EQ(pool.taken(), 1u);
}

TEST(ChooseRange, SkipsWhatIsUsed) {
  std::vector<cidr> all{range("10.1.0.0/16"), range("10.2.0.0/16"),
                        range("10.3.0.0/16")};
  EXPECT_EQ(choose_range(all, 0, {}), all[0]);
  EXPECT_EQ(choose_range(all, 4, {}), all[1]);
  EXPECT_EQ(choose_range(all, 1, {range("10.2.7.0/24")}), all[2]);
  EXPECT_EQ(choose_range(all, 2, {all[2]}), all[0]);
  EXPECT_EQ(choose_range(all, 0, {range("10.0.0.0/8")}), std::nullopt);
}

TEST(CandidateRanges, NeverHoldTheAddressesOfTheMachineItself) {
  for (auto& x : candidate_ranges(network_mode::loopback)) {
    EXPECT_TRUE(range("127.0.0.0/8").overlaps(x));
    EXPECT_FALSE(x.contains(address("127.0.0.1")));
    EXPECT_FALSE(x.contains(address("127.0.0.53")));
    EXPECT_FALSE(x.contains(address("127.255.255.255")));
  }
  for (auto& x : candidate_ranges(network_mode::bridge)) {
    EXPECT_FALSE(x.overlaps(range("172.17.0.0/16")));
    EXPECT_FALSE(x.overlaps(range("10.96.0.0/12")));
    EXPECT_FALSE(x.overlaps(range("127.0.0.0/8")));
  }
}
