#pragma once

#include "runtime/rules/pod_lifecycle.hpp"
#include "runtime/system/clocks.hpp"

#include <cstdint>
#include <optional>

namespace troupe::core::v1 {
class Probe;
} // namespace troupe::core::v1

namespace troupe::rules {

/// The counting behind one probe of one container, from start to end of one
/// attempt.
struct probe_count {
  steady_point due{};   ///< when to probe next
  uint16_t in_row = 0;  ///< equal results in a row
  bool last = false;    ///< the latest result
  bool running = false; ///< a probe is under way
  bool verdict = false; ///< what was told last
  bool told = false;    ///< something was told already
};

/// How long one probe may take.
seconds probe_timeout(const core::v1::Probe& probe);

/// A probe of a container that started at `started_at`.
probe_count first_probe(const core::v1::Probe& probe, steady_point started_at);

/// Counts a result. Returns the verdict when it crossed its threshold and
/// differs from what was told before (a readiness that never held counts as
/// told false; a liveness that never failed as told true). The next probe is
/// due a period after the one before was.
std::optional<bool> count_probe(const core::v1::Probe& probe, probe_kind kind,
                                probe_count& count, bool ok, steady_point now);

} // namespace troupe::rules
