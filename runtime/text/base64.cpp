#include "runtime/text/base64.hpp"

#include <array>
#include <cstdint>

namespace troupe::text {

namespace {

constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                      "abcdefghijklmnopqrstuvwxyz"
                                      "0123456789+/";

constexpr std::array<int8_t, 256> make_values() {
  std::array<int8_t, 256> result{};
  for (auto& value : result)
    value = -1;
  for (size_t i = 0; i < alphabet.size(); ++i)
    result[static_cast<unsigned char>(alphabet[i])] = static_cast<int8_t>(i);
  return result;
}

constexpr auto values = make_values();

} // namespace

std::string base64_encode(std::string_view bytes) {
  std::string result;
  result.reserve((bytes.size() + 2) / 3 * 4);
  for (size_t i = 0; i < bytes.size(); i += 3) {
    auto part = bytes.substr(i, 3);
    uint32_t bits = 0;
    for (size_t j = 0; j < 3; ++j)
      bits = bits << 8
             | (j < part.size() ? static_cast<unsigned char>(part[j]) : 0U);
    for (size_t j = 0; j < 4; ++j)
      result += j <= part.size() ? alphabet[(bits >> (18 - 6 * j)) & 63] : '=';
  }
  return result;
}

std::optional<std::string> base64_decode(std::string_view str) {
  std::string result;
  result.reserve(str.size() / 4 * 3);
  uint32_t bits = 0;
  int count = 0;
  int padding = 0;
  for (auto c : str) {
    if (c == '\n' || c == '\r')
      continue;
    auto value = values[static_cast<unsigned char>(c)];
    if (c == '=')
      ++padding;
    else if (value < 0 || padding > 0)
      return std::nullopt;
    bits = bits << 6 | (c == '=' ? 0U : static_cast<uint32_t>(value));
    if (++count % 4 != 0)
      continue;
    for (int shift = 16; shift >= padding * 8; shift -= 8)
      result += static_cast<char>(bits >> shift & 0xFF);
    bits = 0;
  }
  if (count % 4 != 0 || padding > 2)
    return std::nullopt;
  return result;
}

} // namespace troupe::text
