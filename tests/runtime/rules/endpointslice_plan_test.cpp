#include "messages/api/discovery.pb.h"
#include "runtime/rules/endpointslice_plan.hpp"
#include "runtime/rules/ownership.hpp"
#include "runtime/text/int_or_string.hpp"
#include "tests/support/cluster_objects.hpp"

#include <gtest/gtest.h>

#include <map>

using namespace troupe;
using namespace troupe::rules;
using discovery::v1::EndpointSlice;

namespace {

object pod_at(int number,
              const std::function<void(core::v1::Pod&)>& change = {}) {
  auto pod = test::pod("pod-" + std::to_string(number));
  auto ip = "10.0." + std::to_string(number / 250) + "."
            + std::to_string(number % 250 + 1);
  pod.mutable_status()->clear_pod_ips();
  pod.mutable_status()->add_pod_ips()->set_ip(ip);
  if (change)
    change(pod);
  return object::of(pod);
}

std::vector<object> pods(int from, int to) {
  std::vector<object> result;
  for (int i = from; i < to; ++i)
    result.push_back(pod_at(i));
  return result;
}

/// Carries out plans for one service.
struct slices {
  core::v1::Service service = test::service();
  std::map<std::string, object> there;

  slices_plan step(const std::vector<object>& pods) {
    return done(plan_slices(object::of(service), pods, list(), [](auto& node) {
      return node == "node-1" ? "zone-a" : "";
    }));
  }

  slices_plan mirror(const object& endpoints) {
    return done(plan_mirror(object::of(service), endpoints, list()));
  }

  std::vector<object> list() {
    std::vector<object> result;
    for (auto& [name, each] : there)
      result.push_back(each);
    return result;
  }

  const EndpointSlice& only() {
    EXPECT_EQ(there.size(), 1u);
    return there.begin()->second.as<EndpointSlice>();
  }

private:
  slices_plan done(slices_plan plan) {
    for (auto& each : plan.created)
      there[each.name()] = each;
    for (auto& each : plan.updated)
      there[each.name()] = each;
    for (auto& each : plan.deleted)
      there.erase(each.name());
    return plan;
  }
};

} // namespace

TEST(EndpointSlicePlan, DescribesEachPod) {
  slices s;
  s.step({pod_at(1)});
  const auto& slice = s.only();
  EXPECT_EQ(slice.address_type(), "IPv4");
  EXPECT_EQ(slice.metadata().labels().at(slice_service_label), "web");
  EXPECT_EQ(slice.metadata().labels().at(slice_manager_label), slice_manager);
  EXPECT_EQ(slice.metadata().generate_name(), "web-");
  EXPECT_EQ(controller_of(slice.metadata())->kind(), "Service");
  ASSERT_EQ(slice.endpoints_size(), 1);
  const auto& endpoint = slice.endpoints(0);
  EXPECT_EQ(endpoint.addresses(0), "10.0.0.2");
  EXPECT_TRUE(endpoint.conditions().ready());
  EXPECT_TRUE(endpoint.conditions().serving());
  EXPECT_FALSE(endpoint.conditions().terminating());
  EXPECT_EQ(endpoint.node_name(), "node-1");
  EXPECT_EQ(endpoint.zone(), "zone-a");
  EXPECT_EQ(endpoint.target_ref().uid(), "uid-pod-1");
  ASSERT_EQ(slice.ports_size(), 1);
  EXPECT_EQ(slice.ports(0).port(), 8080);
}

TEST(EndpointSlicePlan, TellsReadyServingAndTerminatingApart) {
  struct {
    bool ready, dying, publish;
    bool want_ready, want_serving, want_terminating;
  } cases[]{
      {true, false, false, true, true, false},
      {false, false, false, false, false, false},
      {true, true, false, false, true, true},
      {false, true, false, false, false, true},
      {false, false, true, true, false, false},
      {true, true, true, true, true, true},
  };
  for (const auto& each : cases) {
    slices s;
    s.service.mutable_spec()->set_publish_not_ready_addresses(each.publish);
    s.step({pod_at(1, [&](auto& pod) {
      test::set_ready(pod, each.ready, test::new_year());
      if (each.dying)
        pod.mutable_metadata()->mutable_deletion_timestamp()->set_seconds(1);
    })});
    const auto& found = s.only().endpoints(0).conditions();
    EXPECT_EQ(found.ready(), each.want_ready);
    EXPECT_EQ(found.serving(), each.want_serving);
    EXPECT_EQ(found.terminating(), each.want_terminating);
  }
}

TEST(EndpointSlicePlan, AServiceWithoutPodsHasOneEmptySlice) {
  slices s;
  s.step({});
  EXPECT_EQ(s.only().endpoints_size(), 0);
  EXPECT_EQ(s.only().ports_size(), 0);
  auto again = s.step({});
  EXPECT_TRUE(again.created.empty() && again.updated.empty());
  s.step(pods(0, 3));
  EXPECT_EQ(s.only().endpoints_size(), 3);
  s.step({});
  EXPECT_EQ(s.only().endpoints_size(), 0);
}

TEST(EndpointSlicePlan, HoldsOneHundredEndpointsEach) {
  slices s;
  s.step(pods(0, 250));
  EXPECT_EQ(s.there.size(), 3u);
  for (auto& slice : s.list())
    EXPECT_LE(slice.as<EndpointSlice>().endpoints_size(), 100);
}

TEST(EndpointSlicePlan, ChangesOnlyTheSliceOfThePodThatChanged) {
  slices s;
  s.step(pods(0, 250));
  auto list = pods(0, 250);
  list[120] = pod_at(
      120, [](auto& pod) { test::set_ready(pod, false, test::new_year()); });
  auto plan = s.step(list);
  EXPECT_EQ(plan.updated.size(), 1u);
  EXPECT_TRUE(plan.created.empty() && plan.deleted.empty());
}

TEST(EndpointSlicePlan, FillsRoomBeforeItMakesSlices) {
  slices s;
  s.step(pods(0, 250));
  auto plan = s.step(pods(0, 300));
  EXPECT_TRUE(plan.created.empty());
  EXPECT_EQ(plan.updated.size(), 1u);
}

TEST(EndpointSlicePlan, PodsWithOtherPortsGetTheirOwnSlice) {
  slices s;
  *s.service.mutable_spec()->mutable_ports(0)->mutable_target_port() =
      text::int_or_string("http");
  s.step({pod_at(1), pod_at(2, [](auto& pod) {
            pod.mutable_spec()
                ->mutable_containers(0)
                ->mutable_ports(0)
                ->set_container_port(9090);
          })});
  EXPECT_EQ(s.there.size(), 2u);
}

TEST(EndpointSlicePlan, OneSlicePerFamily) {
  slices s;
  s.service.mutable_spec()->add_ip_families("IPv6");
  s.step({pod_at(1, [](auto& pod) {
    pod.mutable_status()->add_pod_ips()->set_ip("fd00::1");
  })});
  EXPECT_EQ(s.there.size(), 2u);
}

TEST(EndpointSlicePlan, LeavesSlicesOfOtherManagersAlone) {
  slices s;
  EndpointSlice foreign;
  foreign.mutable_metadata()->set_name("mine");
  foreign.mutable_metadata()->set_namespace_("default");
  auto& labels = *foreign.mutable_metadata()->mutable_labels();
  labels[slice_service_label] = "web";
  labels[slice_manager_label] = "me";
  s.there["mine"] = object::of(foreign);
  auto plan = s.step({pod_at(1)});
  EXPECT_TRUE(plan.deleted.empty() && plan.updated.empty());
  EXPECT_EQ(s.there.size(), 2u);
}

TEST(EndpointSlicePlan, PassesTheServicesLabelsOn) {
  slices s;
  (*s.service.mutable_metadata()->mutable_labels())["team"] = "blue";
  s.service.mutable_spec()->set_cluster_ip("None");
  s.step({pod_at(1)});
  const auto& labels = s.only().metadata().labels();
  EXPECT_EQ(labels.at("team"), "blue");
  EXPECT_EQ(labels.count("service.kubernetes.io/headless"), 1u);
}

TEST(EndpointSlicePlan, LeavesServicesWithoutSelectorAlone) {
  slices s;
  s.service.mutable_spec()->clear_selector();
  EXPECT_TRUE(s.step({pod_at(1)}).created.empty());
}

TEST(EndpointSlicePlan, MirrorsEndpointsThatSomebodyElseKeeps) {
  slices s;
  s.service.mutable_spec()->clear_selector();
  core::v1::Endpoints endpoints;
  endpoints.mutable_metadata()->set_name("web");
  endpoints.mutable_metadata()->set_namespace_("default");
  endpoints.mutable_metadata()->set_uid("uid-endpoints");
  auto* subset = endpoints.add_subsets();
  subset->add_addresses()->set_ip("192.0.2.1");
  subset->add_not_ready_addresses()->set_ip("192.0.2.2");
  auto* port = subset->add_ports();
  port->set_port(443);
  port->set_protocol("TCP");
  s.mirror(object::of(endpoints));
  EXPECT_EQ(s.only().endpoints_size(), 2);
  EXPECT_EQ(s.only().metadata().labels().at(slice_manager_label), slice_mirror);
  EXPECT_EQ(s.only().ports(0).port(), 443);
  (*endpoints.mutable_metadata()
        ->mutable_labels())["endpointslice.kubernetes.io/skip-mirror"] = "true";
  s.mirror(object::of(endpoints));
  EXPECT_TRUE(s.there.empty());
}
