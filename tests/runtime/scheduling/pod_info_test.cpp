#include "runtime/scheduling/pod_info.hpp"
#include "tests/runtime/scheduling/makers.hpp"

#include <gtest/gtest.h>

namespace troupe::scheduling {

namespace {

constexpr int64_t mega = 1024 * 1024;

TEST(PodInfo, RequestsOfContainersAreSummed) {
  auto pod = a_pod("a", "100m", "64Mi");
  add_request(*pod.mutable_spec()->add_containers(), "cpu", "200m");
  auto info = make_pod_info(pod);
  EXPECT_EQ(info->request.milli_cpu, 300);
  EXPECT_EQ(info->request.memory, 64 * mega);
}

TEST(PodInfo, TheLargestInitContainerCountsWhenItIsMore) {
  auto pod = a_pod("a", "100m", "64Mi");
  add_request(*pod.mutable_spec()->add_init_containers(), "cpu", "500m");
  add_request(*pod.mutable_spec()->add_init_containers(), "cpu", "400m");
  auto info = make_pod_info(pod);
  EXPECT_EQ(info->request.milli_cpu, 500);
  EXPECT_EQ(info->request.memory, 64 * mega);
}

TEST(PodInfo, SidecarsRunBesideContainersAndLaterInitContainers) {
  auto pod = a_pod("a", "100m");
  auto& spec = *pod.mutable_spec();
  add_request(*spec.add_init_containers(), "cpu", "250m");
  auto sidecar = spec.add_init_containers();
  sidecar->set_restart_policy("Always");
  add_request(*sidecar, "cpu", "200m");
  EXPECT_EQ(make_pod_info(pod)->request.milli_cpu, 300);
  add_request(*spec.add_init_containers(), "cpu", "250m");
  EXPECT_EQ(make_pod_info(pod)->request.milli_cpu, 450);
}

TEST(PodInfo, OverheadIsAdded) {
  auto pod = a_pod("a", "100m");
  (*pod.mutable_spec()->mutable_overhead())["cpu"].set_string("50m");
  EXPECT_EQ(make_pod_info(pod)->request.milli_cpu, 150);
}

TEST(PodInfo, RequestsOfThePodTakeThePlaceOfItsContainers) {
  auto pod = a_pod("a", "100m", "64Mi");
  auto& whole = *pod.mutable_spec()->mutable_resources()->mutable_requests();
  whole["cpu"].set_string("1");
  auto info = make_pod_info(pod);
  EXPECT_EQ(info->request.milli_cpu, 1000);
  EXPECT_EQ(info->request.memory, 64 * mega);
}

TEST(PodInfo, ContainersWithoutRequestsHaveAFloorInScoresOnly) {
  auto pod = a_pod("a");
  add_request(*pod.mutable_spec()->add_containers(), "cpu", "10m");
  auto info = make_pod_info(pod);
  EXPECT_EQ(info->request.milli_cpu, 10);
  EXPECT_EQ(info->request.memory, 0);
  EXPECT_EQ(info->request_for_scores.milli_cpu, 110);
  EXPECT_EQ(info->request_for_scores.memory, 400 * mega);
}

TEST(PodInfo, HostPortsOfContainersAndSidecarsAreTaken) {
  auto pod = a_pod("a");
  auto port = pod.mutable_spec()->mutable_containers(0)->add_ports();
  port->set_container_port(80);
  EXPECT_TRUE(make_pod_info(pod)->ports.empty());
  port->set_host_port(8080);
  port->set_host_ip("0.0.0.0");
  auto info = make_pod_info(pod);
  ASSERT_EQ(info->ports.size(), 1u);
  EXPECT_EQ(info->ports[0], (host_port{"", "TCP", 8080}));
  pod.mutable_spec()->set_host_network(true);
  port->clear_host_port();
  EXPECT_EQ(make_pod_info(pod)->ports[0].port, 80);
}

TEST(PodInfo, PortsCollideOnOneAddressOrOnAll) {
  host_port all{"", "TCP", 80};
  host_port one{"10.0.0.1", "TCP", 80};
  host_port two{"10.0.0.2", "TCP", 80};
  EXPECT_TRUE(collide(all, one));
  EXPECT_TRUE(collide(one, all));
  EXPECT_TRUE(collide(one, one));
  EXPECT_FALSE(collide(one, two));
  EXPECT_FALSE(collide(all, host_port{"", "UDP", 80}));
  EXPECT_FALSE(collide(all, host_port{"", "TCP", 81}));
}

TEST(PodInfo, ImagesWithoutATagAreTheLatest) {
  EXPECT_EQ(normalized_image("web"), "web:latest");
  EXPECT_EQ(normalized_image("web:1"), "web:1");
  EXPECT_EQ(normalized_image("host:5000/web"), "host:5000/web:latest");
  EXPECT_EQ(normalized_image("web@sha256:0"), "web@sha256:0");
}

TEST(PodInfo, OnlyControllersThatReplicateAreSpreadBy) {
  EXPECT_EQ(make_pod_info(owned(a_pod("a"), "u1"))->owner, "u1");
  auto pod = owned(a_pod("a"), "u1");
  pod.mutable_metadata()->mutable_owner_references(0)->set_kind("Job");
  EXPECT_EQ(make_pod_info(pod)->owner, "");
}

} // namespace

} // namespace troupe::scheduling
