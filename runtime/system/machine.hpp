#pragma once

#include "runtime/rules/node_status.hpp"

#include <string>

namespace troupe {

/// Describes this machine as a node: what it has and what it runs.
/// `disk_folder` tells on which disk pods will write.
rules::machine this_machine(const std::string& disk_folder);

/// A machine that exists in a simulation only.
rules::machine simulated_machine();

/// The version of Kubernetes that nodes say they speak.
inline constexpr const char* kubelet_version = "v1.36.0";

} // namespace troupe
