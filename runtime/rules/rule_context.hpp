#pragma once

#include "runtime/rules/addresses.hpp"

#include <optional>
#include <string_view>

namespace troupe::rules {

/// What rules need to know of the cluster.
struct rule_context {
  /// The cluster's own network on one machine's loopback device, where pods
  /// have no other addresses; empty elsewhere.
  std::optional<ip_range> loopback_network;
};

/// Returns what rules need to know of a cluster whose Services have addresses
/// of this range.
rule_context context_of(std::string_view service_cidr);

} // namespace troupe::rules
