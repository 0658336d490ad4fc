#pragma once

#include "runtime/text/quantity.hpp"

#include <map>
#include <string>

namespace troupe::core::v1 {
class PodSpec;
} // namespace troupe::core::v1

/// What a pod as a whole asks for, and what bounds it.
namespace troupe::rules {

using amounts_by_name = std::map<std::string, text::quantity>;

/// Returns what a pod asks for of each resource: the sum of its containers and
/// sidecars or the peak of its init containers, whichever is more, and the
/// overhead of its runtime. What is stated for the pod as a whole counts
/// instead of its containers'.
amounts_by_name pod_requests(const core::v1::PodSpec& spec);

/// The same of limits; overhead counts where there is a limit.
amounts_by_name pod_limits(const core::v1::PodSpec& spec);

} // namespace troupe::rules
