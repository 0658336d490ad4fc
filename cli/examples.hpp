#pragma once

#include <string_view>

namespace troupe::cli {

/// Returns what the help of a command ("get", "create deployment") shows as
/// examples: lines of a comment and a command each. Every command has some.
std::string_view examples_of(std::string_view command);

} // namespace troupe::cli
