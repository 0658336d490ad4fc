#pragma once

#include "messages/object.hpp"

#include <functional>
#include <string>
#include <vector>

namespace troupe::rules {

/// Returns what `get componentstatuses` shows: the parts of the control plane
/// under Kubernetes' names, healthy where the actor of theirs is there.
/// `stores` are the paths of the members of the store.
std::vector<object> component_statuses(
    const std::vector<std::string>& stores,
    const std::function<bool(const std::string& path)>& is_there);

} // namespace troupe::rules
