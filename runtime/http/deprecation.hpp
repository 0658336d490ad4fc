#pragma once

#include "messages/kinds.hpp"

#include <string>

namespace troupe::http {

/// Returns what is to be said to whoever uses an older version of a kind: since
/// when, until when, and what to use; "" for one that is not deprecated.
std::string deprecation_of(const kind_info& kind);

} // namespace troupe::http
