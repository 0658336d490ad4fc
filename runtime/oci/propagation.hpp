#pragma once

#include "messages/container.pb.h"
#include "messages/errors.hpp"

#include <string>
#include <string_view>

namespace troupe::oci {

/// Whether mounts below the volume's source go to and from it as the container
/// asks; invalid when the mount that it is on does not share them. `mountinfo`
/// is the text of /proc/self/mountinfo.
caf::error check_propagation(std::string_view mountinfo,
                             const container::Mount& volume);

} // namespace troupe::oci
