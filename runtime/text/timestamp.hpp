#pragma once

#include "messages/errors.hpp"
#include "messages/time.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace troupe::text {

/// A point in time as text holds it: seconds since 1970 in UTC and a rest.
struct timestamp {
  int64_t seconds = 0;
  int32_t nanos = 0;
};

/// Parses RFC 3339: "2006-01-02T15:04:05Z", with an offset, with any number of
/// fraction digits. Years 0 to 9999.
expected<timestamp> parse_timestamp(std::string_view str);

/// Prints "2006-01-02T15:04:05Z"; the fraction is cut.
std::string time_text(const timestamp& t);

/// Prints "2006-01-02T15:04:05.000000Z"; always six digits.
std::string micro_time_text(const timestamp& t);

std::string time_text(const meta::v1::Time& t);
std::string micro_time_text(const meta::v1::MicroTime& t);
std::string time_text(time_point t);

/// Prints the age of what was created at `since`: see age_text(duration);
/// "<unknown>" when unset.
std::string age_text(const meta::v1::Time& since, time_point now);

} // namespace troupe::text
