#pragma once

#include "actors/client/command_client.hpp"

#include <chrono>
#include <set>
#include <string>

namespace troupe::cli {

/// How long a first start may take until all nodes are Ready.
constexpr auto start_patience = std::chrono::seconds(30);

/// Waits until the API server answers and has its first objects.
caf::error wait_for_api(command_client& client);

/// Waits until these nodes are Ready; else says how many are.
caf::error wait_for_nodes(command_client& client,
                          const std::set<std::string>& nodes);

} // namespace troupe::cli
