#pragma once

#include "messages/container.pb.h"
#include "messages/errors.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace troupe::oci {

/// A device file as a container shall have it.
struct device {
  std::string path;
  char type = 'c'; ///< 'c' or 'b'
  uint32_t major = 0;
  uint32_t minor = 0;
  uint32_t mode = 0; ///< permission bits
  uint32_t user = 0;
  uint32_t group = 0;
  std::string access; ///< "rwm"
};

/// Looks at what the container asks for: a folder stands for every device in
/// it. invalid for what is no device.
expected<std::vector<device>>
find_devices(const container::ContainerConfig& config);

/// Every device of the machine, for a privileged container. Terminals and
/// shared memory are a container's own.
std::vector<device> all_devices();

} // namespace troupe::oci
