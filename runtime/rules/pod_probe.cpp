#include "runtime/rules/pod_probe.hpp"

#include "messages/api/core_container.pb.h"

#include <algorithm>

namespace troupe::rules {

namespace {

int32_t or_else(int32_t value, int32_t fallback) {
  return value > 0 ? value : fallback;
}

} // namespace

seconds probe_timeout(const core::v1::Probe& probe) {
  return seconds{or_else(probe.timeout_seconds(), 1)};
}

probe_count first_probe(const core::v1::Probe& probe, steady_point started_at) {
  probe_count count;
  count.due = started_at + seconds{std::max(0, probe.initial_delay_seconds())};
  return count;
}

std::optional<bool> count_probe(const core::v1::Probe& probe, probe_kind kind,
                                probe_count& count, bool ok, steady_point now) {
  count.running = false;
  seconds period{or_else(probe.period_seconds(), 10)};
  count.due = std::max(count.due + period, now);
  count.in_row = count.in_row > 0 && count.last == ok
                     ? static_cast<uint16_t>(std::min(count.in_row + 1, 60000))
                     : uint16_t{1};
  count.last = ok;
  auto threshold = ok ? or_else(probe.success_threshold(), 1)
                      : or_else(probe.failure_threshold(), 3);
  if (count.in_row < threshold)
    return std::nullopt;
  // Kubernetes: a container counts as alive and as not ready until a probe
  // says otherwise; of a startup probe either result is news.
  bool before = count.told ? count.verdict : kind == probe_kind::liveness;
  if (before == ok && (count.told || kind != probe_kind::startup))
    return std::nullopt;
  count.told = true;
  count.verdict = ok;
  return ok;
}

} // namespace troupe::rules
