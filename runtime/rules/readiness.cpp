#include "runtime/rules/readiness.hpp"

#include "messages/api/core_pod.pb.h"
#include "runtime/rules/conditions.hpp"

#include <algorithm>

namespace troupe::rules {

bool is_finished(const core::v1::Pod& pod) {
  const auto& phase = pod.status().phase();
  return phase == "Succeeded" || phase == "Failed";
}

bool is_active(const core::v1::Pod& pod) {
  return !is_finished(pod) && !pod.metadata().has_deletion_timestamp();
}

bool is_ready(const core::v1::Pod& pod) {
  const auto* ready = find_condition(pod.status().conditions(), "Ready");
  return ready != nullptr && ready->status() == "True";
}

std::optional<time_point> ready_since(const core::v1::Pod& pod) {
  const auto* ready = find_condition(pod.status().conditions(), "Ready");
  if (ready == nullptr || ready->status() != "True")
    return std::nullopt;
  return from_time(ready->last_transition_time());
}

std::optional<time_point> available_from(const core::v1::Pod& pod,
                                         std::chrono::seconds min_ready) {
  auto since = ready_since(pod);
  if (!since)
    return std::nullopt;
  if (min_ready.count() <= 0)
    return time_point{};
  return *since + min_ready;
}

int most_restarts(const core::v1::Pod& pod) {
  int result = 0;
  for (const auto& status : pod.status().container_statuses())
    result = std::max(result, status.restart_count());
  return result;
}

} // namespace troupe::rules
