#pragma once

#include "messages/kinds.hpp"

namespace troupe::rules {

/// Returns which helpers, as bits, act on objects of a kind on which nothing of
/// ours does; 0 for all other kinds.
unsigned helpers_with(const kind_info& kind);

} // namespace troupe::rules
