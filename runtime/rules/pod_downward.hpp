#pragma once

#include "messages/errors.hpp"
#include "runtime/rules/pod_status.hpp"

#include <string>

namespace troupe::core::v1 {
class Container;
class NodeStatus;
class ResourceFieldSelector;
} // namespace troupe::core::v1

namespace troupe::rules {

/// Returns the value of a field that a pod may know of itself, such as
/// metadata.name, metadata.labels['app'] or status.podIP; metadata.labels as a
/// whole gives one key="value" line per label. Refuses any other path.
expected<std::string> field_value(const core::v1::Pod& pod,
                                  const std::string& path);

/// Returns an amount of a container, such as limits.cpu, in units of the
/// divisor, rounded up. A limit that is not set is what the node can give.
expected<std::string>
resource_value(const core::v1::Container& container,
               const core::v1::ResourceFieldSelector& what,
               const core::v1::NodeStatus& node);

/// The name that a pod's processes see as their host's.
std::string pod_hostname(const core::v1::Pod& pod);

} // namespace troupe::rules
