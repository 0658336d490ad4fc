#pragma once

#include <nlohmann/json_fwd.hpp>

#include <string>

namespace troupe::http {

/// Returns an OpenAPI v2 document in the Protobuf form of gnostic's
/// openapi.v2.Document, which kubectl asks for: what our documents use of it.
std::string to_openapi_protobuf(const nlohmann::json& document);

} // namespace troupe::http
