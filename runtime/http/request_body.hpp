#pragma once

#include "messages/object.hpp"
#include "runtime/http/negotiation.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace google::protobuf {
class Message;
} // namespace google::protobuf

namespace troupe::call {
class Request;
} // namespace troupe::call

/// What a client sent, read.
namespace troupe::http {

struct target;

/// What becomes of fields that a kind does not have (fieldValidation).
enum class field_check : uint8_t { ignore, warn, strict };

/// Returns what the parameter says; warn where it is absent.
field_check field_check_of(const target& to);

/// Reads an object that is to be of `wanted`; one that does not say what it is
/// is taken for that. What it has too much of goes to `warnings`, or is
/// refused with bad_request.
expected<object> read_object(std::string_view body, encoding form,
                             const kind_info& wanted, field_check check,
                             std::vector<std::string>& warnings);

/// Reads the options of a delete, from its body and its parameters, into the
/// request. An empty body is none.
caf::error read_delete_options(std::string_view body, encoding form,
                               const target& to, call::Request& out);

/// Reads what a patch is into the request: its type from the content type, its
/// document as JSON (that of an apply may be YAML).
caf::error read_patch(std::string_view body, std::string_view content_type,
                      call::Request& out);

/// Whether a content type is that of server-side apply.
bool is_apply(std::string_view content_type);

/// Returns the kind of the body that a resource or one of its subresources
/// takes.
const kind_info& body_kind(const kind_info& kind, std::string_view subresource);

} // namespace troupe::http
