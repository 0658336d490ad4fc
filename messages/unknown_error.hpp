#pragma once

#include "messages/errors.hpp"

namespace troupe {

/// Kubernetes answers some faults with code 500 and no reason; clients print
/// these as `Error from server: MESSAGE`.
inline constexpr ec unknown_error = static_cast<ec>(64);

} // namespace troupe
