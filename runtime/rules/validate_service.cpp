#include "messages/api/core_service.pb.h"
#include "runtime/rules/addresses.hpp"
#include "runtime/rules/formats.hpp"
#include "runtime/rules/kind_rules.hpp"
#include "runtime/rules/kinds.hpp"
#include "runtime/rules/service_checks.hpp"
#include "runtime/rules/services.hpp"
#include "runtime/rules/validate_meta.hpp"

#include <set>

namespace troupe::rules {

using core::v1::Service;
using core::v1::ServicePort;
using core::v1::ServiceSpec;

namespace {

constexpr std::string_view only_balanced =
    "may only be used when `type` is 'LoadBalancer'";

void check_port(const ServicePort& port, bool named, const field_path& at,
                findings& out) {
  if (port.name().empty() && named)
    out.required(at.child("name"));
  if (!port.name().empty())
    out.invalid(at.child("name"), port.name(),
                check_dns1123_label(port.name()));
  for (auto& problem : check_port_number(port.port()))
    out.invalid(at.child("port"), port.port(), problem);
  if (port.protocol().empty())
    out.required(at.child("protocol"));
  auto& target = port.target_port();
  if (target.type() == 0)
    for (auto& problem : check_port_number(target.int_val()))
      out.invalid(at.child("targetPort"), target.int_val(), problem);
  else
    out.invalid(at.child("targetPort"), target.str_val(),
                check_port_name(target.str_val()));
  if (port.has_app_protocol())
    out.invalid(at.child("appProtocol"), port.app_protocol(),
                check_qualified_name(port.app_protocol()));
}

void check_ports(const ServiceSpec& spec, const field_path& at, findings& out) {
  auto list = at.child("ports");
  if (spec.ports().empty() && !headless(spec) && spec.type() != "ExternalName")
    out.required(list);
  std::set<std::string_view> names;
  std::set<std::pair<int32_t, std::string_view>> numbers;
  std::set<std::pair<int32_t, std::string_view>> outside;
  for (int i = 0; i < spec.ports_size(); ++i) {
    auto& port = spec.ports(i);
    auto one = list[static_cast<size_t>(i)];
    check_port(port, spec.ports_size() > 1, one, out);
    if (!port.name().empty() && !names.insert(port.name()).second)
      out.duplicate(one.child("name"), port.name());
    if (!numbers.emplace(port.port(), port.protocol()).second)
      out.duplicate(one, std::to_string(port.port()) + "/" + port.protocol());
    if (port.node_port() == 0)
      continue;
    if (!needs_outside(spec))
      out.forbidden(one.child("nodePort"),
                    "may not be used when `type` is '" + spec.type() + "'");
    else if (!outside.emplace(port.node_port(), port.protocol()).second)
      out.duplicate(one.child("nodePort"), port.node_port());
  }
}

void check_affinity_config(const ServiceSpec& spec, const field_path& at,
                           findings& out) {
  if (spec.session_affinity().empty())
    out.required(at.child("sessionAffinity"));
  auto config = at.child("sessionAffinityConfig");
  if (spec.session_affinity() == "None" && spec.has_session_affinity_config())
    out.forbidden(config, "must not be set when session affinity is None");
  if (spec.session_affinity() != "ClientIP")
    return;
  auto seconds = config.child("clientIP.timeoutSeconds");
  auto& client = spec.session_affinity_config().client_ip();
  if (!client.has_timeout_seconds())
    out.required(seconds, "must be set when session affinity is ClientIP");
  else if (client.timeout_seconds() < 1 || client.timeout_seconds() > 86400)
    out.invalid(seconds, client.timeout_seconds(),
                "must be greater than 0 and less than or equal to 86400");
}

void check_external(const ServiceSpec& spec, const field_path& at,
                    findings& out) {
  if (spec.type() == "ExternalName") {
    std::string_view name = spec.external_name();
    if (name.ends_with('.') && name.size() > 1)
      name.remove_suffix(1);
    auto place = at.child("externalName");
    if (name.empty())
      out.required(place);
    else if (ip_address::parse(name))
      out.invalid(place, name, "must be a DNS name, not an IP address");
    else
      out.invalid(place, name, check_dns1123_subdomain(name));
  }
  auto list = at.child("externalIPs");
  for (int i = 0; i < spec.external_ips_size(); ++i)
    check_plain_address(spec.external_ips(i), list[static_cast<size_t>(i)],
                        out);
  auto policy = at.child("externalTrafficPolicy");
  if (!spec.external_traffic_policy().empty() && !reached_from_outside(spec))
    out.invalid(policy, spec.external_traffic_policy(),
                "may only be set for externally-accessible services");
  else if (spec.external_traffic_policy().empty() && reached_from_outside(spec))
    out.required(policy);
}

void check_balancer(const ServiceSpec& spec, const field_path& at,
                    findings& out) {
  bool balanced = spec.type() == "LoadBalancer";
  auto health = at.child("healthCheckNodePort");
  if (spec.health_check_node_port() < 0)
    out.invalid(health, spec.health_check_node_port(),
                "must be greater than or equal to 0");
  else if (spec.health_check_node_port() != 0 && !needs_health_check_port(spec))
    out.invalid(health, spec.health_check_node_port(),
                "may only be set when `type` is 'LoadBalancer' and "
                "`externalTrafficPolicy` is 'Local'");
  auto ranges = at.child("loadBalancerSourceRanges");
  if (!spec.load_balancer_source_ranges().empty() && !balanced)
    out.forbidden(ranges, only_balanced);
  for (int i = 0; i < spec.load_balancer_source_ranges_size(); ++i) {
    auto& text = spec.load_balancer_source_ranges(i);
    out.invalid(ranges[static_cast<size_t>(i)], text, check_cidr(text));
  }
  auto one = at.child("loadBalancerClass");
  if (spec.has_load_balancer_class() && !balanced)
    out.forbidden(one, only_balanced);
  else if (spec.has_load_balancer_class())
    out.invalid(one, spec.load_balancer_class(),
                check_qualified_name(spec.load_balancer_class()));
  if (spec.has_allocate_load_balancer_node_ports() && !balanced)
    out.forbidden(at.child("allocateLoadBalancerNodePorts"), only_balanced);
}

void check_distribution(const ServiceSpec& spec, const field_path& at,
                        findings& out) {
  auto& how = spec.traffic_distribution();
  if (spec.has_traffic_distribution() && how != "PreferClose"
      && how != "PreferSameZone" && how != "PreferSameNode")
    out.not_supported(at.child("trafficDistribution"), how,
                      {"PreferClose", "PreferSameNode", "PreferSameZone"});
}

void validate_service(const Service& service, findings& out) {
  field_path at{"spec"};
  auto& spec = service.spec();
  if (spec.type().empty())
    out.required(at.child("type"));
  check_ports(spec, at, out);
  auto addresses = at.child("clusterIPs");
  if (headless(spec) && needs_outside(spec))
    out.invalid(addresses[0], "None",
                "may not be set to 'None' for " + spec.type() + " services");
  check_cluster_addresses(spec, at, out);
  check_distribution(spec, at, out);
  validate_labels(spec.selector(), at.child("selector"), out);
  check_affinity_config(spec, at, out);
  check_external(spec, at, out);
  check_balancer(spec, at, out);
}

void validate_service_update(const Service& service, const Service& old,
                             findings& out) {
  field_path at{"spec"};
  auto& now = service.spec();
  auto& before = old.spec();
  check_cluster_addresses_update(now, before, at, out);
  if (needs_health_check_port(now) && needs_health_check_port(before))
    require_unchanged(
        now.health_check_node_port() == before.health_check_node_port(),
        now.health_check_node_port(), at.child("healthCheckNodePort"), out);
  if (now.type() == "LoadBalancer" && before.type() == "LoadBalancer"
      && (now.has_load_balancer_class() != before.has_load_balancer_class()
          || now.load_balancer_class() != before.load_balancer_class()))
    out.invalid(at.child("loadBalancerClass"), now.load_balancer_class(),
                "may not change once set");
}

void validate_service_status(const Service& service, const Service&,
                             findings& out) {
  field_path at{"status.loadBalancer.ingress"};
  auto& list = service.status().load_balancer().ingress();
  for (int i = 0; i < list.size(); ++i) {
    auto one = at[static_cast<size_t>(i)];
    auto& ingress = list[i];
    if (!ingress.ip().empty())
      out.invalid(one.child("ip"), ingress.ip(), check_ip(ingress.ip()));
    if (ingress.has_ip_mode() && ingress.ip().empty())
      out.forbidden(one.child("ipMode"),
                    "may not be specified when `ip` is not set");
    else if (ingress.has_ip_mode() && ingress.ip_mode() != "VIP"
             && ingress.ip_mode() != "Proxy")
      out.not_supported(one.child("ipMode"), ingress.ip_mode(),
                        {"Proxy", "VIP"});
    if (ingress.hostname().empty())
      continue;
    out.invalid(one.child("hostname"), ingress.hostname(),
                check_dns1123_subdomain(ingress.hostname()));
    if (ip_address::parse(ingress.hostname()))
      out.invalid(one.child("hostname"), ingress.hostname(),
                  "must be a DNS name, not an IP address");
  }
}

void warn_service(const Service& service, std::vector<warning>& out) {
  auto& type = service.spec().type();
  if (type == "LoadBalancer")
    out.push_back({"spec.type: nothing in this cluster provides load balancers "
                   "yet: the external address stays pending",
                   foreign_controllers | any_nodes});
  if (service.spec().external_ips_size() > 0)
    out.push_back({"spec.externalIPs: nothing in this cluster serves them yet",
                   foreign_nodes});
  for (int i = 0; i < service.spec().ports_size(); ++i)
    if (service.spec().ports(i).protocol() == "SCTP")
      out.push_back({"spec.ports[" + std::to_string(i)
                         + "].protocol: SCTP is not forwarded yet",
                     foreign_nodes});
}

} // namespace

void add_service_validation(registry& all) {
  auto& rules = all.of<Service>();
  rules.names = name_form::label_1035;
  rules.validate = check<Service, validate_service>;
  rules.validate_update = check_from<Service, validate_service_update>;
  rules.validate_status = check_from<Service, validate_service_status>;
  rules.warnings = warn<Service, warn_service>;
}

} // namespace troupe::rules
