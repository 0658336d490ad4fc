#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace troupe::text {

namespace plain {

/// Bytes that stand for themselves within a JSON string that may become part of
/// a page. What is no ASCII has to be looked at.
inline constexpr auto table = [] {
  std::array<bool, 256> result{};
  for (size_t c = 0x20; c < 0x80; ++c)
    result[c] = c != '"' && c != '\\' && c != '<' && c != '>' && c != '&';
  return result;
}();

/// Whether all of a block's bytes are plain. Blocks are as wide as registers
/// are. Bytes are signed: what is no ASCII counts as less than a space.
template <size_t Size>
bool is_block(const char* from) {
  typedef signed char block __attribute__((vector_size(Size)));
  block bytes;
  std::memcpy(&bytes, from, Size);
  // < and > differ in one bit only.
  block special = (bytes < ' ') | (bytes == '"') | (bytes == '\\')
                  | (bytes == '&') | ((bytes | 2) == '>');
  std::array<uint64_t, Size / 8> words;
  std::memcpy(words.data(), &special, Size);
  uint64_t any = 0;
  for (auto word : words)
    any |= word;
  return any == 0;
}

} // namespace plain

constexpr bool is_plain(char c) {
  return plain::table[static_cast<unsigned char>(c)];
}

/// Returns how many bytes from `at` on are plain.
inline size_t plain_run(std::string_view text, size_t at) {
  auto begin = at;
  auto end = text.size();
  while (end - at >= 16 && plain::is_block<16>(text.data() + at))
    at += 16;
  // The last block may overlap the one before.
  if (end - begin >= 16 && end - at < 16
      && plain::is_block<16>(text.data() + end - 16))
    return end - begin;
  if (end - at >= 8 && plain::is_block<8>(text.data() + at)) {
    at += 8;
    if (end - at < 8 && plain::is_block<8>(text.data() + end - 8))
      return end - begin;
  }
  while (at < end && is_plain(text[at]))
    ++at;
  return at - begin;
}

} // namespace troupe::text
