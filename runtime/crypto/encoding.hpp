#pragma once

#include "messages/errors.hpp"

#include <string>
#include <string_view>

namespace troupe::crypto {

/// Returns `bytes` as Base64 with padding and without line breaks.
std::string base64_encode(std::string_view bytes);

/// Returns what `text` encodes; spaces and line breaks are skipped. Fails with
/// ec::invalid when another character or a wrong length is met.
expected<std::string> base64_decode(std::string_view text);

/// Returns `bytes` as Base64 of the URL alphabet without padding.
std::string base64url_encode(std::string_view bytes);

/// Returns `bytes` as lower-case hexadecimal digits.
std::string hex_encode(std::string_view bytes);

/// Returns the SHA-256 of `bytes`, 32 bytes long.
std::string sha256(std::string_view bytes);

/// Compares in a time that depends on the lengths only.
bool equal_secrets(std::string_view a, std::string_view b);

} // namespace troupe::crypto
