#include "messages/api/core_node.pb.h"
#include "messages/api/core_service.pb.h"
#include "messages/api/discovery.pb.h"
#include "runtime/printing/describe_kinds.hpp"
#include "runtime/printing/services.hpp"
#include "runtime/rules/node_status.hpp"
#include "runtime/rules/service_ports.hpp"
#include "runtime/text/int_or_string.hpp"

#include <algorithm>
#include <charconv>

namespace troupe::printing {

namespace {

using core::v1::Service;
using discovery::v1::EndpointSlice;

constexpr size_t most_listed = 3;

/// Ready endpoints of a service's port, from its slices or its Endpoints.
std::string endpoints_of(const subject& x, const std::string& port_name) {
  std::vector<std::string> list;
  bool sliced = false;
  for (const auto& item : x.all<EndpointSlice>()) {
    const auto& slice = item.as<EndpointSlice>();
    auto owner = slice.metadata().labels().find("kubernetes.io/service-name");
    if (owner == slice.metadata().labels().end()
        || owner->second != x.what.name())
      continue;
    sliced = true;
    for (const auto& port : slice.ports()) {
      if (port.name() != port_name)
        continue;
      for (const auto& endpoint : slice.endpoints())
        if (!endpoint.conditions().has_ready() || endpoint.conditions().ready())
          for (const auto& address : endpoint.addresses())
            list.push_back(host_and_port(address, port.port()));
    }
  }
  if (sliced)
    return join_first(list, most_listed);
  for (const auto& item : x.all<core::v1::Endpoints>())
    if (item.name() == x.what.name() && item.ns() == x.what.ns())
      return endpoints_text(item.as<core::v1::Endpoints>(), {port_name});
  return none;
}

/// The lowest port that may be opened on the nodes; 0 when all may.
int lowest_port_of(const subject& x) {
  int lowest = 0;
  for (const auto& node : x.all<core::v1::Node>()) {
    const auto& notes = node.meta().annotations();
    if (auto i = notes.find(rules::lowest_port_key); i != notes.end()) {
      int here = 0;
      std::from_chars(i->second.data(), i->second.data() + i->second.size(),
                      here);
      lowest = std::max(lowest, here);
    }
  }
  return lowest;
}

void describe_ports(description& d, const subject& x, const Service& service) {
  auto served = !service.spec().cluster_ip().empty()
                && service.spec().cluster_ip() != "None";
  auto places = rules::answering_ports(service, served ? lowest_port_of(x) : 0);
  for (int i = 0; i < service.spec().ports_size(); ++i) {
    const auto& port = service.spec().ports(i);
    const auto& place = places[static_cast<size_t>(i)];
    auto name = or_else(port.name(), unset);
    d.line(0, "Port:\t{}\t{}/{}", name, port.port(), port.protocol());
    if (place.moved())
      d.line(0, "Answers at:\t{}\t{}/{} ({})", name, place.answers,
             port.protocol(), place.why);
    else if (!place.why.empty())
      d.line(0, "Answers at:\t{}\t{} ({})", name, none, place.why);
    d.line(0, "TargetPort:\t{}/{}",
           text::int_or_string_text(port.target_port()), port.protocol());
    if (port.node_port() != 0)
      d.line(0, "NodePort:\t{}\t{}/{}", name, port.node_port(),
             port.protocol());
    d.line(0, "Endpoints:\t{}", endpoints_of(x, port.name()));
  }
}

std::string addresses_text(
    const google::protobuf::RepeatedPtrField<core::v1::EndpointAddress>& list) {
  return or_else(join(list, ",", [](const auto& a) { return a.ip(); }), none);
}

std::string ternary_text(bool has, bool value) {
  return has ? truth_text(value) : unset;
}

} // namespace

void describe_service(description& d, const subject& x) {
  const auto& service = x.what.as<Service>();
  const auto& spec = service.spec();
  describe_name(d, x.what);
  describe_labels(d, "Labels", service.metadata().labels());
  describe_annotations(d, service.metadata().annotations());
  d.line(0, "Selector:\t{}", labels_text(spec.selector()));
  d.line(0, "Type:\t{}", spec.type());
  if (!spec.ip_family_policy().empty())
    d.line(0, "IP Family Policy:\t{}", spec.ip_family_policy());
  d.line(0, "IP Families:\t{}", or_else(join(spec.ip_families(), ","), none));
  d.line(0, "IP:\t{}", spec.cluster_ip());
  d.line(0, "IPs:\t{}", or_else(join(spec.cluster_ips(), ","), none));
  if (spec.external_ips_size() > 0)
    d.line(0, "External IPs:\t{}", join(spec.external_ips(), ","));
  if (!spec.load_balancer_ip().empty())
    d.line(0, "Desired LoadBalancer IP:\t{}", spec.load_balancer_ip());
  if (!spec.external_name().empty())
    d.line(0, "External Name:\t{}", spec.external_name());
  if (service.status().load_balancer().ingress_size() > 0)
    d.line(0, "LoadBalancer Ingress:\t{}",
           join(service.status().load_balancer().ingress(), ", ",
                [](const auto& i) {
                  return i.ip().empty() ? i.hostname() : i.ip();
                }));
  describe_ports(d, x, service);
  d.line(0, "Session Affinity:\t{}", spec.session_affinity());
  if (!spec.external_traffic_policy().empty())
    d.line(0, "External Traffic Policy:\t{}", spec.external_traffic_policy());
  if (!spec.internal_traffic_policy().empty())
    d.line(0, "Internal Traffic Policy:\t{}", spec.internal_traffic_policy());
  if (!spec.traffic_distribution().empty())
    d.line(0, "Traffic Distribution:\t{}", spec.traffic_distribution());
  if (spec.health_check_node_port() != 0)
    d.line(0, "HealthCheck NodePort:\t{}", spec.health_check_node_port());
  if (spec.load_balancer_source_ranges_size() > 0)
    d.line(0, "LoadBalancer Source Ranges:\t{}",
           join(spec.load_balancer_source_ranges(), ","));
}

void describe_endpoints(description& d, const subject& x) {
  const auto& endpoints = x.what.as<core::v1::Endpoints>();
  describe_name(d, x.what);
  describe_labels(d, "Labels", endpoints.metadata().labels());
  describe_annotations(d, endpoints.metadata().annotations());
  d.line(0, "Subsets:");
  for (const auto& subset : endpoints.subsets()) {
    d.line(1, "Addresses:\t{}", addresses_text(subset.addresses()));
    d.line(1, "NotReadyAddresses:\t{}",
           addresses_text(subset.not_ready_addresses()));
    if (subset.ports_size() > 0) {
      d.line(1, "Ports:");
      d.line(2, "Name\tPort\tProtocol");
      d.line(2, "----\t----\t--------");
    }
    for (const auto& port : subset.ports())
      d.line(2, "{}\t{}\t{}", or_else(port.name(), unset), port.port(),
             port.protocol());
    d.line(0, "");
  }
}

void describe_endpoint_slice(description& d, const subject& x) {
  const auto& slice = x.what.as<EndpointSlice>();
  describe_name(d, x.what);
  describe_labels(d, "Labels", slice.metadata().labels());
  describe_annotations(d, slice.metadata().annotations());
  d.line(0, "AddressType:\t{}", slice.address_type());
  if (slice.ports_size() == 0) {
    d.line(0, "Ports: {}", unset);
  } else {
    d.line(0, "Ports:");
    d.line(1, "Name\tPort\tProtocol");
    d.line(1, "----\t----\t--------");
    for (const auto& port : slice.ports())
      d.line(1, "{}\t{}\t{}", or_else(port.name(), unset),
             port.has_port() ? std::to_string(port.port()) : unset,
             or_else(port.protocol(), unset));
  }
  d.line(0, "Endpoints:{}", slice.endpoints_size() ? "" : " <none>");
  for (const auto& endpoint : slice.endpoints()) {
    const auto& conditions = endpoint.conditions();
    d.line(1, "- Addresses:\t{}",
           or_else(join(endpoint.addresses(), ","), none));
    d.line(2, "Conditions:");
    d.line(3, "Ready:\t{}",
           ternary_text(conditions.has_ready(), conditions.ready()));
    d.line(2, "Hostname:\t{}", or_else(endpoint.hostname(), unset));
    if (endpoint.has_target_ref())
      d.line(2, "TargetRef:\t{}/{}", endpoint.target_ref().kind(),
             endpoint.target_ref().name());
    d.line(2, "NodeName:\t{}", or_else(endpoint.node_name(), unset));
    d.line(2, "Zone:\t{}", or_else(endpoint.zone(), unset));
  }
}

} // namespace troupe::printing
