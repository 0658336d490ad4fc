#pragma once

#include <optional>
#include <string>
#include <string_view>

/// Bodies that clients of Kubernetes 1.20 send and that there is no kind for
/// any more.
namespace troupe::http {

/// Returns what an update with `EphemeralContainers`, the list that 1.20 has
/// for the containers that join a pod, asks of the pod: a strategic merge
/// patch. Nothing when the body is not of that kind.
///
/// It adds, and leaves what the body does not list: such a client has read the
/// pod instead of the list, and takes it for empty. One that says which version
/// it changes is held to it.
std::optional<std::string> patch_of_late_containers(std::string_view body);

} // namespace troupe::http
