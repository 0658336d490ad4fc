#pragma once

#include "messages/errors.hpp"

#include <string_view>
#include <vector>

namespace troupe::core::v1 {
class Container;
class EphemeralContainer;
class Pod;
class PodSpec;
} // namespace troupe::core::v1

/// Ephemeral containers: those that join a pod while it runs, to look at it.
/// They hold nobody up, are not started again and never leave.
namespace troupe::rules {

/// Whether the pod has an ephemeral container of this name.
bool is_late(const core::v1::PodSpec& spec, std::string_view name);

/// Returns an ephemeral container as the container that runs.
core::v1::Container as_container(const core::v1::EphemeralContainer& late);

/// Returns the pod as its node sees it: with the ephemeral containers behind
/// the main ones, too, those that `before` has there already first, so that
/// each keeps its number (pod_state.hpp).
core::v1::Pod with_late_containers(const core::v1::Pod& pod,
                                   const core::v1::Pod& before);

/// Keeps everything from `old` but the ephemeral containers, and what a write
/// says of the version that it changes: the ephemeralcontainers subresource.
void prepare_for_late_containers(core::v1::Pod& pod, const core::v1::Pod& old);

/// Returns what is wrong with the ephemeral containers of the pod's next state.
std::vector<field_error> validate_late_containers(const core::v1::Pod& pod,
                                                  const core::v1::Pod& old);

} // namespace troupe::rules
