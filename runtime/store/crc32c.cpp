#include "runtime/store/crc32c.hpp"

#include <array>
#include <cstddef>

namespace troupe::store {

namespace {

using crc_table = std::array<std::array<uint32_t, 256>, 4>;

constexpr crc_table make_table() {
  crc_table table{};
  for (uint32_t i = 0; i < 256; ++i) {
    uint32_t crc = i;
    for (int bit = 0; bit < 8; ++bit)
      crc = (crc >> 1) ^ ((crc & 1) != 0 ? 0x82f63b78u : 0u);
    table[0][i] = crc;
  }
  for (uint32_t i = 0; i < 256; ++i)
    for (size_t k = 1; k < table.size(); ++k)
      table[k][i] = (table[k - 1][i] >> 8) ^ table[0][table[k - 1][i] & 0xff];
  return table;
}

constexpr crc_table table = make_table();

uint32_t byte_at(std::string_view bytes, size_t i) {
  return static_cast<unsigned char>(bytes[i]);
}

uint64_t mix(uint64_t x) {
  x ^= x >> 32;
  x *= 0xd6e8feb86659fd93u;
  x ^= x >> 32;
  return x;
}

} // namespace

uint32_t crc32c(std::string_view bytes, uint32_t crc) {
  crc = ~crc;
  size_t i = 0;
  for (; i + 4 <= bytes.size(); i += 4) {
    crc ^= byte_at(bytes, i) | byte_at(bytes, i + 1) << 8
           | byte_at(bytes, i + 2) << 16 | byte_at(bytes, i + 3) << 24;
    crc = table[3][crc & 0xff] ^ table[2][(crc >> 8) & 0xff]
          ^ table[1][(crc >> 16) & 0xff] ^ table[0][crc >> 24];
  }
  for (; i < bytes.size(); ++i)
    crc = (crc >> 8) ^ table[0][(crc ^ byte_at(bytes, i)) & 0xff];
  return ~crc;
}

uint64_t chain_hash(uint64_t seed, std::string_view bytes) {
  uint64_t hash = mix(seed + bytes.size() + 1);
  size_t i = 0;
  for (; i + 8 <= bytes.size(); i += 8) {
    uint64_t word = 0;
    for (size_t k = 0; k < 8; ++k)
      word |= uint64_t{byte_at(bytes, i + k)} << (8 * k);
    hash = mix((hash ^ word) * 0x9e3779b97f4a7c15u);
  }
  uint64_t rest = 0;
  for (size_t k = 0; i < bytes.size(); ++i, ++k)
    rest |= uint64_t{byte_at(bytes, i)} << (8 * k);
  return mix((hash ^ rest) * 0x9e3779b97f4a7c15u);
}

} // namespace troupe::store
