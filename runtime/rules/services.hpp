#pragma once

namespace troupe::core::v1 {
class ServiceSpec;
} // namespace troupe::core::v1

/// What a Service of some type has.
namespace troupe::rules {

bool needs_cluster_ip(const core::v1::ServiceSpec& spec);

/// NodePort or LoadBalancer.
bool needs_outside(const core::v1::ServiceSpec& spec);

bool needs_node_ports(const core::v1::ServiceSpec& spec);

bool needs_health_check_port(const core::v1::ServiceSpec& spec);

/// Also a ClusterIP Service with external addresses.
bool reached_from_outside(const core::v1::ServiceSpec& spec);

/// clusterIP None.
bool headless(const core::v1::ServiceSpec& spec);

} // namespace troupe::rules
