#pragma once

#include "messages/object.hpp"
#include "runtime/dns/zone.hpp"
#include "runtime/net/service_edge.hpp"

#include <optional>
#include <span>
#include <string>
#include <vector>

/// The cluster's DNS as a service among others, and what it tells of services.
namespace troupe::rules {

/// The domain of every cluster's names.
inline constexpr auto cluster_domain = "cluster.local";

/// Where clients of Kubernetes look for DNS.
inline constexpr auto dns_service_name = "kube-dns";
inline constexpr auto dns_service_namespace = "kube-system";
inline constexpr int dns_port = 53;

/// Kubernetes' set-up tools: the tenth address of the range of services; ""
/// where the range has none.
std::string dns_address(const std::string& service_cidr);

/// The address that pods may be told to ask at: "" where DNS had to be moved
/// to a higher port, which a resolv.conf cannot say.
std::string dns_address_of_pods(const std::string& service_cidr,
                                int lowest_port);

/// Whether a service is the cluster's DNS, and no pods are to answer for it:
/// whoever gives it a selector has a DNS of their own.
bool is_answered_here(const object& service);

/// Where DNS is to listen for its service: each of its cluster addresses and
/// ports, those below `lowest_port` moved (service_ports.hpp). None where it is
/// not answered here.
std::vector<net::listener_key> dns_places(const object& service,
                                          int lowest_port);

/// What DNS tells of a service, with the EndpointSlices that name it; none
/// while it has no address.
std::optional<dns::service_names> names_of(const object& service,
                                           std::span<const object> slices);

} // namespace troupe::rules
