#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace troupe::text {

/// Standard alphabet, with padding.
std::string base64_encode(std::string_view bytes);

/// Returns nothing when `str` is no padded base64; line breaks are skipped.
std::optional<std::string> base64_decode(std::string_view str);

} // namespace troupe::text
