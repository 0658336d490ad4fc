#pragma once

#include "messages/object.hpp"
#include "messages/time.hpp"
#include "runtime/rules/event_note.hpp"

#include <optional>
#include <span>
#include <string>
#include <vector>

namespace troupe::rules {

/// What is to be done for one Deployment, in the order of the members.
struct deployment_plan {
  /// Replica sets with their new owner references; while there are any,
  /// nothing else is decided.
  std::vector<object> adopted;
  std::vector<object> released;
  std::optional<object> created; ///< the set of a new template
  std::vector<object> updated;   ///< sets with their new size and annotations
  std::vector<object> deleted;   ///< old sets that the history has no room for
  /// The deployment with its new revision annotation, then with its status.
  std::optional<object> annotated;
  std::optional<object> status;
  std::vector<event_note> events;       ///< to tell once all is written
  std::optional<time_point> look_again; ///< when the progress deadline is over
  std::string reason;                   ///< the decision in words
};

/// Returns whether the deployment's selector matches the replica set.
bool deployment_selects(const object& deployment, const object& set);

/// Decides for one deployment. `sets` holds those that it controls and those
/// of its namespace that nobody controls; `pods` those of these sets, and is
/// read for the strategy Recreate only.
deployment_plan plan_deployment(const object& deployment,
                                std::span<const object> sets,
                                std::span<const object> pods, time_point now);

/// What to write when the set of a new template cannot be created because an
/// object of that name exists: nothing when it is that very set, otherwise the
/// deployment with a new collision count, so that the next hash differs.
std::optional<object> after_collision(const object& deployment,
                                      const object& existing);

/// The deployment with the condition that tells why its set could not be
/// created; nothing when it tells already.
std::optional<object> after_failed_create(const object& deployment,
                                          const std::string& set_name,
                                          const std::string& why,
                                          time_point now);

} // namespace troupe::rules
