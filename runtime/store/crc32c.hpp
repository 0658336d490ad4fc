#pragma once

#include <cstdint>
#include <string_view>

namespace troupe::store {

/// The Castagnoli CRC of `bytes`; `crc` is that of what stands before them.
uint32_t crc32c(std::string_view bytes, uint32_t crc = 0);

/// A 64-bit mark of `bytes` chained to `seed`. It finds accidents; it is no
/// protection against intent.
uint64_t chain_hash(uint64_t seed, std::string_view bytes);

} // namespace troupe::store
