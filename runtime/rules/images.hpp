#pragma once

#include <string>
#include <string_view>

namespace troupe::rules {

/// Returns Always for an image with the tag `latest` or with neither tag nor
/// digest, and IfNotPresent for any other.
std::string default_image_pull_policy(std::string_view image);

} // namespace troupe::rules
