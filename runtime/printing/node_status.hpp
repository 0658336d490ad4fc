#pragma once

#include <string>

namespace troupe::core::v1 {
class Node;
} // namespace troupe::core::v1

namespace troupe::printing {

/// "Ready", "NotReady,SchedulingDisabled", "Unknown", ...
std::string node_status(const core::v1::Node& node);

/// Roles by its labels, sorted and joined by comma, or `<none>`.
std::string node_roles(const core::v1::Node& node);

} // namespace troupe::printing
