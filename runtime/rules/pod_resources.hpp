#pragma once

#include <string_view>

namespace troupe::core::v1 {
class PodSpec;
} // namespace troupe::core::v1

namespace troupe::rules {

/// Returns Guaranteed when every container limits cpu and memory and asks for
/// all of it, BestEffort when none asks for or limits either, else Burstable.
std::string_view qos_class(const core::v1::PodSpec& spec);

/// Where limits are set for the pod as a whole, sets the missing requests:
/// what its containers ask for together, else the limit.
void default_pod_level_requests(core::v1::PodSpec& spec);

} // namespace troupe::rules
