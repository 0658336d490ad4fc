#include "runtime/rules/endpoints_plan.hpp"
#include "runtime/rules/service_pods.hpp"
#include "runtime/text/int_or_string.hpp"
#include "tests/support/cluster_objects.hpp"

#include <gtest/gtest.h>

using namespace troupe;
using namespace troupe::rules;
using core::v1::Endpoints;

namespace {

core::v1::Pod pod_at(const std::string& name, const std::string& ip) {
  auto pod = test::pod(name);
  pod.mutable_status()->set_pod_ip(ip);
  pod.mutable_status()->clear_pod_ips();
  pod.mutable_status()->add_pod_ips()->set_ip(ip);
  return pod;
}

core::v1::Pod unready(core::v1::Pod pod) {
  test::set_ready(pod, false, test::new_year());
  return pod;
}

core::v1::Pod dying(core::v1::Pod pod) {
  pod.mutable_metadata()->mutable_deletion_timestamp()->set_seconds(1);
  return pod;
}

std::vector<object> objects(const std::vector<core::v1::Pod>& pods) {
  std::vector<object> result;
  for (const auto& pod : pods)
    result.push_back(object::of(pod));
  return result;
}

Endpoints made(const core::v1::Service& service,
               const std::vector<core::v1::Pod>& pods) {
  auto plan = plan_endpoints(object::of(service), objects(pods), {});
  return plan.created ? plan.created->as<Endpoints>() : Endpoints{};
}

} // namespace

TEST(EndpointsPlan, SortsReadyFromNotReady) {
  auto e =
      made(test::service(), {pod_at("b", "10.0.0.2"), pod_at("a", "10.0.0.1"),
                             unready(pod_at("c", "10.0.0.3"))});
  ASSERT_EQ(e.subsets_size(), 1);
  const auto& subset = e.subsets(0);
  ASSERT_EQ(subset.addresses_size(), 2);
  EXPECT_EQ(subset.addresses(0).ip(), "10.0.0.1");
  EXPECT_EQ(subset.addresses(0).node_name(), "node-1");
  EXPECT_EQ(subset.addresses(0).target_ref().name(), "a");
  EXPECT_EQ(subset.addresses(0).target_ref().kind(), "Pod");
  ASSERT_EQ(subset.not_ready_addresses_size(), 1);
  EXPECT_EQ(subset.not_ready_addresses(0).ip(), "10.0.0.3");
  ASSERT_EQ(subset.ports_size(), 1);
  EXPECT_EQ(subset.ports(0).port(), 8080);
  EXPECT_EQ(subset.ports(0).protocol(), "TCP");
}

TEST(EndpointsPlan, LeavesOutDyingFinishedAndHomelessPods) {
  auto finished = pod_at("b", "10.0.0.2");
  finished.mutable_status()->set_phase("Succeeded");
  auto e = made(test::service(),
                {dying(pod_at("a", "10.0.0.1")), finished, pod_at("c", "")});
  EXPECT_EQ(e.subsets_size(), 0);
}

TEST(EndpointsPlan, PublishesNotReadyAddressesWhenAsked) {
  auto service = test::service();
  service.mutable_spec()->set_publish_not_ready_addresses(true);
  auto e = made(service, {unready(pod_at("a", "10.0.0.1")),
                          dying(pod_at("b", "10.0.0.2"))});
  ASSERT_EQ(e.subsets_size(), 1);
  EXPECT_EQ(e.subsets(0).addresses_size(), 2);
}

TEST(EndpointsPlan, FindsNamedPortsPerPod) {
  auto service = test::service();
  *service.mutable_spec()->mutable_ports(0)->mutable_target_port() =
      text::int_or_string("http");
  auto other = pod_at("b", "10.0.0.2");
  other.mutable_spec()
      ->mutable_containers(0)
      ->mutable_ports(0)
      ->set_container_port(9090);
  auto without = pod_at("c", "10.0.0.3");
  without.mutable_spec()->mutable_containers(0)->clear_ports();
  auto e = made(service, {pod_at("a", "10.0.0.1"), other, without});
  ASSERT_EQ(e.subsets_size(), 2);
  EXPECT_EQ(e.subsets(0).addresses(0).ip(), "10.0.0.1");
  EXPECT_EQ(e.subsets(0).ports(0).port(), 8080);
  EXPECT_EQ(e.subsets(1).addresses(0).ip(), "10.0.0.2");
  EXPECT_EQ(e.subsets(1).ports(0).port(), 9090);
}

TEST(EndpointsPlan, PortsWithTheSameAddressesShareASubset) {
  auto service = test::service();
  auto* second = service.mutable_spec()->add_ports();
  service.mutable_spec()->mutable_ports(0)->set_name("http");
  second->set_name("metrics");
  second->set_port(9100);
  second->set_protocol("TCP");
  *second->mutable_target_port() = text::int_or_string(9100);
  auto e = made(service, {pod_at("a", "10.0.0.1"), pod_at("b", "10.0.0.2")});
  ASSERT_EQ(e.subsets_size(), 1);
  EXPECT_EQ(e.subsets(0).ports_size(), 2);
}

TEST(EndpointsPlan, HeadlessWithoutPortsKeepsItsAddresses) {
  auto service = test::service();
  service.mutable_spec()->set_cluster_ip("None");
  service.mutable_spec()->clear_ports();
  auto e = made(service, {pod_at("a", "10.0.0.1")});
  ASSERT_EQ(e.subsets_size(), 1);
  EXPECT_EQ(e.subsets(0).addresses_size(), 1);
  EXPECT_EQ(e.subsets(0).ports_size(), 0);
  EXPECT_EQ(e.metadata().labels().count("service.kubernetes.io/headless"), 1u);
}

TEST(EndpointsPlan, TellsTheHostNameUnderTheServicesDomain) {
  auto pod = pod_at("a", "10.0.0.1");
  pod.mutable_spec()->set_hostname("first");
  pod.mutable_spec()->set_subdomain("web");
  auto e = made(test::service(), {pod});
  EXPECT_EQ(e.subsets(0).addresses(0).hostname(), "first");
}

TEST(EndpointsPlan, LeavesServicesWithoutSelectorAlone) {
  auto service = test::service();
  service.mutable_spec()->clear_selector();
  auto plan = plan_endpoints(object::of(service), {}, {});
  EXPECT_FALSE(plan.created);
  service = test::service();
  service.mutable_spec()->set_type("ExternalName");
  EXPECT_FALSE(plan_endpoints(object::of(service), {}, {}).created);
}

TEST(EndpointsPlan, WritesNothingWhenNothingChanged) {
  auto service = object::of(test::service());
  auto pods = objects({pod_at("a", "10.0.0.1")});
  auto first = plan_endpoints(service, pods, {});
  ASSERT_TRUE(first.created);
  auto second = plan_endpoints(service, pods, *first.created);
  EXPECT_FALSE(second.created);
  EXPECT_FALSE(second.updated);
  auto third = plan_endpoints(service, {}, *first.created);
  ASSERT_TRUE(third.updated);
  EXPECT_EQ(third.updated->as<Endpoints>().subsets_size(), 0);
}

TEST(EndpointsPlan, CutsAtOneThousandAddresses) {
  std::vector<core::v1::Pod> pods;
  for (int i = 0; i < 1100; ++i) {
    auto name = std::to_string(i);
    auto pod = pod_at(name, "10.0." + std::to_string(i / 250) + "."
                                + std::to_string(i % 250 + 1));
    pods.push_back(i < 200 ? unready(pod) : pod);
  }
  auto e = made(test::service(), pods);
  EXPECT_EQ(e.subsets(0).addresses_size(), 900);
  EXPECT_EQ(e.subsets(0).not_ready_addresses_size(), 100);
  EXPECT_EQ(
      e.metadata().annotations().at("endpoints.kubernetes.io/over-capacity"),
      "truncated");
}

TEST(EndpointsPlan, UsesTheServicesFamily) {
  auto service = test::service();
  service.mutable_spec()->clear_ip_families();
  service.mutable_spec()->add_ip_families("IPv6");
  auto pod = pod_at("a", "10.0.0.1");
  pod.mutable_status()->add_pod_ips()->set_ip("fd00::1");
  EXPECT_EQ(made(service, {pod}).subsets(0).addresses(0).ip(), "fd00::1");
}
