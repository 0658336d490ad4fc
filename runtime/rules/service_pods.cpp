#include "runtime/rules/service_pods.hpp"

#include "messages/api/core_pod.pb.h"
#include "messages/api/core_service.pb.h"
#include "runtime/rules/readiness.hpp"
#include "runtime/text/int_or_string.hpp"

namespace troupe::rules {

bool selects_pods(const core::v1::Service& service) {
  return !service.spec().selector().empty()
         && service.spec().type() != "ExternalName";
}

bool is_headless(const core::v1::Service& service) {
  return service.spec().cluster_ip() == "None";
}

bool has_endpoint(const core::v1::Pod& pod, bool also_terminating) {
  if (is_finished(pod))
    return false;
  if (pod.metadata().has_deletion_timestamp() && !also_terminating)
    return false;
  return !pod.status().pod_ip().empty() || pod.status().pod_ips_size() > 0;
}

std::optional<int> find_port(const core::v1::Pod& pod,
                             const core::v1::ServicePort& port) {
  const auto& target = port.target_port();
  if (!text::is_string(target))
    return target.int_val() > 0 ? target.int_val() : port.port();
  auto search = [&](const auto& containers,
                    bool sidecars) -> std::optional<int> {
    for (const auto& container : containers)
      if (!sidecars || container.restart_policy() == "Always")
        for (const auto& each : container.ports())
          if (each.name() == target.str_val()
              && each.protocol() == port.protocol())
            return each.container_port();
    return std::nullopt;
  };
  if (auto found = search(pod.spec().containers(), false))
    return found;
  return search(pod.spec().init_containers(), true);
}

std::vector<std::string> families_of(const core::v1::Service& service) {
  const auto& told = service.spec().ip_families();
  if (!told.empty())
    return {told.begin(), told.end()};
  return {is_ipv6(service.spec().cluster_ip()) ? "IPv6" : "IPv4"};
}

bool is_ipv6(std::string_view address) {
  return address.find(':') != std::string_view::npos;
}

std::string address_of(const core::v1::Pod& pod, std::string_view family) {
  auto wanted = [&](const std::string& ip) {
    return !ip.empty() && is_ipv6(ip) == (family == "IPv6");
  };
  for (const auto& each : pod.status().pod_ips())
    if (wanted(each.ip()))
      return each.ip();
  return wanted(pod.status().pod_ip()) ? pod.status().pod_ip() : "";
}

bool has_name_in(const core::v1::Pod& pod, const core::v1::Service& service) {
  return !pod.spec().hostname().empty()
         && pod.spec().subdomain() == service.metadata().name()
         && pod.metadata().namespace_() == service.metadata().namespace_();
}

} // namespace troupe::rules
