#include "runtime/text/timestamp.hpp"

#include "messages/api/meta.pb.h"
#include "runtime/text/duration.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

namespace troupe::text {

namespace {

using days = std::chrono::sys_days;

/// Reads exactly `n` digits at `pos`; -1 when there are others.
int number_at(std::string_view str, size_t pos, size_t n) {
  if (pos + n > str.size())
    return -1;
  int result = 0;
  for (auto c : str.substr(pos, n)) {
    if (c < '0' || c > '9')
      return -1;
    result = result * 10 + (c - '0');
  }
  return result;
}

bool within(int value, int low, int high) {
  return value >= low && value <= high;
}

/// Reads "Z", "+01:00" or "-08:30" as seconds east.
std::optional<int> read_offset(std::string_view str) {
  if (str == "Z" || str == "z")
    return 0;
  if (str.size() != 6 || (str[0] != '+' && str[0] != '-') || str[3] != ':')
    return std::nullopt;
  auto hours = number_at(str, 1, 2);
  auto minutes = number_at(str, 4, 2);
  if (!within(hours, 0, 23) || !within(minutes, 0, 59))
    return std::nullopt;
  auto offset = hours * 3600 + minutes * 60;
  return str[0] == '-' ? -offset : offset;
}

std::optional<int64_t> read_seconds(std::string_view str) {
  if (str.size() < 19 || str[4] != '-' || str[7] != '-'
      || (str[10] != 'T' && str[10] != 't') || str[13] != ':' || str[16] != ':')
    return std::nullopt;
  auto year = number_at(str, 0, 4);
  auto month = number_at(str, 5, 2);
  auto day = number_at(str, 8, 2);
  auto hour = number_at(str, 11, 2);
  auto minute = number_at(str, 14, 2);
  auto second = number_at(str, 17, 2);
  if (year < 0 || !within(month, 1, 12) || !within(day, 1, 31)
      || !within(hour, 0, 23) || !within(minute, 0, 59)
      || !within(second, 0, 59))
    return std::nullopt;
  auto date = std::chrono::year{year} / month / day;
  if (!date.ok())
    return std::nullopt;
  int64_t whole_days = days{date}.time_since_epoch().count();
  return whole_days * 86400 + hour * 3600 + minute * 60 + second;
}

/// Reads ".123" off the front of `str`, in nanoseconds; finer digits are cut.
std::optional<int32_t> take_fraction(std::string_view& str) {
  if (str.empty() || str[0] != '.')
    return 0;
  size_t n = 1;
  int32_t nanos = 0;
  int32_t unit = 100'000'000;
  for (; n < str.size() && str[n] >= '0' && str[n] <= '9'; ++n, unit /= 10)
    nanos += (str[n] - '0') * unit;
  if (n == 1)
    return std::nullopt;
  str.remove_prefix(n);
  return nanos;
}

void put_digits(std::string& out, size_t at, size_t count, int64_t value) {
  for (auto i = at + count; i-- > at; value /= 10)
    out[i] = static_cast<char>('0' + value % 10);
}

std::string date_and_time(int64_t seconds) {
  // Years 0 to 9999; others have no form in RFC 3339.
  seconds = std::clamp(seconds, -62'167'219'200, 253'402'300'799);
  auto whole_days = seconds / 86400 - (seconds % 86400 < 0 ? 1 : 0);
  auto rest = seconds - whole_days * 86400;
  std::chrono::year_month_day date{days{std::chrono::days{whole_days}}};
  std::string out{"0000-00-00T00:00:00"};
  put_digits(out, 0, 4, static_cast<int>(date.year()));
  put_digits(out, 5, 2, static_cast<unsigned>(date.month()));
  put_digits(out, 8, 2, static_cast<unsigned>(date.day()));
  put_digits(out, 11, 2, rest / 3600);
  put_digits(out, 14, 2, rest / 60 % 60);
  put_digits(out, 17, 2, rest % 60);
  return out;
}

} // namespace

expected<timestamp> parse_timestamp(std::string_view str) {
  auto seconds = read_seconds(str);
  if (seconds) {
    auto rest = str.substr(19);
    auto nanos = take_fraction(rest);
    auto offset = read_offset(rest);
    if (nanos && offset)
      return timestamp{*seconds - *offset, *nanos};
  }
  return make_error(ec::bad_request,
                    "invalid time \"" + std::string{str.substr(0, 64)}
                        + "\": must be RFC 3339, such as 2006-01-02T15:04:05Z");
}

std::string time_text(const timestamp& t) {
  return date_and_time(t.seconds) + "Z";
}

std::string micro_time_text(const timestamp& t) {
  return fmt::format("{}.{:06}Z", date_and_time(t.seconds), t.nanos / 1000);
}

std::string time_text(const meta::v1::Time& t) {
  return time_text(timestamp{t.seconds(), t.nanos()});
}

std::string micro_time_text(const meta::v1::MicroTime& t) {
  return micro_time_text(timestamp{t.seconds(), t.nanos()});
}

std::string time_text(time_point t) {
  return time_text(timestamp{
      std::chrono::floor<std::chrono::seconds>(t.time_since_epoch()).count(),
      0});
}

std::string age_text(const meta::v1::Time& since, time_point now) {
  if (since.seconds() == 0 && since.nanos() == 0)
    return "<unknown>";
  using namespace std::chrono;
  // A time point holds 292 years, a Time many more.
  constexpr int64_t bound = 9'000'000'000;
  auto at = std::clamp(since.seconds(), -bound, bound);
  auto age = floor<std::chrono::seconds>(now).time_since_epoch().count() - at;
  return age_text(std::chrono::seconds{std::clamp(age, -bound, bound)});
}

} // namespace troupe::text
