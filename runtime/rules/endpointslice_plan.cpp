#include "runtime/rules/endpointslice_plan.hpp"

#include "messages/api/core_pod.pb.h"
#include "messages/api/core_service.pb.h"
#include "messages/api/discovery.pb.h"
#include "runtime/rules/readiness.hpp"
#include "runtime/rules/service_pods.hpp"
#include "runtime/rules/slice_fill.hpp"

#include <fmt/format.h>

namespace troupe::rules {

namespace {

using core::v1::Endpoints;
using core::v1::Pod;
using core::v1::Service;
using discovery::v1::Endpoint;
using discovery::v1::EndpointPort;

constexpr auto headless_label = "service.kubernetes.io/headless";
constexpr auto skip_label = "endpointslice.kubernetes.io/skip-mirror";
constexpr auto leader_annotation = "control-plane.alpha.kubernetes.io/leader";

// Kubernetes: the most addresses of one subset that are mirrored.
constexpr int mirror_capacity = 1000;

std::vector<EndpointPort> ports_of(const Service& service, const Pod& pod) {
  std::vector<EndpointPort> result;
  for (const auto& port : service.spec().ports()) {
    auto number = find_port(pod, port);
    if (!number)
      continue;
    EndpointPort made;
    made.set_name(port.name());
    made.set_port(*number);
    made.set_protocol(port.protocol());
    if (port.has_app_protocol())
      made.set_app_protocol(port.app_protocol());
    result.push_back(std::move(made));
  }
  return result;
}

Endpoint make_endpoint(const Service& service, const object& each,
                       const std::string& address, const std::string& zone) {
  const auto& pod = each.as<Pod>();
  Endpoint result;
  result.add_addresses(address);
  auto serving = is_ready(pod);
  auto terminating = pod.metadata().has_deletion_timestamp();
  auto* conditions = result.mutable_conditions();
  conditions->set_ready(service.spec().publish_not_ready_addresses()
                        || (serving && !terminating));
  conditions->set_serving(serving);
  conditions->set_terminating(terminating);
  if (has_name_in(pod, service))
    result.set_hostname(pod.spec().hostname());
  auto* target = result.mutable_target_ref();
  target->set_kind("Pod");
  target->set_namespace_(each.ns());
  target->set_name(each.name());
  target->set_uid(each.uid());
  if (!pod.spec().node_name().empty())
    result.set_node_name(pod.spec().node_name());
  if (!zone.empty())
    result.set_zone(zone);
  return result;
}

template <class Labels>
std::map<std::string, std::string> passed_on(const Labels& labels) {
  std::map<std::string, std::string> result;
  for (const auto& [key, value] : labels)
    if (key != slice_service_label && key != slice_manager_label
        && key != headless_label)
      result[key] = value;
  return result;
}

slice_group& group_of(slice_wish& wish, const std::string& family,
                      std::vector<EndpointPort> ports) {
  auto& group = wish.groups[group_key(family, ports)];
  group.family = family;
  group.ports = std::move(ports);
  return group;
}

std::vector<EndpointPort> mirrored(const core::v1::EndpointSubset& subset) {
  std::vector<EndpointPort> result;
  for (const auto& port : subset.ports()) {
    EndpointPort made;
    made.set_name(port.name());
    made.set_port(port.port());
    made.set_protocol(port.protocol());
    if (port.has_app_protocol())
      made.set_app_protocol(port.app_protocol());
    result.push_back(std::move(made));
  }
  return result;
}

void mirror(slice_wish& wish, const core::v1::EndpointSubset& subset) {
  int room = mirror_capacity;
  auto add = [&](const auto& list, bool ready) {
    for (const auto& address : list) {
      if (room-- <= 0)
        return;
      Endpoint made;
      made.add_addresses(address.ip());
      made.mutable_conditions()->set_ready(ready);
      if (!address.hostname().empty())
        made.set_hostname(address.hostname());
      if (address.has_target_ref())
        *made.mutable_target_ref() = address.target_ref();
      if (address.has_node_name())
        made.set_node_name(address.node_name());
      auto& group = group_of(wish, is_ipv6(address.ip()) ? "IPv6" : "IPv4",
                             mirrored(subset));
      auto key = endpoint_key(made);
      group.endpoints[key] = std::move(made);
    }
  };
  add(subset.addresses(), true);
  add(subset.not_ready_addresses(), false);
}

bool is_mirrored(const object& endpoints) {
  if (!endpoints || endpoints.meta().has_deletion_timestamp())
    return false;
  const auto& labels = endpoints.meta().labels();
  auto skip = labels.find(skip_label);
  return (skip == labels.end() || skip->second != "true")
         && endpoints.meta().annotations().count(leader_annotation) == 0;
}

} // namespace

slices_plan
plan_slices(const object& service, std::span<const object> pods,
            std::span<const object> existing,
            const std::function<std::string(const std::string&)>& zone_of) {
  const auto& typed = service.as<Service>();
  if (!selects_pods(typed))
    return {{}, {}, {}, "has no selector: its slices are left alone"};
  if (service.meta().has_deletion_timestamp())
    return {{}, {}, {}, "is being deleted"};
  slice_wish wish{service,
                  service.name(),
                  slice_manager,
                  passed_on(typed.metadata().labels()),
                  {},
                  families_of(typed)};
  if (is_headless(typed))
    wish.labels[headless_label] = "";
  size_t count = 0;
  for (const auto& each : pods) {
    const auto& pod = each.as<Pod>();
    if (!has_endpoint(pod, true))
      continue;
    for (const auto& family : wish.families) {
      auto address = address_of(pod, family);
      if (address.empty())
        continue;
      group_of(wish, family, ports_of(typed, pod)).endpoints[each.uid()] =
          make_endpoint(typed, each, address, zone_of(pod.spec().node_name()));
      ++count;
    }
  }
  auto plan = fill_slices(wish, existing);
  plan.reason = fmt::format("{} endpoints: creates {} slices, updates {}, "
                            "deletes {}",
                            count, plan.created.size(), plan.updated.size(),
                            plan.deleted.size());
  return plan;
}

slices_plan plan_mirror(const object& service, const object& endpoints,
                        std::span<const object> existing) {
  auto owner = endpoints ? endpoints : service;
  slice_wish wish{owner, service.name(), slice_mirror, {}, {}, {}};
  if (!selects_pods(service.as<Service>()) && is_mirrored(endpoints)
      && service.as<Service>().spec().type() != "ExternalName") {
    wish.labels = passed_on(endpoints.meta().labels());
    for (const auto& subset : endpoints.as<Endpoints>().subsets())
      mirror(wish, subset);
  }
  auto plan = fill_slices(wish, existing);
  plan.reason = fmt::format("mirrors its endpoints: creates {} slices, "
                            "updates {}, deletes {}",
                            plan.created.size(), plan.updated.size(),
                            plan.deleted.size());
  return plan;
}

} // namespace troupe::rules
