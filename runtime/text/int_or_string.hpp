#pragma once

#include "messages/errors.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace troupe::meta::v1 {
class IntOrString;
} // namespace troupe::meta::v1

namespace troupe::text {

enum class rounding : uint8_t { up, down };

/// Returns the number, or the percentage of `total`. Fails for a string that
/// is no percentage.
expected<int32_t> scaled_value(const meta::v1::IntOrString& x, int32_t total,
                               rounding how);

/// Returns "8080" or "25%".
std::string int_or_string_text(const meta::v1::IntOrString& x);

meta::v1::IntOrString int_or_string(int32_t value);
meta::v1::IntOrString int_or_string(std::string_view value);

/// Returns a number where `value` reads as one, a string otherwise.
meta::v1::IntOrString parse_int_or_string(std::string_view value);

bool is_string(const meta::v1::IntOrString& x);

} // namespace troupe::text
