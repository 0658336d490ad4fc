#pragma once

#include <nlohmann/json_fwd.hpp>

#include <string>

namespace troupe::http {

/// Returns an APIGroupDiscoveryList of apidiscovery.k8s.io as Kubernetes'
/// Protobuf has it, in its envelope: what our documents use of it.
std::string to_discovery_protobuf(const nlohmann::json& document);

} // namespace troupe::http
