#include "messages/api/core_reference.pb.h"
#include "messages/api/discovery.pb.h"
#include "messages/api/discovery_v1beta1.pb.h"
#include "messages/api/meta.pb.h"
#include "runtime/rules/version_forms.hpp"

namespace troupe::rules {

namespace {

using Newer = discovery::v1::EndpointSlice;
using Older = discovery::v1beta1::EndpointSlice;

constexpr auto zone_key = "topology.kubernetes.io/zone";
constexpr auto host_key = "kubernetes.io/hostname";

/// What both forms name alike.
template <class From, class To>
void copy_shared(const From& from, To& to) {
  *to.mutable_addresses() = from.addresses();
  if (from.has_conditions())
    *to.mutable_conditions() = from.conditions();
  if (from.has_hostname())
    to.set_hostname(from.hostname());
  if (from.has_target_ref())
    *to.mutable_target_ref() = from.target_ref();
  if (from.has_node_name())
    to.set_node_name(from.node_name());
  if (from.has_hints())
    *to.mutable_hints() = from.hints();
}

void newer(const discovery::v1beta1::Endpoint& from,
           discovery::v1::Endpoint& to) {
  copy_shared(from, to);
  for (auto& [key, value] : from.topology()) {
    if (key == zone_key)
      to.set_zone(value);
    else if (key == host_key && !from.has_node_name())
      to.set_node_name(value);
    else if (key != host_key || value != from.node_name())
      (*to.mutable_deprecated_topology())[key] = value;
  }
}

void older(const discovery::v1::Endpoint& from,
           discovery::v1beta1::Endpoint& to) {
  copy_shared(from, to);
  auto& topology = *to.mutable_topology();
  topology = from.deprecated_topology();
  if (from.has_zone())
    topology[zone_key] = from.zone();
  if (from.has_node_name())
    topology.insert({host_key, from.node_name()});
}

} // namespace

void convert(const Older& from, Newer& to) {
  *to.mutable_metadata() = from.metadata();
  to.set_address_type(from.address_type());
  *to.mutable_ports() = from.ports();
  for (auto& endpoint : from.endpoints())
    newer(endpoint, *to.add_endpoints());
}

void convert(const Newer& from, Older& to) {
  *to.mutable_metadata() = from.metadata();
  to.set_address_type(from.address_type());
  *to.mutable_ports() = from.ports();
  for (auto& endpoint : from.endpoints())
    older(endpoint, *to.add_endpoints());
}

} // namespace troupe::rules
