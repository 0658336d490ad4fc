#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::core::v1 {
class Pod;
class Service;
class ServicePort;
} // namespace troupe::core::v1

namespace troupe::rules {

/// Returns whether endpoints of this service are ours to keep: it has a
/// selector and is no other name for something outside.
bool selects_pods(const core::v1::Service& service);

bool is_headless(const core::v1::Service& service);

/// Returns whether the pod belongs to a service's endpoints at all, ready or
/// not: it has an address and may serve (again).
bool has_endpoint(const core::v1::Pod& pod, bool also_terminating);

/// Returns the port of the pod behind a service's port, by number or by the
/// name of a container's port; nothing when the pod has no port of that name.
std::optional<int> find_port(const core::v1::Pod& pod,
                             const core::v1::ServicePort& port);

/// Returns the service's families, IPv4 when it tells none.
std::vector<std::string> families_of(const core::v1::Service& service);

bool is_ipv6(std::string_view address);

/// Returns the pod's address of a family, IPv4 or IPv6; empty for none.
std::string address_of(const core::v1::Pod& pod, std::string_view family);

/// Returns whether the pod's name is to be told beside its address: it has a
/// host name under the service's domain.
bool has_name_in(const core::v1::Pod& pod, const core::v1::Service& service);

} // namespace troupe::rules
