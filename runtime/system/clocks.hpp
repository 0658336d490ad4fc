#pragma once

#include "messages/time.hpp"

#include <chrono>

namespace troupe {

/// A point of the monotonic clock, which goes on evenly whatever the wall clock
/// is set to. How long something has been so is measured by it; the wall clock
/// is for what people and other machines read.
using steady_point = std::chrono::steady_clock::time_point;

/// This moment on both clocks.
struct instant {
  time_point wall;
  steady_point steady;

  /// Returns when it will be that late on the wall, as things stand now.
  steady_point steady_at(time_point when) const {
    return steady
           + std::chrono::duration_cast<steady_point::duration>(when - wall);
  }
};

/// Notices that the wall clock was set. For who keeps points of it and cannot
/// do without.
class wall_watch {
public:
  using duration = time_point::duration;

  /// Returns by how much the clock was set since it was last asked; zero at
  /// first, and for less than a second: clocks drift.
  duration moved(const instant& now) {
    auto steady =
        std::chrono::duration_cast<duration>(now.steady.time_since_epoch());
    auto offset = now.wall.time_since_epoch() - steady;
    auto by = known_ ? offset - offset_ : duration{0};
    if (known_ && by < std::chrono::seconds(1) && by > -std::chrono::seconds(1))
      return duration{0};
    known_ = true;
    offset_ = offset;
    return by;
  }

private:
  bool known_ = false;
  duration offset_{};
};

} // namespace troupe
