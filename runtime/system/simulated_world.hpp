#pragma once

#include "runtime/system/context.hpp"

namespace troupe {

/// Virtual time and seeded chance: the same seed gives the same run. `clock`
/// tells how much virtual time has passed.
std::shared_ptr<const world>
simulated_world(uint64_t seed, std::function<std::chrono::nanoseconds()> clock);

} // namespace troupe
