#pragma once

#include "messages/errors.hpp"

#include <string>

namespace troupe::rules {

/// Returns the refusal of an update whose object says no name: BadRequest.
/// `name` is that of the path.
caf::error nameless(const std::string& name);

} // namespace troupe::rules
