#include "messages/time.hpp"

#include "messages/api/meta.pb.h"

#include <algorithm>

namespace troupe {

using namespace std::chrono;

namespace {

template <class T>
time_point point_of(const T& when) {
  // A time point holds 292 years to either side, a message many more.
  constexpr int64_t bound = 9'000'000'000;
  return time_point{duration_cast<time_point::duration>(
      seconds{std::clamp<int64_t>(when.seconds(), -bound, bound)}
      + nanoseconds{when.nanos()})};
}

} // namespace

meta::v1::Time to_time(time_point when) {
  meta::v1::Time result;
  result.set_seconds(floor<seconds>(when).time_since_epoch().count());
  return result;
}

time_point from_time(const meta::v1::Time& when) {
  return point_of(when);
}

meta::v1::MicroTime to_micro_time(time_point when) {
  auto whole = floor<seconds>(when);
  auto rest = duration_cast<microseconds>(when - whole);
  meta::v1::MicroTime result;
  result.set_seconds(whole.time_since_epoch().count());
  if (rest.count() != 0)
    result.set_nanos(static_cast<int32_t>(rest.count() * 1000));
  return result;
}

time_point from_time(const meta::v1::MicroTime& when) {
  return point_of(when);
}

} // namespace troupe
