#pragma once

#include "messages/object.hpp"
#include "messages/time.hpp"
#include "runtime/rules/event_note.hpp"

#include <chrono>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace troupe::core::v1 {
class Pod;
} // namespace troupe::core::v1

namespace troupe::policy::v1 {
class PodDisruptionBudget;
} // namespace troupe::policy::v1

/// How many pods of a budget may go now, and whether one of them may.
namespace troupe::rules {

/// Kubernetes: how long an evicted pod counts as gone before it is.
constexpr std::chrono::seconds eviction_patience{120};

/// Finds the controller that a reference of a pod names; none when it is gone.
using owner_finder =
    std::function<object(const std::string& ns, const std::string& kind,
                         const std::string& name, const std::string& uid)>;

/// What is to be done for one budget.
struct disruption_plan {
  std::optional<object> status; ///< the budget with its new status
  std::vector<event_note> events;
  std::optional<time_point> look_again; ///< when an eviction is given up
  std::string reason;                   ///< the decision in words
};

/// Returns whether the budget is for this pod.
bool is_guarded(const object& budget, const object& pod);

/// Decides for one budget; `pods` are those that it is for.
disruption_plan plan_disruptions(const object& budget,
                                 std::span<const object> pods,
                                 const owner_finder& find, time_point now);

/// What an eviction does.
struct eviction_plan {
  /// The budget that pays for it, with its status changed; nothing where none
  /// has to.
  std::optional<object> budget;
};

/// Decides whether a pod may be evicted. `budgets` are those of the pod's
/// namespace. Fails with TooManyRequests when the budget does not allow it now,
/// with InternalError where several are for the pod, as Kubernetes does.
expected<eviction_plan> plan_eviction(const object& pod,
                                      std::span<const object> budgets,
                                      time_point now);

} // namespace troupe::rules
