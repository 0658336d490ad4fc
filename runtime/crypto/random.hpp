#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace troupe::crypto {

/// Returns bytes that nobody can guess. Throws std::runtime_error when the
/// system has no entropy, which ends the caller: nothing can be kept secret.
std::string random_bytes(size_t count);

/// Returns a secret of 256 bits, spelled in URL-safe characters.
std::string new_secret();

/// Returns the random part of a name or a token: `length` lower-case letters
/// and digits.
std::string random_word(size_t length);

/// Returns a UID of RFC 4122, version 4, from 128 bits of `bytes`: the same
/// bytes give the same UID, so that a simulation can repeat itself.
std::string uid_from(uint64_t high, uint64_t low);

} // namespace troupe::crypto
