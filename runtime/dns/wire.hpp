#pragma once

#include <cstdint>
#include <string>
#include <string_view>

/// Numbers as DNS writes them: the highest byte first.
namespace troupe::dns {

inline void put16(std::string& out, uint16_t x) {
  out += static_cast<char>(x >> 8);
  out += static_cast<char>(x & 0xff);
}

inline void put32(std::string& out, uint32_t x) {
  put16(out, static_cast<uint16_t>(x >> 16));
  put16(out, static_cast<uint16_t>(x & 0xffff));
}

/// Precondition: there are two bytes at `at`.
inline uint16_t get16(std::string_view bytes, size_t at) {
  return static_cast<uint16_t>(static_cast<uint8_t>(bytes[at]) << 8
                               | static_cast<uint8_t>(bytes[at + 1]));
}

/// Precondition: there are four bytes at `at`.
inline uint32_t get32(std::string_view bytes, size_t at) {
  return static_cast<uint32_t>(get16(bytes, at)) << 16 | get16(bytes, at + 2);
}

/// What the data of a record of this type begins with, as far as names are in
/// it: N is a name, 2 and 4 are numbers of so many bytes, S is a text behind
/// its length. The rest are bytes. Null where no name may be compressed
/// (RFC 3597, section 4).
const char* layout_of(uint16_t type);

} // namespace troupe::dns
