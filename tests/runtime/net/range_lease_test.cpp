#include "runtime/net/cluster_network.hpp"
#include "runtime/net/range_lease.hpp"
#include "tests/runtime/net/own_namespace.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <sys/stat.h>

using namespace troupe;
using namespace troupe::net;
namespace fs = std::filesystem;

namespace {

struct leases : isolated {
  leases() {
    auto form = (fs::temp_directory_path() / "troupe-net-XXXXXX").string();
    root = ::mkdtemp(form.data());
    for (auto name : {"one", "two"})
      fs::create_directory(root / name);
  }

  // Most of these need no namespace of their own.
  void SetUp() override {}

  ~leases() override { fs::remove_all(root); }

  expected<range_lease> take(const char* cluster,
                             const std::vector<cidr>& used = {}) {
    return range_lease::take(root / "registry", root / cluster,
                             network_mode::loopback, used);
  }

  fs::path root;
};

} // namespace

using RangeLease = leases;
using ClusterNetwork = leases;

TEST_F(RangeLease, GivesEachClusterARangeOfItsOwn) {
  auto one = take("one");
  auto two = take("two");
  ASSERT_TRUE(one && two);
  EXPECT_FALSE(one->addresses().whole().overlaps(two->addresses().whole()));
}

TEST_F(RangeLease, GivesAClusterTheSameRangeAgain) {
  auto first = take("one")->addresses();
  auto second = take("one");
  ASSERT_TRUE(second);
  EXPECT_EQ(second->addresses(), first);
}

TEST_F(RangeLease, GivesWhatWasWishedForIfNobodyHasIt) {
  layout wished{network_mode::loopback, *parse_cidr("127.77.0.0/16")};
  for (auto* each : {"one", "two"})
    ASSERT_TRUE(wish_for_layout(root / each, wished));
  auto one = take("one");
  auto two = take("two");
  ASSERT_TRUE(one && two);
  EXPECT_EQ(one->addresses(), wished);
  EXPECT_NE(two->addresses(), wished);
  EXPECT_EQ(*wished_layout(root / "two"), wished);
}

TEST_F(RangeLease, RefusesTheRangeOfARunningCluster) {
  auto one = take("one");
  auto again = take("one");
  ASSERT_FALSE(again);
  EXPECT_TRUE(is(again.error(), ec::conflict));
  EXPECT_NE(message_of(again.error()).find((root / "one").string()),
            std::string::npos);
}

TEST_F(RangeLease, KeepsTheRangeOfAStoppedCluster) {
  auto stopped = take("one")->addresses();
  // Whoever comes may have that range only, and does not get it.
  std::vector<cidr> used;
  for (auto& x : candidate_ranges(network_mode::loopback))
    if (x != stopped.whole())
      used.push_back(x);
  auto other = take("two", used);
  ASSERT_FALSE(other);
  EXPECT_TRUE(is(other.error(), ec::conflict));
  fs::remove_all(root / "one");
  auto later = take("two", used);
  ASSERT_TRUE(later) << "its cluster is gone: " << message_of(later.error());
  EXPECT_EQ(later->addresses(), stopped);
}

TEST_F(RangeLease, FreesARangeThatWasForgotten) {
  auto stopped = take("one")->addresses();
  forget_layout(root / "one");
  std::vector<cidr> used;
  for (auto& x : candidate_ranges(network_mode::loopback))
    if (x != stopped.whole())
      used.push_back(x);
  EXPECT_TRUE(take("two", used));
}

TEST_F(RangeLease, ReplacesADamagedRecord) {
  for (auto text :
       {"", "loopback", "loopback 127.7.0.0/8", "moon 1.2.0.0/16"}) {
    std::ofstream{root / "one/network"} << text;
    EXPECT_FALSE(recorded_layout(root / "one"));
    auto lease = take("one");
    ASSERT_TRUE(lease);
    EXPECT_EQ(*recorded_layout(root / "one"), lease->addresses());
  }
}

TEST_F(RangeLease, SharesItsDirectoryWithOtherUsers) {
  ASSERT_TRUE(take("one"));
  struct stat s {};
  ASSERT_EQ(::stat((root / "registry").c_str(), &s), 0);
  EXPECT_EQ(s.st_mode & 07777, 01777u);
}

TEST_F(RangeLease, RefusesADirectoryBehindALink) {
  fs::create_directory(root / "elsewhere");
  fs::create_symlink(root / "elsewhere", root / "registry");
  auto lease = take("one");
  ASSERT_FALSE(lease);
  EXPECT_NE(message_of(lease.error()).find("registry"), std::string::npos);
}

TEST_F(RangeLease, SaysWhenTheDataDirectoryIsMissing) {
  auto lease = take("three");
  ASSERT_FALSE(lease);
  EXPECT_NE(message_of(lease.error()).find("three"), std::string::npos);
}

TEST_F(ClusterNetwork, HasAddressesThatAnswerWithoutRoot) {
  auto network = cluster_network::open(root / "one", network_mode::loopback,
                                       root / "registry");
  ASSERT_TRUE(network) << message_of(network.error());
  EXPECT_EQ(network->bridge(), nullptr);
  auto nodes = network->prepare_nodes(3);
  ASSERT_TRUE(nodes);
  for (auto& x : *nodes)
    EXPECT_TRUE(bind_to(plain_socket(), {*parse_ipv4(x), 0}));
  EXPECT_TRUE(bind_to(plain_socket(), {network->addresses().api_service(), 0}));
  EXPECT_FALSE(network->prepare_nodes(layout::max_nodes + 1));
  ASSERT_TRUE(cluster_network::remove(root / "one"));
  EXPECT_FALSE(recorded_layout(root / "one"));
}

TEST_F(ClusterNetwork, TakesABridgeWhereItCan) {
  isolated::SetUp();
  if (IsSkipped())
    return;
  auto network =
      cluster_network::open(root / "one", std::nullopt, root / "registry");
  ASSERT_TRUE(network) << message_of(network.error());
  ASSERT_NE(network->bridge(), nullptr);
  auto nodes = network->prepare_nodes(2);
  ASSERT_TRUE(nodes);
  EXPECT_TRUE(bind_to(plain_socket(), {*parse_ipv4(nodes->at(1)), 0}));
  auto first = network->addresses();
  network = make_error(ec::internal_error, "killed");
  network =
      cluster_network::open(root / "one", std::nullopt, root / "registry");
  ASSERT_TRUE(network) << message_of(network.error());
  EXPECT_EQ(network->addresses(), first) << "the bridge that is there is ours";
  ASSERT_TRUE(cluster_network::remove(root / "one"));
  auto kernel = netlink::open();
  EXPECT_EQ(list_links(*kernel)->size(), 1u);
}

TEST_F(ClusterNetwork, KeepsItsAddressesWhenItIsCleared) {
  isolated::SetUp();
  if (IsSkipped())
    return;
  auto open = [&] {
    return cluster_network::open(root / "one", std::nullopt, root / "registry");
  };
  auto first = open()->addresses();
  ASSERT_TRUE(cluster_network::clear(root / "one"));
  auto kernel = netlink::open();
  EXPECT_EQ(list_links(*kernel)->size(), 1u);
  EXPECT_EQ(open()->addresses(), first);
}

TEST_F(ClusterNetwork, MovesWhenItsModeChanges) {
  isolated::SetUp();
  if (IsSkipped())
    return;
  auto first = cluster_network::open(root / "one", network_mode::bridge,
                                     root / "registry")
                   ->addresses();
  auto second = cluster_network::open(root / "one", network_mode::loopback,
                                      root / "registry");
  ASSERT_TRUE(second);
  EXPECT_EQ(first.mode(), network_mode::bridge);
  EXPECT_EQ(second->addresses().mode(), network_mode::loopback);
  auto kernel = netlink::open();
  EXPECT_EQ(list_links(*kernel)->size(), 1u) << "the bridge is gone";
}
