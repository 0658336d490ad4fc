#pragma once

#include "runtime/dns/resolv_conf.hpp"

#include <optional>
#include <string>

namespace troupe::core::v1 {
class Pod;
} // namespace troupe::core::v1

namespace troupe::rules {

/// What a node tells its pods about names.
struct name_facts {
  std::string server;       ///< the cluster's DNS; "" where pods cannot use it
  dns::resolv_conf machine; ///< whom the machine asks
};

/// Returns the resolv.conf of a pod, by its dnsPolicy and dnsConfig; none where
/// that of the machine is its own. Kubernetes: at most three servers, 32
/// domains and 2048 characters of them count.
std::optional<dns::resolv_conf> pod_resolv_conf(const core::v1::Pod& pod,
                                                const name_facts& facts);

/// Returns the domain that a pod's host name is below, "" for none.
std::string pod_domain(const core::v1::Pod& pod);

/// Kubernetes: with these lines, and in this order, begins the /etc/hosts of a
/// pod that has addresses of its own.
inline constexpr auto hosts_of_any_pod =
    "# Kubernetes-managed hosts file.\n"
    "127.0.0.1\tlocalhost\n"
    "::1\tlocalhost ip6-localhost ip6-loopback\n"
    "fe00::0\tip6-localnet\n"
    "fe00::0\tip6-mcastprefix\n"
    "fe00::1\tip6-allnodes\n"
    "fe00::2\tip6-allrouters\n";

/// That of one with the network of a node whose own is `machine`.
std::string hosts_of_node(const std::string& machine);

/// Returns the /etc/hosts of a pod whose addresses are in its status; none
/// where that of the machine, which says `machine`, is its own.
std::optional<std::string> pod_hosts(const core::v1::Pod& pod,
                                     const std::string& machine);

/// Whether container `i` has a volume of its own at that path.
bool mounts_itself(const core::v1::Pod& pod, size_t i, const std::string& path);

} // namespace troupe::rules
