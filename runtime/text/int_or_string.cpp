#include "runtime/text/int_or_string.hpp"

#include "messages/api/meta.pb.h"

#include <algorithm>
#include <charconv>
#include <limits>
#include <optional>

namespace troupe::text {

namespace {

std::optional<int32_t> parse_int(std::string_view str) {
  int32_t result = 0;
  auto end = str.data() + str.size();
  auto [last, err] = std::from_chars(str.data(), end, result);
  if (str.empty() || last != end || err != std::errc{})
    return std::nullopt;
  return result;
}

int64_t divide(int64_t a, int64_t b, rounding how) {
  auto result = a / b;
  if (a % b > 0 && how == rounding::up)
    ++result;
  if (a % b < 0 && how == rounding::down)
    --result;
  return result;
}

} // namespace

expected<int32_t> scaled_value(const meta::v1::IntOrString& x, int32_t total,
                               rounding how) {
  if (!is_string(x))
    return x.int_val();
  std::string_view str = x.str_val();
  std::optional<int32_t> percent;
  if (str.ends_with('%'))
    percent = parse_int(str.substr(0, str.size() - 1));
  if (!percent)
    return make_error(ec::bad_request,
                      "invalid value \"" + x.str_val()
                          + "\": must be a number or a percentage such as 25%");
  auto scaled = divide(static_cast<int64_t>(*percent) * total, 100, how);
  return static_cast<int32_t>(
      std::clamp<int64_t>(scaled, std::numeric_limits<int32_t>::min(),
                          std::numeric_limits<int32_t>::max()));
}

std::string int_or_string_text(const meta::v1::IntOrString& x) {
  return is_string(x) ? x.str_val() : std::to_string(x.int_val());
}

meta::v1::IntOrString int_or_string(int32_t value) {
  meta::v1::IntOrString result;
  result.set_int_val(value);
  return result;
}

meta::v1::IntOrString int_or_string(std::string_view value) {
  meta::v1::IntOrString result;
  result.set_type(1);
  result.set_str_val(std::string{value});
  return result;
}

meta::v1::IntOrString parse_int_or_string(std::string_view value) {
  auto number = parse_int(value);
  return number ? int_or_string(*number) : int_or_string(value);
}

bool is_string(const meta::v1::IntOrString& x) {
  return x.type() == 1;
}

} // namespace troupe::text
