#pragma once

#include "messages/object.hpp"

#include <nlohmann/json_fwd.hpp>

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace google::protobuf {
class Message;
} // namespace google::protobuf

namespace troupe::text {

/// Returns an object's JSON as the API has it: compact, kind and apiVersion
/// first, then the fields in declared order, each left out or not as Kubernetes
/// does. Made of the canonical bytes; the object is not parsed for it.
std::string to_json(const object& x);

/// The same for a message. kind and apiVersion are written where the type is a
/// kind or the list of one.
std::string to_json(const google::protobuf::Message& msg);

/// The same with a type of the caller's choice; empty strings for none.
std::string to_json(const google::protobuf::Message& msg,
                    std::string_view api_version, std::string_view kind);

/// Appends what to_json returns, for those who fan out or build lists.
void append_json(std::string& out, const object& x);

/// Appends the items of a list with commas between them. Kubernetes: the list
/// says what they are, not each of them. All must be of one kind.
void append_json_items(std::string& out, std::span<const object> items);

/// Returns the list object that Kubernetes answers with. `items` must be of
/// `kind`; a revision of 0 is left out, and so is an empty `next`.
std::string to_json_list(const kind_info& kind,
                         const std::vector<object>& items, uint64_t revision,
                         std::string_view next = {}, int64_t remaining = 0);

/// Prints a document as `kubectl get -o json` does: sorted keys, four spaces,
/// a line break at the end.
std::string print_pretty_json(const nlohmann::json& document);

/// Appends `str` as a JSON string; what is no UTF-8 becomes U+FFFD.
/// `html_safe` escapes <, > and & too, as kubectl does.
void append_json_string(std::string& out, std::string_view str,
                        bool html_safe = false);

/// Appends a number as Go prints it.
void append_json_number(std::string& out, double value);

} // namespace troupe::text
