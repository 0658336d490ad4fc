#pragma once

#include "messages/kinds.hpp"
#include "runtime/rules/versions.hpp"

#include <string_view>

namespace troupe::rules {

/// Returns a stored kind in the version that a client speaks; the stored kind
/// itself where it has no such version.
inline const kind_info& kind_at(const kind_info& stored,
                                std::string_view api_version) {
  auto* found = find_kind(api_version, stored.kind);
  return found != nullptr && is_form_of(*found, stored) ? *found : stored;
}

} // namespace troupe::rules
