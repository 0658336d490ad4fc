#pragma once

#include "messages/time.hpp"

#include <optional>
#include <string>

namespace troupe::core::v1 {
class Pod;
} // namespace troupe::core::v1

namespace troupe {

/// Returns the strategic merge patch that makes the pod's condition
/// PodScheduled False for this reason; nothing when it already is.
std::optional<std::string> unscheduled_patch(const core::v1::Pod& pod,
                                             const std::string& reason,
                                             const std::string& message,
                                             time_point now);

} // namespace troupe
