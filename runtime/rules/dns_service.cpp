#include "runtime/rules/dns_service.hpp"

#include "messages/api/core_service.pb.h"
#include "messages/api/discovery.pb.h"
#include "messages/api/meta.pb.h"
#include "runtime/rules/service_ports.hpp"

#include <algorithm>

namespace troupe::rules {

namespace {

using core::v1::Service;
using discovery::v1::EndpointSlice;

template <class Port>
dns::service_port port_of(const Port& port) {
  auto protocol = port.protocol().empty() ? std::string{"tcp"}
                                          : dns::lower(port.protocol());
  return {port.name(), std::move(protocol), static_cast<uint16_t>(port.port())};
}

std::vector<std::string> addresses_of(const core::v1::ServiceSpec& spec) {
  if (spec.cluster_ips().empty() && !spec.cluster_ip().empty())
    return {spec.cluster_ip()};
  return {spec.cluster_ips().begin(), spec.cluster_ips().end()};
}

void take(const EndpointSlice& slice, dns::service_names& out) {
  std::vector<dns::service_port> ports;
  for (auto& port : slice.ports())
    ports.push_back(port_of(port));
  for (auto& x : slice.endpoints()) {
    // Kubernetes: unknown counts as ready.
    auto& state = x.conditions();
    if ((state.has_ready() && !state.ready()) || x.addresses().empty())
      continue;
    // Kubernetes: all addresses of an endpoint are one; the first is it.
    auto address = ip_address::parse(x.addresses(0));
    if (!address)
      continue;
    auto named = !x.hostname().empty();
    out.endpoints.push_back(
        {named ? dns::lower(x.hostname()) : dns::dashed(*address), named,
         *address, ports});
  }
}

} // namespace

std::string dns_address(const std::string& service_cidr) {
  auto range = ip_range::parse(service_cidr);
  if (!range)
    return {};
  auto out = range->base;
  auto& last = out.bytes[out.v6 ? 15 : 3];
  last = static_cast<uint8_t>(last + 10);
  return range->contains(out) ? out.str() : "";
}

std::string dns_address_of_pods(const std::string& service_cidr,
                                int lowest_port) {
  return lowest_port > dns_port ? "" : dns_address(service_cidr);
}

bool is_answered_here(const object& service) {
  return service.ns() == dns_service_namespace
         && service.name() == dns_service_name
         && &service.kind() == &kind_of<Service>()
         && service.as<Service>().spec().selector().empty();
}

std::vector<net::listener_key> dns_places(const object& service,
                                          int lowest_port) {
  std::vector<net::listener_key> out;
  if (!is_answered_here(service))
    return out;
  auto& typed = service.as<Service>();
  auto places = answering_ports(typed, lowest_port);
  for (auto& text : addresses_of(typed.spec())) {
    auto address = net::parse_ipv4(text);
    for (int i = 0; address && i < typed.spec().ports_size(); ++i) {
      auto& port = typed.spec().ports(i);
      auto number = places[static_cast<size_t>(i)].answers;
      if (number < 1 || number > 65535 || port.protocol() == "SCTP"
          || (port.port() != dns_port && port.name().rfind("dns", 0) != 0))
        continue;
      out.push_back(
          {port.protocol() == "UDP" ? net::protocol::udp : net::protocol::tcp,
           {*address, static_cast<uint16_t>(number)}});
    }
  }
  return out;
}

std::optional<dns::service_names> names_of(const object& service,
                                           std::span<const object> slices) {
  auto& spec = service.as<Service>().spec();
  dns::service_names out;
  out.space = service.ns();
  out.service = service.name();
  if (spec.type() == "ExternalName") {
    out.elsewhere = spec.external_name();
    return out;
  }
  out.headless = spec.cluster_ip() == "None";
  for (auto& port : spec.ports())
    out.ports.push_back(port_of(port));
  if (!out.headless)
    for (auto& text : addresses_of(spec))
      if (auto address = ip_address::parse(text))
        out.addresses.push_back(*address);
  for (auto& slice : slices)
    take(slice.as<EndpointSlice>(), out);
  if (!out.headless && out.addresses.empty())
    return std::nullopt;
  return out;
}

} // namespace troupe::rules
