#pragma once

#include "messages/object.hpp"
#include "messages/time.hpp"

#include <optional>
#include <span>
#include <vector>

/// What the controller of quotas counts.
namespace troupe::rules {

/// Returns the kinds whose objects a quota counts.
std::vector<const kind_info*> counted_kinds(const object& quota);

/// What is to be done for one quota.
struct quota_plan {
  std::optional<object> status;         ///< the quota with its new status
  std::optional<time_point> look_again; ///< when a pod stops counting
};

/// Counts anew. `objects` are all of the quota's namespace, of the kinds that
/// it counts.
quota_plan plan_quota(const object& quota, std::span<const object> objects,
                      time_point now);

} // namespace troupe::rules
