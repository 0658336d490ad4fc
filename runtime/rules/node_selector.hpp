#pragma once

#include "runtime/rules/findings.hpp"

namespace troupe::core::v1 {
class NodeSelector;
} // namespace troupe::core::v1

namespace troupe::rules {

/// Checks which nodes are meant, of a pod or a volume.
void check_node_selector(const core::v1::NodeSelector& selector,
                         const field_path& at, findings& out);

} // namespace troupe::rules
