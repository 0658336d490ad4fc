#include "runtime/text/yaml_style.hpp"

#include "runtime/text/yaml_scalar.hpp"

namespace troupe::text {

namespace {

/// What stands in the way of the plainer styles, as libyaml analyses it.
struct analysis {
  bool plain = true;
  bool single_quoted = true;
  bool block = true;
};

struct traits {
  bool indicators = false;
  bool special = false;
  bool breaks = false;
  bool leading_space = false;
  bool leading_break = false;
  bool trailing_space = false;
  bool trailing_break = false;
  bool break_space = false; ///< a break, then a space
  bool space_break = false; ///< a space, then a break
};

bool is_blank_or_break(std::string_view str, size_t pos) {
  if (pos >= str.size())
    return true;
  auto c = char_at(str, pos).code;
  return c == ' ' || c == '\t' || is_yaml_break(c);
}

bool is_indicator(std::string_view str, size_t pos, bool preceded_by_space) {
  auto c = str[pos];
  auto followed_by_space = is_blank_or_break(str, pos + 1);
  if (pos == 0) {
    constexpr std::string_view always = "#,[]{}&*!|>'\"%@`";
    if (always.find(c) != std::string_view::npos)
      return true;
    return (c == '?' || c == ':' || c == '-') && followed_by_space;
  }
  return (c == ':' && followed_by_space) || (c == '#' && preceded_by_space);
}

traits traits_of(std::string_view str) {
  traits t;
  t.indicators = str.starts_with("---") || str.starts_with("...");
  auto preceded_by_space = true;
  auto previous_space = false;
  auto previous_break = false;
  for (size_t i = 0; i < str.size();) {
    auto [code, size] = char_at(str, i);
    auto last = i + size >= str.size();
    t.indicators = t.indicators || is_indicator(str, i, preceded_by_space);
    auto is_break = is_yaml_break(code);
    // Breaks that YAML 1.2 no longer knows are only safe as escapes.
    t.special =
        t.special || !is_yaml_printable(code) || (is_break && code != '\n');
    auto is_space = code == ' ';
    t.breaks = t.breaks || is_break;
    if (is_space) {
      t.leading_space = t.leading_space || i == 0;
      t.trailing_space = t.trailing_space || last;
      t.break_space = t.break_space || previous_break;
    } else if (is_break) {
      t.leading_break = t.leading_break || i == 0;
      t.trailing_break = t.trailing_break || last;
      t.space_break = t.space_break || previous_space;
    }
    previous_space = is_space;
    previous_break = is_break;
    preceded_by_space = is_space || code == '\t' || is_break;
    i += size;
  }
  return t;
}

analysis analyse(std::string_view str) {
  analysis result;
  if (str.empty()) {
    result.block = false;
    return result;
  }
  auto t = traits_of(str);
  if (t.leading_space || t.leading_break || t.trailing_space || t.trailing_break
      || t.breaks || t.indicators)
    result.plain = false;
  if (t.trailing_space)
    result.block = false;
  if (t.break_space)
    result.plain = result.single_quoted = false;
  if (t.space_break || t.special)
    result.plain = result.single_quoted = result.block = false;
  return result;
}

} // namespace

yaml_char char_at(std::string_view str, size_t pos) {
  auto byte = [&](size_t i) {
    return pos + i < str.size() ? static_cast<unsigned char>(str[pos + i]) : 0U;
  };
  auto lead = byte(0);
  if (lead < 0x80)
    return {lead, 1};
  if (lead < 0xE0)
    return {(lead & 0x1FU) << 6 | (byte(1) & 0x3FU), 2};
  if (lead < 0xF0)
    return {(lead & 0x0FU) << 12 | (byte(1) & 0x3FU) << 6 | (byte(2) & 0x3FU),
            3};
  return {(lead & 0x07U) << 18 | (byte(1) & 0x3FU) << 12
              | (byte(2) & 0x3FU) << 6 | (byte(3) & 0x3FU),
          4};
}

bool is_yaml_break(uint32_t code) {
  return code == '\n' || code == '\r' || code == 0x85 || code == 0x2028
         || code == 0x2029;
}

bool is_yaml_printable(uint32_t code) {
  return code == '\n' || (code >= 0x20 && code <= 0x7E)
         || (code >= 0xA0 && code <= 0xD7FF)
         || (code >= 0xE000 && code <= 0xFFFD && code != 0xFEFF);
}

yaml_style style_of(std::string_view str, bool in_key) {
  auto meaning = resolve_yaml(str).meaning;
  auto can_be_plain = meaning == yaml_meaning::string && !is_base60(str);
  auto a = analyse(str);
  if (str.find('\n') != std::string_view::npos)
    return a.block && !in_key ? yaml_style::literal : yaml_style::double_quoted;
  if (!can_be_plain)
    return yaml_style::double_quoted;
  if (a.plain)
    return yaml_style::plain;
  return a.single_quoted ? yaml_style::single_quoted
                         : yaml_style::double_quoted;
}

} // namespace troupe::text
