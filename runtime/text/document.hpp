#pragma once

#include "messages/object.hpp"
#include "runtime/text/json_reader.hpp"

#include <nlohmann/json_fwd.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace troupe::text {

/// An object as a tree of JSON values with sorted keys, for patches and for
/// printing.
using document = nlohmann::json;

/// Reads any JSON value within the bounds of `options`. Of duplicate keys the
/// last one counts, and `findings` is told.
expected<document> parse_json(std::string_view text,
                              const read_options& options = {},
                              std::vector<std::string>* findings = nullptr);

/// Reads one YAML or JSON document.
expected<document> parse_yaml(std::string_view text,
                              const read_options& options = {});

/// Returns what to_json prints as a tree.
document to_document(const object& x);
document to_document(const google::protobuf::Message& msg);

/// Makes an object of a tree; see read_json.
expected<object> from_document(const document& doc,
                               const read_options& options = {},
                               std::vector<std::string>* findings = nullptr);

/// Reads a tree into a message of a type that the caller knows.
caf::error from_document(const document& doc, google::protobuf::Message& msg,
                         const read_options& options = {},
                         std::vector<std::string>* findings = nullptr);

/// Returns compact JSON with sorted keys.
std::string print_json(const document& doc);

} // namespace troupe::text
