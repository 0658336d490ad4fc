#pragma once

#include "runtime/http/served_document.hpp"

#include <string_view>

/// What OpenAPI documents say, made of the tables of kinds and messages. Each
/// document is made once, at the first question.
namespace troupe::http {

/// /openapi/v2 as JSON, and in the Protobuf that kubectl asks for.
const served_document& openapi_v2_json();
const served_document& openapi_v2_protobuf();

/// /openapi/v3: where the documents are.
const served_document& openapi_v3_index();

/// Returns one of them as JSON: `which` is api/v1 or apis/GROUP/VERSION. Null
/// when there is none.
const served_document* openapi_v3_document(std::string_view which);

/// The same in Protobuf. It is known by the same hash.
const served_document* openapi_v3_protobuf(std::string_view which);

} // namespace troupe::http
