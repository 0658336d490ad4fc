#include "runtime/text/yaml_scalar.hpp"

#include "runtime/text/json_writer.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cmath>
#include <optional>

namespace troupe::text {

namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

template <size_t N>
bool is_one_of(std::string_view str, const std::string_view (&words)[N]) {
  return std::find(std::begin(words), std::end(words), str) != std::end(words);
}

constexpr std::string_view nulls[] = {"", "~", "null", "Null", "NULL"};
constexpr std::string_view trues[] = {
    "y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"};
constexpr std::string_view falses[] = {
    "n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"};
constexpr std::string_view not_json[] = {".nan",  ".NaN",  ".NAN",  ".inf",
                                         ".Inf",  ".INF",  "+.inf", "+.Inf",
                                         "+.INF", "-.inf", "-.Inf", "-.INF"};

size_t count_digits(std::string_view str) {
  return std::min(str.find_first_not_of("0123456789"), str.size());
}

/// Takes a number of `low` to `high` digits; -1 when there is none.
int take_number(std::string_view& str, size_t low, size_t high) {
  auto n = count_digits(str);
  if (n < low || n > high)
    return -1;
  int result = 0;
  std::from_chars(str.data(), str.data() + n, result);
  str.remove_prefix(n);
  return result;
}

bool take(std::string_view& str, char c) {
  if (!str.starts_with(c))
    return false;
  str.remove_prefix(1);
  return true;
}

/// Whether `str` is "Z" or an offset such as +01:00.
bool is_zone(std::string_view str) {
  if (str == "Z")
    return true;
  if (!take(str, '+') && !take(str, '-'))
    return false;
  auto hours = take_number(str, 2, 2);
  return hours >= 0 && hours < 25 && take(str, ':')
         && take_number(str, 2, 2) >= 0 && str.empty();
}

bool is_clock(std::string_view str, bool with_zone) {
  auto hour = take_number(str, 1, 2);
  if (hour < 0 || hour > 23 || !take(str, ':'))
    return false;
  auto minute = take_number(str, 1, 2);
  if (minute < 0 || minute > 59 || !take(str, ':'))
    return false;
  auto second = take_number(str, 1, 2);
  if (second < 0 || second > 59)
    return false;
  if (take(str, '.') || take(str, ',')) {
    auto n = count_digits(str);
    if (n == 0)
      return false;
    str.remove_prefix(n);
  }
  return with_zone ? is_zone(str) : str.empty();
}

bool is_timestamp(std::string_view str) {
  auto year = take_number(str, 4, 4);
  if (year < 0 || !take(str, '-'))
    return false;
  auto month = take_number(str, 1, 2);
  if (month < 0 || !take(str, '-'))
    return false;
  auto day = take_number(str, 1, 2);
  auto date = std::chrono::year{year} / month / day;
  if (day < 0 || !date.ok())
    return false;
  if (str.empty())
    return true;
  if (take(str, 'T') || take(str, 't'))
    return is_clock(str, true);
  return take(str, ' ') && is_clock(str, false);
}

/// Reads what Go's ParseInt and ParseUint read with base 0.
std::optional<std::string> integer_text(std::string_view str) {
  auto negative = str.starts_with('-');
  if (negative || str.starts_with('+'))
    str.remove_prefix(1);
  auto base = 10;
  auto prefix = [&](char lower, char upper) {
    return str.size() > 1 && str[0] == '0'
           && (str[1] == lower || str[1] == upper);
  };
  if (prefix('x', 'X'))
    base = 16;
  else if (prefix('b', 'B'))
    base = 2;
  else if (prefix('o', 'O'))
    base = 8;
  if (base != 10) {
    str.remove_prefix(2);
  } else if (str.size() > 1 && str[0] == '0') {
    base = 8;
    str.remove_prefix(1);
  }
  uint64_t value = 0;
  auto end = str.data() + str.size();
  auto [last, err] = std::from_chars(str.data(), end, value, base);
  constexpr auto half = static_cast<uint64_t>(1) << 63;
  if (str.empty() || last != end || err != std::errc{}
      || (negative && value > half))
    return std::nullopt;
  auto digits = std::to_string(value);
  return negative && value != 0 ? "-" + digits : digits;
}

/// Reads [-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?
std::optional<double> real_value(std::string_view str) {
  auto negative = str.starts_with('-');
  if (negative || str.starts_with('+'))
    str.remove_prefix(1);
  auto rest = str;
  auto whole = count_digits(rest);
  rest.remove_prefix(whole);
  if (take(rest, '.')) {
    auto fraction = count_digits(rest);
    if (whole == 0 && fraction == 0)
      return std::nullopt;
    rest.remove_prefix(fraction);
  } else if (whole == 0) {
    return std::nullopt;
  }
  if (take(rest, 'e') || take(rest, 'E')) {
    if (!take(rest, '-'))
      take(rest, '+');
    auto exponent = count_digits(rest);
    if (exponent == 0)
      return std::nullopt;
    rest.remove_prefix(exponent);
  }
  if (!rest.empty())
    return std::nullopt;
  double value = 0;
  auto [last, err] =
      std::from_chars(str.data(), str.data() + str.size(), value);
  if (last != str.data() + str.size() || err != std::errc{})
    return std::nullopt;
  return negative ? -value : value;
}

yaml_value real(double value) {
  yaml_value result{yaml_meaning::real, {}};
  append_json_number(result.json, value);
  return result;
}

} // namespace

yaml_value resolve_yaml(std::string_view plain) {
  if (is_one_of(plain, nulls))
    return {yaml_meaning::null, "null"};
  if (is_one_of(plain, trues))
    return {yaml_meaning::boolean, "true"};
  if (is_one_of(plain, falses))
    return {yaml_meaning::boolean, "false"};
  if (is_one_of(plain, not_json))
    return {yaml_meaning::not_json, {}};
  if (plain == "<<")
    return {yaml_meaning::merge, {}};
  if (plain[0] == '.') {
    auto value = real_value(plain);
    return value ? real(*value) : yaml_value{};
  }
  if (!is_digit(plain[0]) && plain[0] != '+' && plain[0] != '-')
    return {};
  if (is_timestamp(plain))
    return {yaml_meaning::timestamp, {}};
  std::string digits{plain};
  std::erase(digits, '_');
  if (auto integer = integer_text(digits))
    return {yaml_meaning::integer, *integer};
  if (auto value = real_value(digits))
    return real(*value);
  return {};
}

bool is_base60(std::string_view str) {
  if (!take(str, '-'))
    take(str, '+');
  if (str.empty() || !is_digit(str[0]))
    return false;
  auto n = std::min(str.find_first_not_of("0123456789_"), str.size());
  str.remove_prefix(n);
  auto parts = 0;
  for (; take(str, ':'); ++parts) {
    auto value = take_number(str, 1, 2);
    if (value < 0 || value > 59)
      return false;
  }
  if (take(str, '.'))
    str.remove_prefix(
        std::min(str.find_first_not_of("0123456789_"), str.size()));
  return parts > 0 && str.empty();
}

} // namespace troupe::text
