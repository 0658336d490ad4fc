#pragma once

#include "runtime/dns/message.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace troupe::dns {

/// Bytes of a text such as "1f 00 'web' 03".
inline std::string bytes(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    if (text.front() == ' ' || text.front() == '\n') {
      text.remove_prefix(1);
    } else if (text.front() == '\'') {
      auto end = text.find('\'', 1);
      out += text.substr(1, end - 1);
      text.remove_prefix(end + 1);
    } else {
      out += static_cast<char>(
          std::stoi(std::string{text.substr(0, 2)}, nullptr, 16));
      text.remove_prefix(2);
    }
  }
  return out;
}

inline name named(std::string_view text) {
  auto out = name::parse(text);
  EXPECT_TRUE(out) << text;
  return out.value_or(name{});
}

/// A question as a resolver asks it, number 0x1234.
inline message asked(std::string_view text, uint16_t type) {
  message out;
  out.id = 0x1234;
  out.recursion_desired = true;
  out.questions = {{named(text), type, class_in}};
  return out;
}

/// The data of an A record.
inline std::string data_of(uint8_t a, uint8_t b, uint8_t c, uint8_t d) {
  return {static_cast<char>(a), static_cast<char>(b), static_cast<char>(c),
          static_cast<char>(d)};
}

} // namespace troupe::dns
