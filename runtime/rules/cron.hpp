#pragma once

#include <string>
#include <string_view>

namespace troupe::rules {

/// Returns what is wrong with a schedule: five fields of minute, hour, day,
/// month and weekday, or @hourly, @daily, @midnight, @weekly, @monthly,
/// @yearly, @annually, or "@every" and a duration. "" when nothing is.
std::string schedule_problem(std::string_view schedule);

/// Returns whether `name` has the form of a zone of the IANA database, such as
/// "Europe/Berlin" or "Etc/UTC". "Local" has not.
bool time_zone_shaped(std::string_view name);

} // namespace troupe::rules
