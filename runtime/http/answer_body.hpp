#pragma once

#include "messages/object.hpp"
#include "runtime/http/negotiation.hpp"
#include "runtime/http/table_form.hpp"

#include <span>
#include <string>
#include <string_view>

namespace google::protobuf {
class Message;
} // namespace google::protobuf

namespace troupe::meta::v1 {
class Status;
} // namespace troupe::meta::v1

/// What a client is told, as bytes in the form that it wants.
namespace troupe::http {

/// How objects are shown in answers to one request.
struct body_form {
  answer_form form;
  row_object rows = row_object::metadata; ///< of tables
  time_point now{};
};

std::string encode_object(const object& x, const body_form& how);

std::string encode_list(const kind_info& kind, std::span<const object> items,
                        const list_meta& meta, const body_form& how);

/// Returns a message that is no object: a Status, what discovery says.
std::string encode_message(const google::protobuf::Message& msg,
                           std::string_view api_version, std::string_view kind,
                           const answer_form& form);

std::string encode_status(const meta::v1::Status& status,
                          const answer_form& form);

/// Returns one event of a watch, framed. `first` events of a table tell the
/// columns. `type` is ADDED, MODIFIED or DELETED.
std::string encode_event(std::string_view type, const object& x,
                         const body_form& how, bool first);

/// Returns the event that only says how far the stream has come; with `begun`,
/// that all that was there has been told.
std::string encode_bookmark(const kind_info& kind, uint64_t revision,
                            bool begun, const body_form& how);

/// Returns the event that ends a stream with a reason.
std::string encode_error_event(const meta::v1::Status& status,
                               const body_form& how);

/// Returns JSON with two spaces per level, members in the order they have.
std::string indent_json(std::string_view json);

} // namespace troupe::http
