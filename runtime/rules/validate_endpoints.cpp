#include "messages/api/core_service.pb.h"
#include "messages/api/discovery.pb.h"
#include "runtime/rules/addresses.hpp"
#include "runtime/rules/formats.hpp"
#include "runtime/rules/kind_rules.hpp"
#include "runtime/rules/kinds.hpp"
#include "runtime/rules/service_checks.hpp"
#include "runtime/rules/validate_meta.hpp"

#include <set>

namespace troupe::rules {

using core::v1::EndpointAddress;
using core::v1::Endpoints;
using core::v1::EndpointSubset;
using discovery::v1::Endpoint;
using discovery::v1::EndpointSlice;

namespace {

constexpr int most_endpoints = 1000;
constexpr int most_addresses = 100;
constexpr int most_ports = 20000;
constexpr int most_topology = 16;
constexpr int most_zones = 8;

template <class List>
void check_addresses(const List& all, const field_path& at, findings& out) {
  for (int i = 0; i < all.size(); ++i) {
    const EndpointAddress& address = all[i];
    auto one = at[static_cast<size_t>(i)];
    if (address.ip().empty())
      out.required(one.child("ip"));
    else
      check_plain_address(address.ip(), one.child("ip"), out);
    if (!address.hostname().empty())
      out.invalid(one.child("hostname"), address.hostname(),
                  check_dns1123_label(address.hostname()));
    if (address.has_node_name())
      out.invalid(one.child("nodeName"), address.node_name(),
                  check_dns1123_subdomain(address.node_name()));
  }
}

void check_subset(const EndpointSubset& subset, const field_path& at,
                  findings& out) {
  if (subset.addresses().empty() && subset.not_ready_addresses().empty())
    out.required(at, "must specify `addresses` or `notReadyAddresses`");
  auto ready = at.child("addresses");
  check_addresses(subset.addresses(), ready, out);
  auto waiting = at.child("notReadyAddresses");
  check_addresses(subset.not_ready_addresses(), waiting, out);
  auto ports = at.child("ports");
  for (int i = 0; i < subset.ports_size(); ++i) {
    auto& port = subset.ports(i);
    auto one = ports[static_cast<size_t>(i)];
    if (!port.name().empty())
      out.invalid(one.child("name"), port.name(),
                  check_dns1123_label(port.name()));
    else if (subset.ports_size() > 1)
      out.required(one.child("name"));
    for (auto& problem : check_port_number(port.port()))
      out.invalid(one.child("port"), port.port(), problem);
    if (port.protocol().empty())
      out.required(one.child("protocol"));
    if (port.has_app_protocol())
      out.invalid(one.child("appProtocol"), port.app_protocol(),
                  check_qualified_name(port.app_protocol()));
  }
}

void validate_endpoints(const Endpoints& obj, findings& out) {
  field_path at{"subsets"};
  for (int i = 0; i < obj.subsets_size(); ++i) {
    auto one = at[static_cast<size_t>(i)];
    check_subset(obj.subsets(i), one, out);
  }
}

void check_slice_address(const std::string& text, std::string_view type,
                         const field_path& at, findings& out) {
  if (type == "FQDN") {
    out.invalid(at, text, check_dns1123_subdomain(text));
    return;
  }
  auto address = ip_address::parse(text);
  if (type == "IPv4" && (!address || address->v6))
    out.invalid(at, text, "must be a valid IPv4 address");
  else if (type == "IPv6" && (!address || !address->v6))
    out.invalid(at, text, "must be a valid IPv6 address");
  else if (address)
    check_plain_address(text, at, out);
}

void check_endpoint(const Endpoint& endpoint, std::string_view type,
                    const field_path& at, findings& out) {
  auto addresses = at.child("addresses");
  if (endpoint.addresses().empty())
    out.required(addresses, "must contain at least 1 address");
  if (endpoint.addresses_size() > most_addresses)
    out.too_many(addresses, static_cast<size_t>(endpoint.addresses_size()),
                 most_addresses);
  for (int i = 0; i < endpoint.addresses_size(); ++i)
    check_slice_address(endpoint.addresses(i), type,
                        addresses[static_cast<size_t>(i)], out);
  if (endpoint.has_hostname())
    out.invalid(at.child("hostname"), endpoint.hostname(),
                check_dns1123_label(endpoint.hostname()));
  if (endpoint.has_node_name())
    out.invalid(at.child("nodeName"), endpoint.node_name(),
                check_dns1123_subdomain(endpoint.node_name()));
  auto topology = at.child("deprecatedTopology");
  auto labels = endpoint.deprecated_topology().size();
  if (labels > most_topology)
    out.too_many(topology, labels, most_topology);
  validate_labels(endpoint.deprecated_topology(), topology, out);
  auto zones = at.child("hints.forZones");
  if (endpoint.hints().for_zones_size() > most_zones)
    out.too_many(zones, static_cast<size_t>(endpoint.hints().for_zones_size()),
                 most_zones);
}

void check_slice_ports(const EndpointSlice& slice, findings& out) {
  field_path at{"ports"};
  if (slice.ports_size() > most_ports)
    out.too_many(at, static_cast<size_t>(slice.ports_size()), most_ports);
  std::set<std::string_view> names;
  for (int i = 0; i < slice.ports_size(); ++i) {
    auto& port = slice.ports(i);
    auto one = at[static_cast<size_t>(i)];
    if (!names.insert(port.name()).second)
      out.duplicate(one.child("name"), port.name());
    if (!port.name().empty())
      out.invalid(one.child("name"), port.name(),
                  check_dns1123_label(port.name()));
    if (port.protocol().empty())
      out.required(one.child("protocol"));
    if (port.has_app_protocol())
      out.invalid(one.child("appProtocol"), port.app_protocol(),
                  check_qualified_name(port.app_protocol()));
  }
}

void validate_slice(const EndpointSlice& slice, findings& out) {
  field_path type{"addressType"};
  auto& value = slice.address_type();
  if (value.empty())
    out.required(type);
  else if (value != "IPv4" && value != "IPv6" && value != "FQDN")
    out.not_supported(type, value, {"FQDN", "IPv4", "IPv6"});
  field_path at{"endpoints"};
  if (slice.endpoints_size() > most_endpoints)
    out.too_many(at, static_cast<size_t>(slice.endpoints_size()),
                 most_endpoints);
  for (int i = 0; i < slice.endpoints_size(); ++i) {
    auto one = at[static_cast<size_t>(i)];
    check_endpoint(slice.endpoints(i), value, one, out);
  }
  check_slice_ports(slice, out);
}

void validate_slice_update(const EndpointSlice& slice, const EndpointSlice& old,
                           findings& out) {
  require_unchanged(slice.address_type() == old.address_type(),
                    slice.address_type(), field_path{"addressType"}, out);
}

} // namespace

void add_endpoints_validation(registry& all) {
  all.of<Endpoints>().validate = check<Endpoints, validate_endpoints>;
  auto& slice = all.of<EndpointSlice>();
  slice.validate = check<EndpointSlice, validate_slice>;
  slice.validate_update = check_from<EndpointSlice, validate_slice_update>;
}

} // namespace troupe::rules
