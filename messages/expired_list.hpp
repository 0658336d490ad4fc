#pragma once

#include "messages/errors.hpp"

namespace troupe {

/// Returns Expired for a page of a list that cannot be shown any more; its
/// Status carries a token to go on with, in its metadata.
caf::error expired_list(std::string message, std::string continue_token);

} // namespace troupe
