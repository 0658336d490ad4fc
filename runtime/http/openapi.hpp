#pragma once

#include <optional>
#include <string>
#include <string_view>

/// What OpenAPI documents say, made of the tables of kinds and messages. Each
/// document is made once, at the first question.
namespace troupe::http {

/// A document as it is sent.
struct openapi_document {
  std::string bytes;
  std::string hash; ///< changes when the bytes do
};

/// /openapi/v2 as JSON, and in the Protobuf that kubectl asks for.
const openapi_document& openapi_v2_json();
const openapi_document& openapi_v2_protobuf();

/// /openapi/v3: where the documents are.
const openapi_document& openapi_v3_index();

/// Returns one of them as JSON: `which` is api/v1 or apis/GROUP/VERSION. Null
/// when there is none.
const openapi_document* openapi_v3_document(std::string_view which);

} // namespace troupe::http
