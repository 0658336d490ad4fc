#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace troupe::core::v1 {
class Pod;
class PodStatus;
} // namespace troupe::core::v1

namespace troupe::rules {

struct pod_state;

/// An event about a pod.
struct pod_remark {
  std::string type; ///< Normal or Warning
  std::string reason;
  std::string message;
};

/// Returns what is to be said once a pod's status turns from its present one
/// into `now`: that an image could not be had, and that a container waits
/// before it is tried again.
std::vector<pod_remark> remarks_of_waiting(const core::v1::Pod& pod,
                                           const core::v1::PodStatus& now);

/// "web_default(uid)", as messages about its containers name a pod.
std::string identity_of(const core::v1::Pod& pod);

/// Why a container that has not been created waits: PodInitializing while
/// init containers are before it, ContainerCreating otherwise.
const char* first_wait(const core::v1::Pod& pod, const pod_state& state,
                       size_t container);

} // namespace troupe::rules
