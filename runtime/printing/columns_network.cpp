#include "messages/api/core_service.pb.h"
#include "messages/api/discovery.pb.h"
#include "messages/api/networking.pb.h"
#include "runtime/printing/cells.hpp"
#include "runtime/printing/columns.hpp"
#include "runtime/printing/services.hpp"

#include <algorithm>
#include <cctype>
#include <set>

namespace troupe::printing {

namespace {

constexpr size_t most_listed = 3;

template <class Status>
std::string balancer_text(const Status& status) {
  std::set<std::string> addresses;
  for (const auto& entry : status.ingress()) {
    const auto& address = entry.ip().empty() ? entry.hostname() : entry.ip();
    if (!address.empty())
      addresses.insert(address);
  }
  return join(addresses, ",");
}

std::string external_ip(const core::v1::Service& x) {
  const auto& spec = x.spec();
  if (spec.type() == "ExternalName")
    return spec.external_name();
  auto own = join(spec.external_ips(), ",");
  if (spec.type() != "LoadBalancer")
    return or_else(own, none);
  auto given = balancer_text(x.status().load_balancer());
  if (!given.empty() && !own.empty())
    given += ",";
  return or_else(given + own, "<pending>");
}

void service_row(const core::v1::Service& x, time_point now, cells& out) {
  const auto& spec = x.spec();
  out.push_back(x.metadata().name());
  out.push_back(spec.type());
  out.push_back(
      or_else(spec.cluster_ips_size() ? spec.cluster_ips(0) : "", none));
  out.push_back(external_ip(x));
  out.push_back(ports_text(x));
  out.push_back(age_of(x.metadata(), now));
  out.push_back(labels_text(spec.selector()));
}

void endpoints_row(const core::v1::Endpoints& x, time_point now, cells& out) {
  out.push_back(x.metadata().name());
  out.push_back(endpoints_text(x, {}));
  out.push_back(age_of(x.metadata(), now));
}

std::string slice_ports(const discovery::v1::EndpointSlice& x) {
  std::vector<std::string> ports;
  for (const auto& port : x.ports())
    ports.push_back(port.has_port() ? std::to_string(port.port())
                                    : or_else(port.name(), "*"));
  return or_else(join_first(ports, most_listed), unset);
}

std::string slice_addresses(const discovery::v1::EndpointSlice& x) {
  std::vector<std::string> addresses;
  for (const auto& endpoint : x.endpoints())
    for (const auto& address : endpoint.addresses())
      addresses.push_back(address);
  return or_else(join_first(addresses, most_listed), unset);
}

void slice_row(const discovery::v1::EndpointSlice& x, time_point now,
               cells& out) {
  out.push_back(x.metadata().name());
  out.push_back(x.address_type());
  out.push_back(slice_ports(x));
  out.push_back(slice_addresses(x));
  out.push_back(age_of(x.metadata(), now));
}

void ingress_row(const networking::v1::Ingress& x, time_point now, cells& out) {
  std::vector<std::string> hosts;
  for (const auto& rule : x.spec().rules())
    if (!rule.host().empty())
      hosts.push_back(rule.host());
  out.push_back(x.metadata().name());
  out.push_back(or_else(x.spec().ingress_class_name(), none));
  out.push_back(or_else(join_first(hosts, most_listed), "*"));
  out.push_back(balancer_text(x.status().load_balancer()));
  out.push_back(x.spec().tls_size() > 0 ? "80, 443" : "80");
  out.push_back(age_of(x.metadata(), now));
}

void ingress_class_row(const networking::v1::IngressClass& x, time_point now,
                       cells& out) {
  std::string parameters = none;
  if (x.spec().has_parameters()) {
    const auto& p = x.spec().parameters();
    parameters = p.kind();
    if (!p.api_group().empty())
      parameters += "." + p.api_group();
    parameters += "/" + p.name();
  }
  out.push_back(x.metadata().name());
  out.push_back(x.spec().controller());
  out.push_back(parameters);
  out.push_back(age_of(x.metadata(), now));
}

void policy_row(const networking::v1::NetworkPolicy& x, time_point now,
                cells& out) {
  out.push_back(x.metadata().name());
  out.push_back(selector_text(x.spec().pod_selector()));
  out.push_back(age_of(x.metadata(), now));
}

void cidr_row(const networking::v1::ServiceCIDR& x, time_point now,
              cells& out) {
  out.push_back(x.metadata().name());
  out.push_back(join(x.spec().cidrs(), ","));
  out.push_back(age_of(x.metadata(), now));
}

std::string parent_text(const networking::v1::ParentReference& x) {
  auto result = x.resource();
  for (const auto& [mark, part] :
       {std::pair{".", x.group()}, std::pair{"/", x.namespace_()}})
    if (!part.empty())
      result += mark + part;
  result += "/" + x.name();
  std::transform(result.begin(), result.end(), result.begin(),
                 [](unsigned char c) { return std::tolower(c); });
  return result;
}

void address_row(const networking::v1::IPAddress& x, time_point, cells& out) {
  out.push_back(x.metadata().name());
  out.push_back(x.spec().has_parent_ref() ? parent_text(x.spec().parent_ref())
                                          : none);
}

} // namespace

std::string ports_text(const core::v1::Service& x) {
  auto result = join(x.spec().ports(), ",", [](const auto& port) {
    auto text = std::to_string(port.port());
    if (port.node_port() > 0)
      text += ":" + std::to_string(port.node_port());
    return text + "/" + port.protocol();
  });
  return or_else(result, none);
}

std::string endpoints_text(const core::v1::Endpoints& x,
                           const std::set<std::string>& port_names) {
  if (x.subsets_size() == 0)
    return none;
  std::vector<std::string> list;
  for (const auto& subset : x.subsets()) {
    if (subset.ports_size() == 0)
      for (const auto& address : subset.addresses())
        list.push_back(address.ip());
    for (const auto& port : subset.ports()) {
      if (!port_names.empty() && !port_names.count(port.name()))
        continue;
      for (const auto& address : subset.addresses())
        list.push_back(host_and_port(address.ip(), port.port()));
    }
  }
  return join_first(list, most_listed);
}

std::string host_and_port(const std::string& host, int32_t port) {
  auto colon = host.find(':') != std::string::npos;
  return (colon ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

void add_network_columns(columns_list& out) {
  out.push_back(columns_for<core::v1::Service>(
      {name_column(), text("Type"), text("Cluster-IP"), text("External-IP"),
       text("Port(s)"), text("Age"), wide("Selector")},
      service_row));
  out.push_back(columns_for<core::v1::Endpoints>(
      {name_column(), text("Endpoints"), text("Age")}, endpoints_row));
  out.push_back(columns_for<discovery::v1::EndpointSlice>(
      {name_column(), text("AddressType"), text("Ports"), text("Endpoints"),
       text("Age")},
      slice_row));
  out.push_back(columns_for<networking::v1::Ingress>(
      {name_column(), text("Class"), text("Hosts"), text("Address"),
       text("Ports"), text("Age")},
      ingress_row));
  out.push_back(columns_for<networking::v1::IngressClass>(
      {name_column(), text("Controller"), text("Parameters"), text("Age")},
      ingress_class_row));
  out.push_back(columns_for<networking::v1::NetworkPolicy>(
      {name_column(), text("Pod-Selector"), text("Age")}, policy_row));
  out.push_back(columns_for<networking::v1::ServiceCIDR>(
      {name_column(), text("CIDRs"), text("Age")}, cidr_row));
  out.push_back(columns_for<networking::v1::IPAddress>(
      {name_column(), text("ParentRef")}, address_row));
}

} // namespace troupe::printing
