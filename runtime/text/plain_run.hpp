#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace troupe::text {

/// Whether a byte stands for itself within a JSON string that may become part
/// of a page. What is no ASCII has to be looked at.
constexpr bool is_plain(char c) {
  auto byte = static_cast<unsigned char>(c);
  return byte >= 0x20 && byte < 0x80 && c != '"' && c != '\\' && c != '<'
         && c != '>' && c != '&';
}

/// Returns how many bytes from `at` on are plain.
inline size_t plain_run(std::string_view text, size_t at) {
  constexpr uint64_t ones = 0x0101010101010101;
  constexpr uint64_t tops = ones * 0x80;
  auto begin = at;
  // Eight at a time: the top bit of a byte is set where the byte, or one
  // before it, is not plain.
  for (uint64_t word = 0; text.size() - at >= sizeof(word);
       at += sizeof(word)) {
    std::memcpy(&word, text.data() + at, sizeof(word));
    auto quote = word ^ ones * '"';
    auto slash = word ^ ones * '\\';
    // < and > differ in one bit only.
    auto angle = (word | ones * 2) ^ ones * '>';
    auto ampersand = word ^ ones * '&';
    auto special = ((word - ones * ' ') & ~word) | ((quote - ones) & ~quote)
                   | ((slash - ones) & ~slash) | ((angle - ones) & ~angle)
                   | ((ampersand - ones) & ~ampersand) | word;
    if ((special & tops) != 0)
      break;
  }
  while (at < text.size() && is_plain(text[at]))
    ++at;
  return at - begin;
}

} // namespace troupe::text
