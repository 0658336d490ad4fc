#include "runtime/text/template_printf.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cmath>
#include <cstdio>

namespace troupe::text {

namespace {

/// Wider than any column of a terminal.
constexpr int most_width = 1000;

struct verb {
  bool left = false;
  bool zeros = false;
  bool sign = false;
  int width = 0;
  int precision = -1;
  char letter = 0;
};

/// Go's %v: the shortest digits that tell the number from all others, with an
/// exponent below 1e-4 and from 1e6 on.
std::string shortest(double x) {
  char digits[64];
  auto wrote = std::to_chars(digits, digits + sizeof(digits), x,
                             std::chars_format::scientific);
  std::string text{digits, wrote.ptr};
  auto exponent = std::stoi(text.substr(text.find('e') + 1));
  if (x == 0 || (exponent >= -4 && exponent < 6)) {
    wrote = std::to_chars(digits, digits + sizeof(digits), x,
                          std::chars_format::fixed);
    return {digits, wrote.ptr};
  }
  return text;
}

std::string composite(const document& x) {
  std::string out = x.is_array() ? "[" : "map[";
  bool first = true;
  for (auto i = x.begin(); i != x.end(); ++i) {
    if (!std::exchange(first, false))
      out += ' ';
    if (x.is_object())
      out += i.key() + ":";
    out += template_text({std::shared_ptr<const document>{}, &*i}, "<nil>");
  }
  return out + "]";
}

std::string padded(std::string text, const verb& v) {
  auto width = static_cast<size_t>(v.width);
  size_t length = 0; // in characters, not bytes
  for (auto c : text)
    length += (static_cast<unsigned char>(c) & 0xc0) != 0x80;
  if (length >= width)
    return text;
  auto room = std::string(width - length, v.zeros && !v.left ? '0' : ' ');
  if (v.left)
    return text + room;
  // Zeros go behind a sign.
  if (v.zeros && !text.empty() && (text[0] == '-' || text[0] == '+'))
    return text[0] + room + text.substr(1);
  return room + text;
}

std::string quoted(const std::string& text) {
  return document(text).dump();
}

std::string in_hex(const std::string& bytes, bool upper) {
  std::string out;
  char two[3];
  for (auto c : bytes) {
    std::snprintf(two, sizeof(two), upper ? "%02X" : "%02x",
                  static_cast<unsigned>(static_cast<unsigned char>(c)));
    out += two;
  }
  return out;
}

std::string mismatch(char letter, const template_value& x) {
  return std::string{"%!"} + letter + "("
         + (x ? std::string{x->type_name()} + "=" : "")
         + template_text(x, "<nil>") + ")";
}

bool is_whole(const document& x) {
  return x.is_number_integer()
         || (x.is_number_float()
             && std::floor(x.get<double>()) == x.get<double>()
             && std::abs(x.get<double>()) < 9e18);
}

std::string whole(const verb& v, const document& x) {
  auto value = x.is_number_float() ? static_cast<int64_t>(x.get<double>())
                                   : x.get<int64_t>();
  char text[32];
  if (v.letter == 'd') {
    std::snprintf(text, sizeof(text), v.sign ? "%+lld" : "%lld",
                  static_cast<long long>(value));
  } else {
    std::snprintf(text, sizeof(text), v.letter == 'x' ? "%llx" : "%llX",
                  static_cast<unsigned long long>(std::abs(value)));
  }
  return value < 0 && v.letter != 'd' ? "-" + std::string{text} : text;
}

std::string real(const verb& v, double x) {
  char format[] = {'%', '.', '*', v.letter, 0};
  auto precision = v.precision < 0 ? 6 : v.precision;
  auto size = std::snprintf(nullptr, 0, format, precision, x);
  std::string text(static_cast<size_t>(size) + 1, 0);
  std::snprintf(text.data(), text.size(), format, precision, x);
  text.pop_back();
  return v.sign && x >= 0 ? "+" + text : text;
}

std::string written(const verb& v, const template_value& x) {
  auto is_text = x && x->is_string();
  switch (v.letter) {
    case 'v':
    case 's': {
      if (v.letter == 's' && x && (x->is_number() || x->is_boolean()))
        return mismatch('s', x);
      auto text = template_text(x, v.letter == 's' ? "%!s(<nil>)" : "<nil>");
      return v.precision >= 0 && is_text
                 ? text.substr(0, static_cast<size_t>(v.precision))
                 : text;
    }
    case 'q':
      return is_text ? quoted(x->get<std::string>()) : mismatch('q', x);
    case 't':
      return x && x->is_boolean() ? template_text(x) : mismatch('t', x);
    case 'd':
      return x && is_whole(*x) ? whole(v, *x) : mismatch('d', x);
    case 'x':
    case 'X':
      if (is_text)
        return in_hex(x->get<std::string>(), v.letter == 'X');
      return x && is_whole(*x) ? whole(v, *x) : mismatch(v.letter, x);
    case 'e':
    case 'f':
    case 'g':
      return x && x->is_number() ? real(v, x->get<double>())
                                 : mismatch(v.letter, x);
    default:
      return mismatch(v.letter, x);
  }
}

int read_number(std::string_view format, size_t& at) {
  int value = 0;
  for (; at < format.size()
         && std::isdigit(static_cast<unsigned char>(format[at])) != 0;
       ++at)
    value = std::min(10 * value + (format[at] - '0'), most_width);
  return value;
}

/// Reads what stands behind a percent sign.
verb read_verb(std::string_view format, size_t& at) {
  verb v;
  for (; at < format.size(); ++at) {
    if (format[at] == '-')
      v.left = true;
    else if (format[at] == '0')
      v.zeros = true;
    else if (format[at] == '+')
      v.sign = true;
    else if (format[at] != ' ' && format[at] != '#')
      break;
  }
  v.width = read_number(format, at);
  if (at < format.size() && format[at] == '.')
    v.precision = read_number(format, ++at);
  if (at < format.size())
    v.letter = format[at++];
  return v;
}

} // namespace

std::string template_text(const template_value& x, const std::string& missing) {
  if (!x || x->is_null())
    return missing;
  if (x->is_string())
    return x->get<std::string>();
  if (x->is_structured())
    return composite(*x);
  if (x->is_number_float())
    return shortest(x->get<double>());
  return x->dump();
}

expected<std::string> template_printf(std::string_view format,
                                      std::span<const template_value> args) {
  std::string out;
  size_t used = 0;
  for (size_t at = 0; at < format.size();) {
    if (format[at] != '%') {
      out += format[at++];
      continue;
    }
    auto v = read_verb(format, ++at);
    if (v.letter == '%')
      out += '%';
    else if (v.letter == 0)
      out += "%!(NOVERB)";
    else if (used >= args.size())
      out += std::string{"%!"} + v.letter + "(MISSING)";
    else
      out += padded(written(v, args[used++]), v);
  }
  if (used < args.size())
    out += "%!(EXTRA)";
  return out;
}

} // namespace troupe::text
