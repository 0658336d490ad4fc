#pragma once

#include "messages/object.hpp"

#include <optional>
#include <span>
#include <string>

namespace troupe::rules {

/// What is to be done for the Endpoints of one service.
struct endpoints_plan {
  std::optional<object> created;
  std::optional<object> updated;
  std::string reason; ///< the decision in words
};

/// Decides for one service. `pods` holds those that its selector matches,
/// `existing` the Endpoints of its name, if there are any.
endpoints_plan plan_endpoints(const object& service,
                              std::span<const object> pods,
                              const object& existing);

} // namespace troupe::rules
