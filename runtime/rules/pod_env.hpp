#pragma once

#include "messages/errors.hpp"
#include "runtime/rules/pod_references.hpp"

#include <string>
#include <utility>
#include <vector>

namespace troupe::core::v1 {
class Container;
class NodeStatus;
class Pod;
} // namespace troupe::core::v1

namespace troupe::rules {

using env_list = std::vector<std::pair<std::string, std::string>>;

/// Returns the environment of a container: what envFrom brings, then env (each
/// may speak of those before it), then the variables of services that the
/// others do not name. Fails where a ConfigMap, Secret or key that is not
/// optional is missing, with the words that Kubernetes has for it.
expected<env_list> container_env(const core::v1::Pod& pod,
                                 const core::v1::Container& container,
                                 const pod_references& known,
                                 const core::v1::NodeStatus& node);

/// Replaces $(NAME) by the variable's value and $$ by $; what names no
/// variable stays as it is.
std::string expand(std::string_view text, const env_list& env);

/// Like `expand`, for paths: what names no variable is an error.
expected<std::string> expand_strictly(std::string_view text,
                                      const env_list& env);

/// The variables that tell of services: NAME_SERVICE_HOST and so on. Names hold
/// the services' own ports, values those that answer where ports below
/// `lowest_port` may not be opened.
env_list service_env(const std::vector<object>& services, int lowest_port = 0);

} // namespace troupe::rules
