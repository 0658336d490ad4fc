#pragma once

#include "runtime/rules/pod_state.hpp"

#include <string>
#include <vector>

namespace troupe::container {
class Container;
class State;
} // namespace troupe::container

namespace troupe::rules {

/// Returns the state of a pod that a worker takes over: what the runtime has
/// of it, completed by what the API says was there. Containers that run keep
/// their ids and restart counts; what the API says ran and the runtime does
/// not know is counted as lost.
///
/// `seen` holds the sandboxes and containers of this pod only.
pod_state adopt_pod(const core::v1::Pod& pod, const container::State& seen,
                    time_point now);

/// How an attempt ended, in the runtime's words; `container` has exited.
container_end end_of(const container::Container& container);

} // namespace troupe::rules
