#pragma once

#include "messages/errors.hpp"
#include "messages/time.hpp"

#include <string>
#include <vector>

namespace troupe::core::v1 {
class Binding;
class Pod;
class PodLogOptions;
} // namespace troupe::core::v1

/// What is done to a pod through its subresources.
namespace troupe::rules {

/// Returns what is wrong with a binding as such.
std::vector<field_error> validate_binding(const core::v1::Binding& binding);

/// Puts the pod on the node that the binding names. Fails with Conflict when
/// the pod has a node, is gated or is being deleted.
caf::error apply_binding(core::v1::Pod& pod, const core::v1::Binding& binding,
                         time_point now);

/// Returns what is wrong with a request for logs as such.
std::vector<field_error>
validate_log_options(const core::v1::PodLogOptions& options);

/// Returns the container that a request for logs, exec or attach means: the
/// one named, the one that the pod's annotation names, or the only one. Fails
/// with BadRequest when there is none such or several.
expected<std::string> choose_container(const core::v1::Pod& pod,
                                       const std::string& named);

} // namespace troupe::rules
