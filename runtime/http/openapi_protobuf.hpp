#pragma once

#include <nlohmann/json_fwd.hpp>

#include <string>

namespace troupe::http {

/// Returns an OpenAPI v2 document in the Protobuf form of gnostic's
/// openapi.v2.Document, which kubectl asks for: what our documents use of it.
std::string to_openapi_protobuf(const nlohmann::json& document);

/// The same of an OpenAPI v3 document: openapi.v3.Document.
std::string to_openapi_v3_protobuf(const nlohmann::json& document);

} // namespace troupe::http
