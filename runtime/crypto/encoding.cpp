#include "runtime/crypto/encoding.hpp"

#include <openssl/crypto.h>
#include <openssl/sha.h>

#include <array>
#include <cstdint>

namespace troupe::crypto {

namespace {

constexpr std::string_view standard_alphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::string_view url_alphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

std::string encode(std::string_view bytes, std::string_view alphabet,
                   bool padded) {
  std::string out;
  out.reserve((bytes.size() + 2) / 3 * 4);
  for (size_t i = 0; i < bytes.size(); i += 3) {
    auto left = std::min<size_t>(3, bytes.size() - i);
    uint32_t word = 0;
    for (size_t k = 0; k < 3; ++k)
      word = word << 8 | (k < left ? static_cast<uint8_t>(bytes[i + k]) : 0u);
    for (size_t k = 0; k < 4; ++k) {
      if (k <= left)
        out += alphabet[word >> (18 - 6 * k) & 63];
      else if (padded)
        out += '=';
    }
  }
  return out;
}

constexpr std::array<int8_t, 256> decoding_table() {
  std::array<int8_t, 256> table{};
  table.fill(-1);
  for (size_t i = 0; i < standard_alphabet.size(); ++i)
    table[static_cast<uint8_t>(standard_alphabet[i])] = static_cast<int8_t>(i);
  return table;
}

bool is_blank(char c) {
  return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

} // namespace

std::string base64_encode(std::string_view bytes) {
  return encode(bytes, standard_alphabet, true);
}

std::string base64url_encode(std::string_view bytes) {
  return encode(bytes, url_alphabet, false);
}

expected<std::string> base64_decode(std::string_view text) {
  static constexpr auto table = decoding_table();
  std::string out;
  out.reserve(text.size() / 4 * 3);
  uint32_t word = 0;
  size_t digits = 0, padding = 0;
  for (auto c : text) {
    if (is_blank(c))
      continue;
    if (c == '=') {
      ++padding;
      continue;
    }
    auto value = table[static_cast<uint8_t>(c)];
    if (value < 0 || padding > 0)
      return make_error(ec::invalid, "not Base64: unexpected character");
    word = word << 6 | static_cast<uint32_t>(value);
    ++digits;
    if (digits % 4 == 0)
      for (auto shift : {16, 8, 0})
        out += static_cast<char>(word >> shift & 255);
  }
  if (digits % 4 == 1 || padding != (4 - digits % 4) % 4)
    return make_error(ec::invalid, "not Base64: wrong length or padding");
  if (digits % 4 == 2) {
    out += static_cast<char>(word >> 4 & 255);
  } else if (digits % 4 == 3) {
    out += static_cast<char>(word >> 10 & 255);
    out += static_cast<char>(word >> 2 & 255);
  }
  return out;
}

std::string hex_encode(std::string_view bytes) {
  static constexpr std::string_view digits = "0123456789abcdef";
  std::string out;
  out.reserve(bytes.size() * 2);
  for (auto c : bytes) {
    out += digits[static_cast<uint8_t>(c) >> 4];
    out += digits[static_cast<uint8_t>(c) & 15];
  }
  return out;
}

std::string sha256(std::string_view bytes) {
  std::string out(SHA256_DIGEST_LENGTH, '\0');
  SHA256(reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(),
         reinterpret_cast<unsigned char*>(out.data()));
  return out;
}

bool equal_secrets(std::string_view a, std::string_view b) {
  return a.size() == b.size()
         && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

} // namespace troupe::crypto
