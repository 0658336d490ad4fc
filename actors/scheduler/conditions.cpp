#include "actors/scheduler/conditions.hpp"

#include "messages/api/core_pod.pb.h"
#include "runtime/text/timestamp.hpp"

#include <nlohmann/json.hpp>

namespace troupe {

std::optional<std::string> unscheduled_patch(const core::v1::Pod& pod,
                                             const std::string& reason,
                                             const std::string& message,
                                             time_point now) {
  auto since = text::time_text(now);
  for (const auto& condition : pod.status().conditions()) {
    if (condition.type() != "PodScheduled")
      continue;
    if (condition.status() != "False")
      break;
    if (condition.reason() == reason && condition.message() == message)
      return std::nullopt;
    // The transition is that of the status, not of the reason.
    since = text::time_text(condition.last_transition_time());
  }
  nlohmann::json entry{
      {"type", "PodScheduled"},   {"status", "False"},
      {"reason", reason},         {"message", message},
      {"lastProbeTime", nullptr}, {"lastTransitionTime", since}};
  nlohmann::json patch;
  patch["status"]["conditions"] = nlohmann::json::array({entry});
  return patch.dump();
}

} // namespace troupe
