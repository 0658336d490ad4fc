#include "runtime/rules/rule_context.hpp"

namespace troupe::rules {

// On the loopback device a cluster has a /16 for nodes, pods and Services.
rule_context context_of(std::string_view service_cidr) {
  auto services = ip_range::parse(service_cidr);
  if (!services || services->base.v6 || !services->base.loopback())
    return {};
  return {ip_range::parse(services->base.str() + "/16")};
}

} // namespace troupe::rules
