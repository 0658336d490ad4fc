#pragma once

#include "messages/errors.hpp"

#include <chrono>
#include <string>
#include <string_view>

namespace troupe::text {

/// Parses Go's syntax: a sign and numbers with units ns, us, µs, ms, s, m, h,
/// such as "300ms", "-1.5h" or "2h45m". "0" needs no unit.
expected<std::chrono::nanoseconds> parse_duration(std::string_view str);

/// Prints Go's form: "1h0m0s", "1.5s", "300ms", "0s".
std::string duration_text(std::chrono::nanoseconds d);

/// Prints how long something took or is ago as `kubectl get` does: "5s",
/// "2m30s", "3h5m", "47h", "2d3h", "100d", "2y40d". "<invalid>" for more than
/// a second below zero, "0s" for the second before.
std::string age_text(std::chrono::nanoseconds d);

} // namespace troupe::text
