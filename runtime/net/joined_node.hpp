#pragma once

#include "runtime/net/layout.hpp"

#include <string>

namespace troupe::net {

/// The addresses of a node that joined a cluster.
struct joined_addresses {
  layout cluster; ///< that the cluster has, where it is no simulated one
  ipv4 node;      ///< within the cluster's own range
  cidr pods;
};

/// Returns the whole range of a cluster whose pods have that part of it.
cidr whole_range_of(const cidr& pods);

/// Returns them for a node that was given `own` of `pods`, the range of all
/// pods: of a cluster of this mode, or of one that is simulated. Fails with
/// ec::invalid when these do not fit.
expected<joined_addresses> addresses_of(network_mode mode, const cidr& pods,
                                        const cidr& own);
expected<joined_addresses> simulated_addresses_of(const cidr& pods,
                                                  const cidr& own);

/// Returns the address of this machine from which it reaches that one. Nothing
/// is sent.
expected<ipv4> address_towards(const endpoint& to);

/// Returns what tells the network of this process from others: processes with
/// the same reach each other at any address, loopback ones too.
std::string network_identity();

} // namespace troupe::net
