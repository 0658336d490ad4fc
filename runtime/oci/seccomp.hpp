#pragma once

#include <nlohmann/json_fwd.hpp>

#include <cstdint>

namespace troupe::oci {

/// The system calls of a container whose profile is RuntimeDefault, as OCI's
/// runtime specification has them: what is not listed fails with EPERM, so that
/// keys of the kernel, modules, mounts, clocks, other processes' memory and new
/// user namespaces stay out of reach, unless the container has the capability
/// for them.
nlohmann::json default_seccomp(uint64_t capabilities);

} // namespace troupe::oci
