#include "messages/api/core_service.pb.h"
#include "runtime/rules/allocators.hpp"

#include <gmock/gmock.h>
#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include <random>
#include <set>

using namespace troupe;
using namespace troupe::rules;
using core::v1::Service;
using testing::HasSubstr;

namespace {

entropy seeded(uint64_t seed) {
  return [engine = std::mt19937_64{seed}]() mutable { return engine(); };
}

ip_range range(const char* text) {
  return *ip_range::parse(text);
}

ip_address address(const char* text) {
  return *ip_address::parse(text);
}

Service read(const char* text) {
  Service result;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &result));
  return result;
}

struct allocation : testing::Test {
  service_ranges ranges{{ip_allocator{range("10.96.0.0/24")}}, {}};
  entropy next = seeded(1);

  std::string refusal(Service service, const Service* old = nullptr) {
    auto free = ranges.addresses[0].free();
    auto ports = ranges.node_ports.free();
    auto err = allocate(service, old, ranges, next);
    EXPECT_TRUE(err);
    EXPECT_EQ(ranges.addresses[0].free(), free) << "nothing is kept";
    EXPECT_EQ(ranges.node_ports.free(), ports) << "nothing is kept";
    return message_of(err);
  }
};

} // namespace

TEST(IpAllocator, GivesEveryAddressOnceAndThenNone) {
  ip_allocator all{range("10.0.0.0/28")};
  auto next = seeded(3);
  std::set<std::string> seen;
  for (int i = 0; i < 14; ++i) {
    auto one = all.take_any(next);
    ASSERT_TRUE(one);
    EXPECT_TRUE(seen.insert(one->str()).second);
  }
  EXPECT_FALSE(all.take_any(next));
  EXPECT_FALSE(seen.contains("10.0.0.0"));
  EXPECT_FALSE(seen.contains("10.0.0.15"));
}

TEST(IpAllocator, RefusesWhatIsTakenOrOutside) {
  ip_allocator all{range("10.96.0.0/12")};
  EXPECT_EQ(all.take(address("10.96.0.1")), "");
  EXPECT_EQ(all.take(address("10.96.0.1")), "provided IP is already allocated");
  auto outside = "the provided IP (1.2.3.4) is not in the valid range. The "
                 "range of valid IPs is 10.96.0.0/12";
  EXPECT_EQ(all.take(address("1.2.3.4")), outside);
  EXPECT_NE(all.take(address("10.96.0.0")), "");
  EXPECT_EQ(all.take(address("10.111.255.254")), "");
  all.release(address("10.96.0.1"));
  EXPECT_EQ(all.take(address("10.96.0.1")), "");
}

TEST(IpAllocator, GivesTheFirstFewLast) {
  ip_allocator all{range("10.0.0.0/24")};
  auto next = seeded(5);
  for (int i = 0; i < 254 - 16; ++i)
    EXPECT_GT(all.take_any(next)->bytes[3], 16);
  EXPECT_LE(all.take_any(next)->bytes[3], 16);
}

TEST(IpAllocator, KnowsIPv6) {
  ip_allocator all{range("fd00::/112")};
  auto next = seeded(7);
  auto one = all.take_any(next);
  ASSERT_TRUE(one);
  EXPECT_TRUE(one->v6);
  EXPECT_TRUE(all.has(*one));
  EXPECT_FALSE(all.has(address("10.0.0.1")));
  EXPECT_EQ(all.take(address("fd00::1")), "");
}

TEST(PortAllocator, GivesEveryPortOnceAndThenNone) {
  port_allocator all;
  auto next = seeded(9);
  std::set<int32_t> seen;
  while (auto one = all.take_any(next)) {
    EXPECT_TRUE(*one >= 30000 && *one <= 32767);
    EXPECT_TRUE(seen.insert(*one).second);
  }
  EXPECT_EQ(seen.size(), 2768u);
}

TEST(PortAllocator, RefusesWhatIsTakenOrOutside) {
  port_allocator all;
  EXPECT_EQ(all.take(30001), "");
  EXPECT_EQ(all.take(30001), "provided port is already allocated");
  EXPECT_EQ(all.take(80), "provided port is not in the valid range. The range "
                          "of valid ports is 30000-32767");
}

TEST_F(allocation, ServiceGetsAnAddressAndItsFamily) {
  auto service = read(R"(spec { type: "ClusterIP" ports { port: 80 } })");
  EXPECT_FALSE(allocate(service, nullptr, ranges, next));
  auto& spec = service.spec();
  EXPECT_TRUE(
      range("10.96.0.0/24").contains(address(spec.cluster_ip().c_str())));
  EXPECT_EQ(spec.cluster_ips(0), spec.cluster_ip());
  EXPECT_EQ(spec.ip_families(0), "IPv4");
  EXPECT_EQ(spec.ip_family_policy(), "SingleStack");
  EXPECT_EQ(spec.ports(0).node_port(), 0);
}

TEST_F(allocation, NodePortServiceGetsOneNumberPerPort) {
  auto service = read(R"(spec { type: "NodePort"
    ports { port: 53 protocol: "TCP" } ports { port: 53 protocol: "UDP" }
    ports { port: 80 protocol: "TCP" node_port: 30080 } })");
  EXPECT_FALSE(allocate(service, nullptr, ranges, next));
  auto& ports = service.spec().ports();
  EXPECT_NE(ports[0].node_port(), 0);
  EXPECT_EQ(ports[0].node_port(), ports[1].node_port());
  EXPECT_EQ(ports[2].node_port(), 30080);
  EXPECT_TRUE(ranges.node_ports.has(30080));
}

TEST_F(allocation, HeadlessServiceTakesNothing) {
  auto service = read(R"(spec { type: "ClusterIP" cluster_ip: "None" })");
  auto free = ranges.addresses[0].free();
  EXPECT_FALSE(allocate(service, nullptr, ranges, next));
  EXPECT_EQ(service.spec().cluster_ips(0), "None");
  EXPECT_EQ(ranges.addresses[0].free(), free);
}

TEST_F(allocation, ExternalNameTakesNothing) {
  auto service = read(R"(spec { type: "ExternalName" })");
  EXPECT_FALSE(allocate(service, nullptr, ranges, next));
  EXPECT_FALSE(service.spec().has_cluster_ip());
  EXPECT_TRUE(service.spec().ip_families().empty());
}

TEST_F(allocation, LocalLoadBalancerGetsAHealthCheckPort) {
  auto service = read(R"(spec { type: "LoadBalancer"
    external_traffic_policy: "Local" ports { port: 80 } })");
  EXPECT_FALSE(allocate(service, nullptr, ranges, next));
  EXPECT_NE(service.spec().health_check_node_port(), 0);
  EXPECT_NE(service.spec().ports(0).node_port(), 0);
}

TEST_F(allocation, RefusalsNameTheFieldAndKeepNothing) {
  auto first = read(R"(spec { type: "NodePort" cluster_ip: "10.96.0.9"
                              ports { port: 80 node_port: 30001 } })");
  EXPECT_FALSE(allocate(first, nullptr, ranges, next));
  EXPECT_THAT(refusal(read(R"(spec { type: "ClusterIP"
                                     cluster_ip: "10.96.0.9" })")),
              HasSubstr("spec.clusterIPs: Invalid value: [\"10.96.0.9\"]: "
                        "failed to allocate IP 10.96.0.9: provided IP is "
                        "already allocated"));
  EXPECT_THAT(refusal(read(R"(spec { type: "NodePort"
                ports { port: 81 } ports { port: 80 node_port: 30001 } })")),
              HasSubstr("spec.ports[1].nodePort: Invalid value: 30001: "
                        "provided port is already allocated"));
  EXPECT_THAT(refusal(read(R"(spec { type: "ClusterIP"
                                     ip_families: "IPv6" })")),
              HasSubstr("spec.ipFamilies[0]: Invalid value: \"IPv6\": not "
                        "configured on this cluster"));
  EXPECT_THAT(refusal(read(R"(spec { type: "ClusterIP"
                                ip_family_policy: "RequireDualStack" })")),
              HasSubstr("not configured for dual-stack"));
}

TEST_F(allocation, FullRangeIsTold) {
  while (ranges.addresses[0].take_any(next))
    ;
  EXPECT_EQ(refusal(read(R"(spec { type: "ClusterIP" })")),
            "failed to allocate a serviceIP: range is full");
}

TEST_F(allocation, UpdateKeepsItsOwnAndGivesBackTheRest) {
  auto old = read(R"(spec { type: "NodePort" ports { port: 80 } })");
  EXPECT_FALSE(allocate(old, nullptr, ranges, next));
  auto free = ranges.addresses[0].free();
  auto obj = old;
  obj.mutable_spec()->set_type("ClusterIP");
  obj.mutable_spec()->mutable_ports(0)->clear_node_port();
  EXPECT_FALSE(allocate(obj, &old, ranges, next));
  EXPECT_EQ(obj.spec().cluster_ip(), old.spec().cluster_ip());
  EXPECT_EQ(ranges.addresses[0].free(), free);
  release(old, &obj, ranges);
  EXPECT_FALSE(ranges.node_ports.has(old.spec().ports(0).node_port()));
  EXPECT_EQ(ranges.addresses[0].free(), free);
  release(obj, nullptr, ranges);
  EXPECT_EQ(ranges.addresses[0].free(), free + 1);
}

TEST_F(allocation, RebuildsFromWhatIsStored) {
  auto stored = read(R"(metadata { namespace: "n" name: "a" }
    spec { type: "NodePort" cluster_ip: "10.96.0.9"
           cluster_ips: "10.96.0.9" ports { port: 80 node_port: 30001 } })");
  EXPECT_TRUE(ranges.occupy(stored).empty());
  EXPECT_EQ(ranges.occupy(stored).size(), 2u) << "taken twice is told";
  EXPECT_TRUE(ranges.addresses[0].has(address("10.96.0.9")));
  EXPECT_TRUE(ranges.node_ports.has(30001));
}

TEST_F(allocation, TwoFamiliesGiveTwoAddresses) {
  ranges.addresses.emplace_back(range("fd00::/112"));
  auto service = read(R"(spec { type: "ClusterIP"
                                ip_family_policy: "PreferDualStack" })");
  EXPECT_FALSE(allocate(service, nullptr, ranges, next));
  EXPECT_EQ(service.spec().cluster_ips_size(), 2);
  EXPECT_EQ(service.spec().ip_families(1), "IPv6");
}
