#include "messages/api/core_service.pb.h"
#include "runtime/rules/kind_rules.hpp"
#include "runtime/rules/kinds.hpp"
#include "runtime/rules/services.hpp"

#include <algorithm>
#include <map>
#include <set>

namespace troupe::rules {

using core::v1::Service;
using core::v1::ServicePort;
using core::v1::ServiceSpec;

bool needs_cluster_ip(const ServiceSpec& spec) {
  return spec.type() == "ClusterIP" || needs_outside(spec);
}

bool needs_outside(const ServiceSpec& spec) {
  return spec.type() == "NodePort" || spec.type() == "LoadBalancer";
}

bool needs_node_ports(const ServiceSpec& spec) {
  if (spec.type() == "LoadBalancer")
    return !spec.has_allocate_load_balancer_node_ports()
           || spec.allocate_load_balancer_node_ports();
  return spec.type() == "NodePort";
}

bool needs_health_check_port(const ServiceSpec& spec) {
  return spec.type() == "LoadBalancer"
         && spec.external_traffic_policy() == "Local";
}

bool reached_from_outside(const ServiceSpec& spec) {
  return needs_outside(spec)
         || (spec.type() == "ClusterIP" && !spec.external_ips().empty());
}

bool headless(const ServiceSpec& spec) {
  return spec.cluster_ip() == "None"
         || (spec.cluster_ips_size() == 1 && spec.cluster_ips(0) == "None");
}

namespace {

void default_target(ServicePort& port) {
  auto& target = port.target_port();
  bool unset =
      target.type() == 0 ? target.int_val() == 0 : target.str_val().empty();
  if (!unset)
    return;
  port.mutable_target_port()->Clear();
  port.mutable_target_port()->set_int_val(port.port());
}

void default_affinity(ServiceSpec& spec) {
  if (spec.session_affinity().empty())
    spec.set_session_affinity("None");
  if (spec.session_affinity() == "None")
    spec.clear_session_affinity_config();
  if (spec.session_affinity() != "ClientIP")
    return;
  auto* config = spec.mutable_session_affinity_config()->mutable_client_ip();
  if (!config->has_timeout_seconds())
    config->set_timeout_seconds(10800);
}

void default_service(Service& service) {
  auto* spec = service.mutable_spec();
  if (spec->type().empty())
    spec->set_type("ClusterIP");
  default_affinity(*spec);
  for (auto& port : *spec->mutable_ports())
    default_target(port);
  if (reached_from_outside(*spec) && spec->external_traffic_policy().empty())
    spec->set_external_traffic_policy("Cluster");
  if (needs_cluster_ip(*spec) && !spec->has_internal_traffic_policy())
    spec->set_internal_traffic_policy("Cluster");
  if (spec->type() != "LoadBalancer")
    return;
  if (!spec->has_allocate_load_balancer_node_ports())
    spec->set_allocate_load_balancer_node_ports(true);
  auto* status = service.mutable_status()->mutable_load_balancer();
  for (auto& ingress : *status->mutable_ingress())
    if (!ingress.ip().empty() && !ingress.has_ip_mode())
      ingress.set_ip_mode("VIP");
}

std::set<int32_t> node_ports(const ServiceSpec& spec) {
  std::set<int32_t> result;
  for (auto& port : spec.ports())
    if (port.node_port() != 0)
      result.insert(port.node_port());
  return result;
}

// A port keeps its node port under its name, unless the client now gives that
// number to another one.
void keep_node_ports(ServiceSpec& spec, const ServiceSpec& old) {
  auto wished = node_ports(spec);
  std::map<std::string, int32_t> known;
  for (auto& port : old.ports())
    known[port.name()] = port.node_port();
  for (auto& port : *spec.mutable_ports()) {
    auto i = known.find(port.name());
    if (port.node_port() == 0 && i != known.end() && i->second != 0
        && wished.insert(i->second).second)
      port.set_node_port(i->second);
  }
}

// Who replaces a Service need not repeat what was allocated for it.
void keep_allocations(ServiceSpec& spec, const ServiceSpec& old) {
  if (needs_cluster_ip(spec) && needs_cluster_ip(old)) {
    if (spec.cluster_ip().empty())
      spec.set_cluster_ip(old.cluster_ip());
    if (spec.cluster_ips().empty() && spec.cluster_ip() == old.cluster_ip())
      *spec.mutable_cluster_ips() = old.cluster_ips();
    if (spec.ip_families().empty())
      *spec.mutable_ip_families() = old.ip_families();
    if (!spec.has_ip_family_policy() && old.has_ip_family_policy())
      spec.set_ip_family_policy(old.ip_family_policy());
  }
  if (needs_node_ports(spec) && needs_node_ports(old))
    keep_node_ports(spec, old);
  if (needs_health_check_port(spec) && needs_health_check_port(old)
      && spec.health_check_node_port() == 0)
    spec.set_health_check_node_port(old.health_check_node_port());
}

template <class List>
bool same_list(const List& a, const List& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end());
}

void drop_cluster_ip(ServiceSpec& spec, const ServiceSpec& old) {
  if (spec.cluster_ip() == old.cluster_ip()
      && same_list(spec.cluster_ips(), old.cluster_ips())) {
    spec.clear_cluster_ip();
    spec.clear_cluster_ips();
  }
  if (same_list(spec.ip_families(), old.ip_families()))
    spec.clear_ip_families();
  if (spec.ip_family_policy() == old.ip_family_policy())
    spec.clear_ip_family_policy();
  if (spec.internal_traffic_policy() == old.internal_traffic_policy())
    spec.clear_internal_traffic_policy();
}

// Values that only the old type knew go with it when the client left them as
// they were; a value that the client changed is validation's business.
void drop_leftovers(ServiceSpec& spec, const ServiceSpec& old) {
  if (needs_cluster_ip(old) && !needs_cluster_ip(spec))
    drop_cluster_ip(spec, old);
  if (needs_node_ports(old) && !needs_node_ports(spec)
      && node_ports(spec) == node_ports(old))
    for (auto& port : *spec.mutable_ports())
      port.clear_node_port();
  if (needs_health_check_port(old) && !needs_health_check_port(spec)
      && spec.health_check_node_port() == old.health_check_node_port())
    spec.clear_health_check_node_port();
  bool was_balanced =
      old.type() == "LoadBalancer" && spec.type() != "LoadBalancer";
  if (was_balanced
      && spec.allocate_load_balancer_node_ports()
             == old.allocate_load_balancer_node_ports())
    spec.clear_allocate_load_balancer_node_ports();
  if (was_balanced && spec.load_balancer_class() == old.load_balancer_class())
    spec.clear_load_balancer_class();
  if (reached_from_outside(old) && !reached_from_outside(spec)
      && spec.external_traffic_policy() == old.external_traffic_policy())
    spec.clear_external_traffic_policy();
  if (old.type() == "ExternalName" && spec.type() != "ExternalName"
      && spec.external_name() == old.external_name())
    spec.clear_external_name();
}

// clusterIP and the first of clusterIPs are one value under two names: who
// changes the one means the other, too.
void prepare_create(Service& service) {
  auto* spec = service.mutable_spec();
  if (!spec->cluster_ip().empty() && spec->cluster_ips().empty())
    spec->add_cluster_ips(spec->cluster_ip());
}

void prepare_update(Service& service, const Service& old) {
  auto* spec = service.mutable_spec();
  if (spec->cluster_ip() != old.spec().cluster_ip()
      && (spec->cluster_ips().empty()
          || same_list(spec->cluster_ips(), old.spec().cluster_ips()))) {
    spec->clear_cluster_ips();
    if (!spec->cluster_ip().empty())
      spec->add_cluster_ips(spec->cluster_ip());
  }
  keep_allocations(*service.mutable_spec(), old.spec());
  drop_leftovers(*service.mutable_spec(), old.spec());
}

} // namespace

void add_service_preparation(registry& all) {
  auto& rules = all.of<Service>();
  rules.defaults = apply<Service, default_service>;
  rules.prepare_create = apply<Service, prepare_create>;
  rules.prepare_update = apply_from<Service, prepare_update>;
}

} // namespace troupe::rules
