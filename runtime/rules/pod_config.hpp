#pragma once

#include "messages/errors.hpp"
#include "runtime/rules/pod_dns.hpp"
#include "runtime/rules/pod_env.hpp"
#include "runtime/rules/pod_volumes.hpp"

#include <functional>
#include <string>

namespace troupe::container {
class ContainerConfig;
class SandboxConfig;
} // namespace troupe::container

namespace troupe::rules {

/// Returns the sandbox that the runtime is asked for. `address` is the pod's;
/// with `own_network` it has a network namespace of its own.
container::SandboxConfig
sandbox_config(const core::v1::Pod& pod, uint32_t attempt,
               const std::string& address, bool own_network,
               const std::string& log_folder, const name_facts& names);

/// Returns container `i` as the runtime is asked for it: command and arguments
/// with variables put in, mounts with their places on the machine, what it may
/// use of a machine of so much memory.
expected<container::ContainerConfig> container_config(
    const core::v1::Pod& pod, size_t i, uint32_t attempt, const env_list& env,
    const std::function<std::string(const std::string& volume)>& place_of,
    int64_t node_memory = 0);

/// Folders within volumes ("volume/path") that the container's mounts speak of
/// by subPath and that must exist before.
std::vector<std::string> sub_folders(const core::v1::Pod& pod, size_t i,
                                     const env_list& env);

/// Always, IfNotPresent or Never; as Kubernetes would have it where the
/// container does not say.
std::string pull_policy(const core::v1::Container& container);

} // namespace troupe::rules
