#pragma once

#include "runtime/oci/spec.hpp"

#include <nlohmann/json.hpp>

namespace troupe::oci {

/// The mounts of a container in their order; the sources of its volumes are
/// taken down.
expected<nlohmann::json>
describe_mounts(const container::ContainerConfig& config,
                const surroundings& around, std::vector<std::string>& volumes);

/// What a process has beside its words: user, variables, capabilities.
expected<nlohmann::json>
describe_process(const container::ContainerConfig& config,
                 const process::image_config& image,
                 const surroundings& around);

/// Control groups: path, limits, devices.
nlohmann::json describe_resources(const container::ContainerConfig& config,
                                  const surroundings& around);

caf::error refuse(const std::string& field, const std::string& why);

} // namespace troupe::oci
