#pragma once

#include "messages/object.hpp"

#include <vector>

namespace troupe::flowcontrol::v1 {
class FlowSchema;
class PriorityLevelConfiguration;
} // namespace troupe::flowcontrol::v1

/// The FlowSchemas and PriorityLevelConfigurations that every cluster has from
/// the beginning, as of Kubernetes 1.20.
namespace troupe::rules {

/// Those that there always are, as they must be: whoever deletes one finds it
/// again. In the order in which they can be created; the level `exempt` comes
/// last, and that it is there tells that the suggested ones have been, too.
const std::vector<object>& mandatory_flow();

/// Those that a cluster begins with and its users may change or delete.
const std::vector<object>& suggested_flow();

/// Returns whether this is the object whose presence tells that the suggested
/// ones were there.
bool marks_flow(const object& what);

/// Returns whether the object has the specification that its name asks for;
/// true for names that are not mandatory.
bool keeps_mandatory_flow(const flowcontrol::v1::FlowSchema& what);
bool keeps_mandatory_flow(
    const flowcontrol::v1::PriorityLevelConfiguration& what);

} // namespace troupe::rules
