#pragma once

#include "messages/object.hpp"
#include "messages/time.hpp"

#include <map>
#include <span>
#include <string>
#include <vector>

namespace troupe::rules {

/// How many active pods of the same application each node holds.
using pods_per_node = std::map<std::string, int>;

/// Returns the pods in the order in which a surplus goes, as Kubernetes ranks
/// them: without a node, by phase (Pending, Unknown, Running), not ready, lower
/// deletion cost, on a node with more pods of the application, ready for a
/// shorter time, more restarts, younger.
std::vector<object> rank_for_deletion(std::span<const object> pods,
                                      const pods_per_node& related,
                                      time_point now);

/// Counts the active pods per node.
pods_per_node count_per_node(std::span<const object> pods);

} // namespace troupe::rules
