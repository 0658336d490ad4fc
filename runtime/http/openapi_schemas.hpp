#pragma once

#include <nlohmann/json_fwd.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace google::protobuf {
class Descriptor;
} // namespace google::protobuf

namespace troupe {
struct kind_info;
} // namespace troupe

/// JSON schemas of the API's messages, made of their tables.
namespace troupe::http {

/// Which OpenAPI.
enum class openapi_version : uint8_t { v2, v3 };

/// Returns Kubernetes' name of a message's schema: io.k8s.api.core.v1.Pod.
std::string schema_name(const google::protobuf::Descriptor& type);

/// Returns the place of a schema within a document.
std::string schema_reference(const std::string& name, openapi_version version);

/// Adds the schemas of kinds, of their lists, and of all that they hold, by
/// name.
void add_schemas(const std::vector<const kind_info*>& kinds,
                 openapi_version version, nlohmann::json& out);

/// Returns the mark that says of which kind something is.
nlohmann::json kind_mark(const kind_info& kind);

} // namespace troupe::http
