#include "runtime/rules/first_objects.hpp"

#include "messages/api/core_config.pb.h"
#include "messages/api/core_service.pb.h"
#include "messages/api/discovery.pb.h"
#include "messages/api/flowcontrol.pb.h"
#include "messages/api/meta.pb.h"
#include "messages/api/scheduling.pb.h"
#include "messages/fields.hpp"
#include "runtime/rules/actor_paths.hpp"
#include "runtime/rules/addresses.hpp"
#include "runtime/rules/default_flow.hpp"
#include "runtime/rules/dns_service.hpp"
#include "runtime/rules/election.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace troupe::rules {

namespace {

using core::v1::ConfigMap;
using core::v1::Endpoints;
using discovery::v1::EndpointSlice;
using flowcontrol::v1::FlowSchema;
using flowcontrol::v1::PriorityLevelConfiguration;

/// Kubernetes' two classes for what a cluster cannot do without.
constexpr int32_t cluster_critical = 2'000'000'000;
constexpr int32_t node_critical = 2'000'001'000;

constexpr auto service_name = "kubernetes";
constexpr auto service_namespace = "default";
constexpr int32_t secure_port = 6443;

object a_namespace(const std::string& name) {
  core::v1::Namespace ns;
  ns.mutable_metadata()->set_name(name);
  return object::of(ns);
}

object a_priority_class(const std::string& name, int32_t value,
                        const std::string& text) {
  scheduling::v1::PriorityClass c;
  c.mutable_metadata()->set_name(name);
  c.set_value(value);
  c.set_description(text);
  return object::of(c);
}

/// Kubernetes: the API server has the first address of the range.
std::string first_address(const std::string& cidr) {
  auto range = ip_range::parse(cidr);
  if (!range)
    throw std::runtime_error("no range of addresses: " + cidr);
  auto address = range->base;
  ++address.bytes[address.v6 ? 15 : 3];
  return address.str();
}

void name_it(meta::v1::ObjectMeta& meta) {
  meta.set_name(service_name);
  meta.set_namespace_(service_namespace);
}

object a_service(const first_settings& settings) {
  core::v1::Service service;
  auto& meta = *service.mutable_metadata();
  name_it(meta);
  (*meta.mutable_labels())["component"] = "apiserver";
  (*meta.mutable_labels())["provider"] = "kubernetes";
  auto& spec = *service.mutable_spec();
  spec.set_type("ClusterIP");
  spec.set_cluster_ip(first_address(settings.service_cidr));
  auto& port = *spec.add_ports();
  port.set_name("https");
  port.set_protocol("TCP");
  port.set_port(443);
  port.mutable_target_port()->set_int_val(
      settings.api_port != 0 ? settings.api_port : secure_port);
  return object::of(service);
}

object endpoints_of(const first_settings& settings) {
  Endpoints endpoints;
  name_it(*endpoints.mutable_metadata());
  // Nobody derives slices from these: the one below is written beside them.
  (*endpoints.mutable_metadata()
        ->mutable_labels())["endpointslice.kubernetes.io/skip-mirror"] = "true";
  if (settings.api_port != 0) {
    auto& subset = *endpoints.add_subsets();
    subset.add_addresses()->set_ip(settings.api_address);
    auto& port = *subset.add_ports();
    port.set_name("https");
    port.set_port(settings.api_port);
    port.set_protocol("TCP");
  }
  return object::of(endpoints);
}

object slice_of(const first_settings& settings) {
  EndpointSlice slice;
  name_it(*slice.mutable_metadata());
  (*slice.mutable_metadata()->mutable_labels())["kubernetes.io/service-name"] =
      service_name;
  auto v6 = settings.api_address.find(':') != std::string::npos;
  slice.set_address_type(v6 ? "IPv6" : "IPv4");
  if (settings.api_port != 0) {
    auto& endpoint = *slice.add_endpoints();
    endpoint.add_addresses(settings.api_address);
    endpoint.mutable_conditions()->set_ready(true);
    auto& port = *slice.add_ports();
    port.set_name("https");
    port.set_protocol("TCP");
    port.set_port(settings.api_port);
  }
  return object::of(slice);
}

// -- the cluster's DNS --------------------------------------------------------

void name_dns(meta::v1::ObjectMeta& meta) {
  meta.set_name(dns_service_name);
  meta.set_namespace_(dns_service_namespace);
  auto& labels = *meta.mutable_labels();
  labels["k8s-app"] = "kube-dns";
  labels["kubernetes.io/cluster-service"] = "true";
  labels["kubernetes.io/name"] = "CoreDNS";
}

template <class Ports>
void add_dns_ports(Ports* ports) {
  for (auto [name, protocol] : {std::pair{"dns", "UDP"}, {"dns-tcp", "TCP"}}) {
    auto& port = *ports->Add();
    port.set_name(name);
    port.set_protocol(protocol);
    port.set_port(dns_port);
  }
}

object dns_service(const std::string& address) {
  core::v1::Service service;
  name_dns(*service.mutable_metadata());
  auto& spec = *service.mutable_spec();
  spec.set_type("ClusterIP");
  spec.set_cluster_ip(address);
  add_dns_ports(spec.mutable_ports());
  for (auto& port : *spec.mutable_ports())
    port.mutable_target_port()->set_int_val(dns_port);
  return object::of(service);
}

/// The address of the service is where it is answered, on every node.
object dns_endpoints(const std::string& address) {
  Endpoints endpoints;
  name_dns(*endpoints.mutable_metadata());
  (*endpoints.mutable_metadata()
        ->mutable_labels())["endpointslice.kubernetes.io/skip-mirror"] = "true";
  auto& subset = *endpoints.add_subsets();
  subset.add_addresses()->set_ip(address);
  add_dns_ports(subset.mutable_ports());
  return object::of(endpoints);
}

object dns_slice(const std::string& address) {
  EndpointSlice slice;
  name_dns(*slice.mutable_metadata());
  (*slice.mutable_metadata()->mutable_labels())["kubernetes.io/service-name"] =
      dns_service_name;
  slice.set_address_type(address.find(':') == std::string::npos ? "IPv4"
                                                                : "IPv6");
  auto& endpoint = *slice.add_endpoints();
  endpoint.add_addresses(address);
  endpoint.mutable_conditions()->set_ready(true);
  add_dns_ports(slice.mutable_ports());
  return object::of(slice);
}

/// Whether it says where a service is answered.
bool is_way_in(const object& what) {
  return &what.kind() == &kind_of<Endpoints>()
         || &what.kind() == &kind_of<EndpointSlice>();
}

template <class T, class Copy>
object corrected_as(const object& stored, const object& wanted, Copy copy) {
  auto changed = stored.copy<T>();
  copy(wanted.as<T>(), changed);
  if (canonical_equal(changed, stored.as<T>()))
    return {};
  return object::of(changed).with_revision(stored.revision());
}

template <class T>
object corrected_flow(const object& stored, const object& wanted) {
  if (keeps_mandatory_flow(stored.as<T>()))
    return {};
  return corrected_as<T>(stored, wanted, [](auto& from, auto& to) {
    *to.mutable_spec() = from.spec();
  });
}

} // namespace

std::vector<object> first_objects(const first_settings& settings) {
  std::vector<object> result;
  for (auto name : {"default", "kube-system", "kube-public", "kube-node-lease"})
    result.push_back(a_namespace(name));
  result.push_back(a_priority_class(
      "system-cluster-critical", cluster_critical,
      "What a cluster cannot do without; may run on any node."));
  result.push_back(
      a_priority_class("system-node-critical", node_critical,
                       "What a node cannot do without; stays where it is."));
  result.push_back(a_service(settings));
  result.push_back(endpoints_of(settings));
  result.push_back(slice_of(settings));
  if (auto address = dns_address(settings.service_cidr); !address.empty()) {
    result.push_back(dns_service(address));
    result.push_back(dns_endpoints(address));
    result.push_back(dns_slice(address));
  }
  auto& flow = mandatory_flow();
  result.insert(result.end(), flow.begin(), flow.end());
  return result;
}

object authority_map(const std::string& ns, const std::string& authority) {
  ConfigMap map;
  map.mutable_metadata()->set_name(authority_map_name);
  map.mutable_metadata()->set_namespace_(ns);
  (*map.mutable_data())["ca.crt"] = authority;
  return object::of(map);
}

object authentication_map(const std::string& authority) {
  ConfigMap map;
  map.mutable_metadata()->set_name(authentication_map_name);
  map.mutable_metadata()->set_namespace_(authentication_map_namespace);
  (*map.mutable_data())["client-ca-file"] = authority;
  return object::of(map);
}

object corrected(const object& stored, const object& wanted) {
  auto* kind = &wanted.kind();
  if (kind == &kind_of<ConfigMap>())
    return corrected_as<ConfigMap>(stored, wanted, [](auto& from, auto& to) {
      *to.mutable_data() = from.data();
    });
  if (kind == &kind_of<FlowSchema>())
    return corrected_flow<FlowSchema>(stored, wanted);
  if (kind == &kind_of<PriorityLevelConfiguration>())
    return corrected_flow<PriorityLevelConfiguration>(stored, wanted);
  if (kind == &kind_of<Endpoints>())
    return corrected_as<Endpoints>(stored, wanted, [](auto& from, auto& to) {
      *to.mutable_subsets() = from.subsets();
    });
  if (kind == &kind_of<EndpointSlice>())
    return corrected_as<EndpointSlice>(
        stored, wanted, [](auto& from, auto& to) {
          *to.mutable_endpoints() = from.endpoints();
          *to.mutable_ports() = from.ports();
        });
  return {};
}

bool leads_to_api(const std::optional<std::string>& holder,
                  const std::string& process,
                  const std::vector<std::string>& present) {
  if (!holder || is_life_of(*holder, process))
    return true;
  if (!is_apart(holder))
    return false;
  // As numbers: server-2 is before server-10.
  auto is_before = [&](const std::string& other) {
    return is_server_process(other)
           && std::pair{other.size(), other}
                  < std::pair{process.size(), process};
  };
  return std::find(present.begin(), present.end(), process) != present.end()
         && std::none_of(present.begin(), present.end(), is_before);
}

bool is_apart(const std::optional<std::string>& holder) {
  return holder && !holder->empty() && !is_server_process(*holder);
}

bool tells_where_api_is(const object& what) {
  return what.name() == service_name && is_way_in(what);
}

bool tells_where_dns_is(const object& what) {
  return what.name() == dns_service_name && is_way_in(what);
}

} // namespace troupe::rules
