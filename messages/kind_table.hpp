#pragma once

#include "messages/kinds.hpp"

#include <vector>

namespace troupe {

/// Returns all kinds, made anew of the table of what each has of its own. For
/// `all_kinds`, which keeps them.
std::vector<kind_info> make_kinds();

} // namespace troupe
