#pragma once

#include <string>
#include <string_view>

namespace troupe {

/// Returns what the .proto files say of a message or a field, by its full
/// name ("troupe.core.v1.Pod", "troupe.core.v1.PodSpec.volumes"); "" where
/// they say nothing. Searches: for people who ask, not for hot paths.
std::string comment_of(std::string_view full_name);

} // namespace troupe
