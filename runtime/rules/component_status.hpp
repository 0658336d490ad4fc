#pragma once

#include "messages/object.hpp"

#include <functional>
#include <string>
#include <vector>

namespace troupe::rules {

/// Returns what `get componentstatuses` shows: the parts of the control plane
/// under Kubernetes' names, healthy where the actor of theirs is there.
std::vector<object> component_statuses(
    const std::function<bool(const std::string& path)>& is_there);

} // namespace troupe::rules
