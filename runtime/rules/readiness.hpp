#pragma once

#include "messages/time.hpp"

#include <chrono>
#include <optional>

namespace troupe::core::v1 {
class Pod;
} // namespace troupe::core::v1

namespace troupe::rules {

/// Returns whether the pod ended, well or not.
bool is_finished(const core::v1::Pod& pod);

/// Returns whether the pod counts for its owner: neither ended nor being
/// deleted.
bool is_active(const core::v1::Pod& pod);

/// Returns whether the condition Ready is True.
bool is_ready(const core::v1::Pod& pod);

/// Returns since when the pod is ready; nothing when it is not, the epoch when
/// its condition does not say.
std::optional<time_point> ready_since(const core::v1::Pod& pod);

/// Returns from when the pod counts as available: ready for `min_ready`
/// without interruption. Nothing when it is not ready.
std::optional<time_point> available_from(const core::v1::Pod& pod,
                                         std::chrono::seconds min_ready);

/// Returns the highest restart count among the pod's main containers.
int most_restarts(const core::v1::Pod& pod);

} // namespace troupe::rules
