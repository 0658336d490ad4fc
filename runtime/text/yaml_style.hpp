#pragma once

#include <cstdint>
#include <string_view>

namespace troupe::text {

enum class yaml_style : uint8_t {
  plain,
  single_quoted,
  double_quoted,
  literal
};

/// Returns how a string is written in block context. `in_key` is true for the
/// keys of mappings, which stay on one line.
yaml_style style_of(std::string_view str, bool in_key);

/// One character of UTF-8 text.
struct yaml_char {
  uint32_t code = 0;
  size_t size = 1;
};

yaml_char char_at(std::string_view str, size_t pos);

bool is_yaml_printable(uint32_t code);
bool is_yaml_break(uint32_t code);

} // namespace troupe::text
