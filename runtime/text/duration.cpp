#include "runtime/text/duration.hpp"

#include <array>
#include <cstdint>
#include <limits>
#include <optional>

namespace troupe::text {

namespace {

constexpr uint64_t second = 1'000'000'000;

struct unit {
  std::string_view name;
  uint64_t nanos;
};

// Longer names before those they start with.
constexpr unit units[] = {
    {"ns", 1},         {"us", 1000},  {"\u00b5s", 1000}, // micro sign
    {"\u03bcs", 1000},                                   // Greek letter mu
    {"ms", 1'000'000}, {"s", second}, {"m", 60 * second}, {"h", 3600 * second},
};

constexpr auto bound = static_cast<uint64_t>(1) << 63;

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

/// Takes digits off `str`; nothing when they do not fit.
std::optional<uint64_t> take_whole(std::string_view& str) {
  uint64_t result = 0;
  for (; !str.empty() && is_digit(str[0]); str.remove_prefix(1)) {
    if (result > bound / 10)
      return std::nullopt;
    result = result * 10 + static_cast<uint64_t>(str[0] - '0');
    if (result > bound)
      return std::nullopt;
  }
  return result;
}

struct fraction {
  uint64_t value = 0;
  double scale = 1;
};

/// Takes the digits behind a point; those too fine to matter are dropped.
fraction take_fraction(std::string_view& str) {
  fraction result;
  auto full = false;
  for (; !str.empty() && is_digit(str[0]); str.remove_prefix(1)) {
    full = full || result.value > (bound - 1) / 10 - 1;
    if (full)
      continue;
    result.value = result.value * 10 + static_cast<uint64_t>(str[0] - '0');
    result.scale *= 10;
  }
  return result;
}

const unit* take_unit(std::string_view& str) {
  auto length = str.find_first_of(".0123456789");
  auto name = str.substr(0, length);
  for (auto& candidate : units)
    if (candidate.name == name) {
      str.remove_prefix(name.size());
      return &candidate;
    }
  return nullptr;
}

/// Takes one number with its unit, in nanoseconds.
std::optional<uint64_t> take_part(std::string_view& str) {
  auto before = str.size();
  auto whole = take_whole(str);
  if (!whole)
    return std::nullopt;
  auto digits = before - str.size();
  fraction part;
  if (!str.empty() && str[0] == '.') {
    str.remove_prefix(1);
    before = str.size();
    part = take_fraction(str);
    digits += before - str.size();
  }
  if (digits == 0)
    return std::nullopt;
  auto* in = take_unit(str);
  if (in == nullptr || *whole > bound / in->nanos)
    return std::nullopt;
  auto result = *whole * in->nanos;
  if (part.value > 0)
    result +=
        static_cast<uint64_t>(static_cast<double>(part.value)
                              * (static_cast<double>(in->nanos) / part.scale));
  return result > bound ? std::nullopt : std::optional{result};
}

/// Prints `value` / `unit` with as many decimals as it needs.
std::string decimal(uint64_t value, uint64_t unit) {
  auto result = std::to_string(value / unit);
  auto rest = value % unit;
  if (rest == 0)
    return result;
  auto digits = std::to_string(rest + unit).substr(1);
  digits.erase(digits.find_last_not_of('0') + 1);
  return result + "." + digits;
}

std::string two(int64_t a, const char* a_unit, int64_t b, const char* b_unit) {
  auto result = std::to_string(a) + a_unit;
  return b == 0 ? result : result + std::to_string(b) + b_unit;
}

} // namespace

expected<std::chrono::nanoseconds> parse_duration(std::string_view str) {
  auto fail = [&] {
    return make_error(ec::bad_request,
                      "invalid duration \"" + std::string{str.substr(0, 64)}
                          + "\": must be a number with a unit, such as 300ms, "
                            "1.5h or 2h45m");
  };
  auto rest = str;
  auto negative = !rest.empty() && rest[0] == '-';
  if (negative || (!rest.empty() && rest[0] == '+'))
    rest.remove_prefix(1);
  if (rest == "0")
    return std::chrono::nanoseconds{0};
  if (rest.empty())
    return fail();
  uint64_t total = 0;
  while (!rest.empty()) {
    auto part = take_part(rest);
    if (!part)
      return fail();
    total += *part;
    if (total > bound)
      return fail();
  }
  if (total == bound && !negative)
    return fail();
  // The smallest value has no positive twin: negated without a sign.
  return std::chrono::nanoseconds{
      static_cast<int64_t>(negative ? 0 - total : total)};
}

std::string duration_text(std::chrono::nanoseconds d) {
  auto count = d.count();
  if (count == 0)
    return "0s";
  std::string sign = count < 0 ? "-" : "";
  auto nanos = static_cast<uint64_t>(count);
  if (count < 0)
    nanos = 0 - nanos;
  if (nanos < 1000)
    return sign + std::to_string(nanos) + "ns";
  if (nanos < 1'000'000)
    return sign + decimal(nanos, 1000) + "\u00b5s";
  if (nanos < second)
    return sign + decimal(nanos, 1'000'000) + "ms";
  auto result = decimal(nanos % (60 * second), second) + "s";
  auto minutes = nanos / (60 * second);
  if (minutes > 0)
    result = std::to_string(minutes % 60) + "m" + result;
  if (minutes >= 60)
    result = std::to_string(minutes / 60) + "h" + result;
  return sign + result;
}

std::string age_text(std::chrono::nanoseconds d) {
  auto seconds = d.count() / static_cast<int64_t>(second);
  if (seconds < -1)
    return "<invalid>";
  if (seconds < 0)
    return "0s";
  if (seconds < 60 * 2)
    return std::to_string(seconds) + "s";
  auto minutes = seconds / 60;
  if (minutes < 10)
    return two(minutes, "m", seconds % 60, "s");
  if (minutes < 60 * 3)
    return std::to_string(minutes) + "m";
  auto hours = minutes / 60;
  if (hours < 8)
    return two(hours, "h", minutes % 60, "m");
  if (hours < 48)
    return std::to_string(hours) + "h";
  auto days = hours / 24;
  if (hours < 24 * 8)
    return two(days, "d", hours % 24, "h");
  if (days < 365 * 2)
    return std::to_string(days) + "d";
  auto years = days / 365;
  if (years < 8)
    return two(years, "y", days % 365, "d");
  return std::to_string(years) + "y";
}

} // namespace troupe::text
