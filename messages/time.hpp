#pragma once

#include <chrono>

namespace troupe::meta::v1 {
class Duration;
class MicroTime;
class Time;
} // namespace troupe::meta::v1

namespace troupe {

/// A point of the wall clock. Where it comes from is the context's business.
using time_point = std::chrono::system_clock::time_point;

/// Whole seconds, as Kubernetes' Time holds them; a sub-second rest is cut.
meta::v1::Time to_time(time_point when);

/// The epoch when `when` is unset.
time_point from_time(const meta::v1::Time& when);

/// Cut to microseconds.
meta::v1::MicroTime to_micro_time(time_point when);

time_point from_time(const meta::v1::MicroTime& when);

} // namespace troupe
