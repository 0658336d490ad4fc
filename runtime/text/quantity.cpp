#include "runtime/text/quantity.hpp"

#include "messages/api/meta.pb.h"

#include <algorithm>
#include <charconv>
#include <limits>
#include <optional>

namespace troupe::text {

namespace {

__extension__ using wide = __int128;
using family = quantity::family;

constexpr wide nano = 1'000'000'000;
constexpr wide wide_max = ~(static_cast<wide>(1) << 127);
constexpr wide int64_max = std::numeric_limits<int64_t>::max();

constexpr wide power_of_ten(int n) {
  wide result = 1;
  for (; n > 0; --n)
    result *= 10;
  return result;
}

// What parse() accepts, in billionths.
constexpr wide parse_bound = power_of_ten(27 + 9);

struct suffix {
  family form;
  int exponent; // of ten, or of two for the binary family
};

constexpr std::string_view decimal_suffixes[] = {"n", "u", "m", "",  "k",
                                                 "M", "G", "T", "P", "E"};
constexpr std::string_view binary_suffixes[] = {"",   "Ki", "Mi", "Gi",
                                                "Ti", "Pi", "Ei"};

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

caf::error malformed(std::string_view str) {
  return make_error(ec::bad_request,
                    "\"" + std::string{str.substr(0, 64)}
                        + "\": quantities must match the regular expression "
                          "'^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'");
}

/// Reads "e3", "E+3", "e-3"; what no int can hold becomes the nearest one.
std::optional<int> parse_exponent(std::string_view str) {
  if (str.size() < 2 || (str[0] != 'e' && str[0] != 'E'))
    return std::nullopt;
  auto negative = str[1] == '-';
  auto digits = str.substr(negative || str[1] == '+' ? 2 : 1);
  if (digits.empty() || !is_digit(digits[0]))
    return std::nullopt;
  int result = 0;
  auto end = digits.data() + digits.size();
  auto [last, err] = std::from_chars(digits.data(), end, result);
  if (last != end)
    return std::nullopt;
  if (err == std::errc::result_out_of_range)
    result = std::numeric_limits<int>::max();
  return negative ? -result : result;
}

expected<suffix> parse_suffix(std::string_view str) {
  for (size_t i = 0; i < std::size(decimal_suffixes); ++i)
    if (str == decimal_suffixes[i])
      return suffix{family::decimal, static_cast<int>(i) * 3 - 9};
  for (size_t i = 1; i < std::size(binary_suffixes); ++i)
    if (str == binary_suffixes[i])
      return suffix{family::binary, static_cast<int>(i) * 10};
  if (auto exponent = parse_exponent(str))
    return suffix{family::exponent, *exponent};
  return make_error(ec::bad_request, "unable to parse quantity's suffix \""
                                         + std::string{str.substr(0, 64)}
                                         + "\"");
}

wide saturated(bool negative) {
  return negative ? -wide_max : wide_max;
}

wide divide_away_from_zero(wide a, wide b) {
  auto result = a / b;
  if (a % b != 0)
    result += a < 0 ? -1 : 1;
  return result;
}

int64_t capped(wide x) {
  if (x > int64_max)
    return std::numeric_limits<int64_t>::max();
  if (x < -int64_max - 1)
    return std::numeric_limits<int64_t>::min();
  return static_cast<int64_t>(x);
}

/// The digits of a number without its point, and how many stood behind it.
struct mantissa {
  std::string digits;
  int64_t fraction = 0;
};

/// Returns `m` times ten to the power of `exponent` in billionths, rounded up;
/// a value of at least parse_bound where it is too large.
wide scale_by_ten(const mantissa& m, int64_t exponent) {
  auto shift = exponent + 9 - m.fraction;
  wide value = 0;
  auto whole = static_cast<int64_t>(m.digits.size());
  if (shift < 0)
    whole = std::max<int64_t>(0, whole + shift);
  for (int64_t i = 0; i < whole; ++i) {
    value = value * 10 + (m.digits[static_cast<size_t>(i)] - '0');
    if (value >= parse_bound)
      return parse_bound;
  }
  auto rest = m.digits.find_first_not_of('0', static_cast<size_t>(whole));
  if (rest != std::string::npos)
    return value + 1;
  for (; shift > 0 && value != 0; --shift) {
    value *= 10;
    if (value >= parse_bound)
      return parse_bound;
  }
  return value;
}

/// The same for a power of two, capped at 2^63-1.
wide scale_by_two(const mantissa& m, int exponent) {
  const auto cap = int64_max * nano;
  auto split = m.digits.size() - static_cast<size_t>(m.fraction);
  wide whole = 0;
  for (size_t i = 0; i < split; ++i) {
    whole = whole * 10 + (m.digits[i] - '0');
    if (whole > int64_max)
      return cap;
  }
  if (whole > (int64_max >> exponent))
    return cap;
  // The fraction from its last digit on. Rounding up in each step equals
  // rounding up once at the end.
  const auto unit = (static_cast<wide>(1) << exponent) * nano;
  wide part = 0;
  for (auto i = m.digits.size(); i > split; --i)
    part = divide_away_from_zero((m.digits[i - 1] - '0') * unit + part, 10);
  return std::min((whole << exponent) * nano + part, cap);
}

std::string decimal_text(wide x) {
  if (x == 0)
    return "0";
  auto negative = x < 0;
  std::string digits;
  for (; x != 0; x /= 10) {
    auto digit = static_cast<int>(x % 10);
    digits.insert(digits.begin(), static_cast<char>('0' + std::abs(digit)));
  }
  return negative ? "-" + digits : digits;
}

/// Moves whole thousands into the exponent; returns the exponent.
int strip_thousands(wide& number, int exponent, int limit) {
  while (exponent < limit && number % 1000 == 0) {
    number /= 1000;
    exponent += 3;
  }
  return exponent;
}

std::string_view take_digits(std::string_view& rest) {
  auto n = std::min(rest.find_first_not_of("0123456789"), rest.size());
  auto digits = rest.substr(0, n);
  rest.remove_prefix(n);
  return digits;
}

// Kubernetes: ParseQuantity keeps the text of what an int64 holds, where that
// has no larger suffix. Its estimates of what fits are kept, too.
bool stays_as_written(std::string_view str) {
  auto rest = str;
  if (!rest.empty() && (rest[0] == '-' || rest[0] == '+'))
    rest.remove_prefix(1);
  rest.remove_prefix(std::min(rest.find_first_not_of('0'), rest.size()));
  std::string digits{take_digits(rest)};
  if (digits.empty())
    digits = "0";
  auto whole = digits.size();
  if (!rest.empty() && rest[0] == '.') {
    rest.remove_prefix(1);
    digits += take_digits(rest);
  }
  auto unit = parse_suffix(rest);
  if (!unit)
    return false;
  auto size = static_cast<int>(digits.size());
  if (unit->form == family::binary)
    return digits.size() == whole && 14 - size - unit->exponent * 3 / 10 >= 0
           && std::stoll(digits) % 8 != 0;
  auto scale = int64_t{unit->exponent} - (size - static_cast<int>(whole));
  return size <= 18 && scale >= -9 && scale % 3 == 0
         && !std::string_view{digits}.ends_with("000") && digits[0] != '0';
}

std::string binary_text(wide whole) {
  size_t power = 0;
  while (power + 1 < std::size(binary_suffixes) && whole % 1024 == 0) {
    whole /= 1024;
    ++power;
  }
  return decimal_text(whole) + std::string{binary_suffixes[power]};
}

} // namespace

expected<quantity> quantity::parse(std::string_view str) {
  auto rest = str;
  auto negative = !rest.empty() && rest[0] == '-';
  if (negative || (!rest.empty() && rest[0] == '+'))
    rest.remove_prefix(1);
  mantissa number;
  number.digits = take_digits(rest);
  if (!rest.empty() && rest[0] == '.') {
    rest.remove_prefix(1);
    auto fraction = take_digits(rest);
    number.digits += fraction;
    number.fraction = static_cast<int64_t>(fraction.size());
  }
  if (number.digits.empty()
      || rest.find_first_not_of("eEinumkKMGTP+-0123456789")
             != std::string_view::npos)
    return malformed(str);
  auto unit = parse_suffix(rest);
  if (!unit)
    return unit.error();
  auto form = unit->form;
  wide nanos = 0;
  if (form == family::binary)
    nanos = scale_by_two(number, unit->exponent);
  else
    nanos = scale_by_ten(number, unit->exponent);
  if (nanos >= parse_bound)
    return make_error(
        ec::bad_request,
        "quantity \"" + std::string{str.substr(0, 64)}
            + "\" is out of range: its magnitude must be below 1e27");
  // Kubernetes: avoids rounding and hopefully confusion, too.
  if (form == family::binary && nanos < nano)
    form = family::decimal;
  return quantity{negative ? -nanos : nanos, form};
}

expected<std::string> quantity::kept_text(std::string_view str) {
  auto parsed = parse(str);
  if (!parsed)
    return parsed.error();
  return stays_as_written(str) ? std::string{str} : parsed->str();
}

expected<quantity> quantity::parse(const meta::v1::Quantity& msg) {
  if (msg.string().empty())
    return quantity{};
  return parse(msg.string());
}

quantity quantity::of(const meta::v1::Quantity& msg) {
  auto result = parse(msg);
  return result ? *result : quantity{};
}

quantity quantity::of(int64_t value, family form) {
  return {static_cast<wide>(value) * nano, form};
}

quantity quantity::of_milli(int64_t thousandths) {
  return {static_cast<wide>(thousandths) * (nano / 1000), family::decimal};
}

int64_t quantity::value() const {
  return capped(divide_away_from_zero(nanos_, nano));
}

int64_t quantity::milli_value() const {
  return capped(divide_away_from_zero(nanos_, nano / 1000));
}

double quantity::as_double() const {
  return static_cast<double>(nanos_) / 1e9;
}

bool quantity::is_whole() const {
  return nanos_ % nano == 0;
}

quantity quantity::rounded_to_milli() const {
  auto unit = nano / 1000;
  return {divide_away_from_zero(nanos_, unit) * unit, form_};
}

std::string quantity::str() const {
  if (nanos_ == 0)
    return "0";
  if (form_ == family::binary && is_whole()
      && (nanos_ >= 1024 * nano || nanos_ <= -1024 * nano))
    return binary_text(nanos_ / nano);
  auto number = nanos_;
  if (form_ == family::exponent) {
    auto exponent = strip_thousands(number, -9, 36);
    auto digits = decimal_text(number);
    return exponent == 0 ? digits : digits + "e" + std::to_string(exponent);
  }
  auto exponent = strip_thousands(number, -9, 18);
  return decimal_text(number)
         + std::string{decimal_suffixes[(exponent + 9) / 3]};
}

meta::v1::Quantity quantity::message() const {
  meta::v1::Quantity result;
  result.set_string(str());
  return result;
}

quantity& quantity::operator+=(const quantity& other) {
  if (is_zero())
    form_ = other.form_;
  wide sum = 0;
  if (__builtin_add_overflow(nanos_, other.nanos_, &sum) || sum < -wide_max)
    sum = saturated(nanos_ < 0);
  nanos_ = sum;
  return *this;
}

quantity& quantity::operator-=(const quantity& other) {
  return *this += -other;
}

quantity& quantity::operator*=(int64_t factor) {
  wide product = 0;
  if (__builtin_mul_overflow(nanos_, static_cast<wide>(factor), &product)
      || product < -wide_max)
    product = saturated((nanos_ < 0) != (factor < 0));
  nanos_ = product;
  return *this;
}

quantity quantity::operator-() const {
  return {-nanos_, form_};
}

} // namespace troupe::text
