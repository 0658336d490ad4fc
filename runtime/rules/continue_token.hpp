#pragma once

#include "messages/errors.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace troupe::rules {

/// Where the next page of a list begins, and the revision that all of its
/// pages show.
struct continue_token {
  uint64_t revision = 0; ///< 0: whatever is newest then
  std::string after;     ///< "namespace/name" of the last object before it
  /// How many objects follow; none where nobody counted.
  std::optional<int64_t> left;
};

/// Returns the form that clients hand back; they must not look into it.
std::string encode(const continue_token& token);

/// Returns the token that goes on behind the same object, but with the newest
/// state: the pages before show an older one.
continue_token inconsistent(const continue_token& token);

/// Fails with BadRequest when it is none of ours.
expected<continue_token> decode_continue_token(const std::string& text);

} // namespace troupe::rules
