#pragma once

#include "actors/system/supervisor.hpp"
#include "runtime/system/config.hpp"

namespace troupe {

/// Returns the branch of the nodes that this process runs: for each a kubelet
/// and its container runtime.
child_spec kubelet_branch(const cluster_config& config);

} // namespace troupe
