#pragma once

#include "messages/errors.hpp"
#include "messages/object.hpp"
#include "runtime/text/json_reader.hpp"
#include "runtime/text/source_map.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace troupe::text {

/// A stream of many objects may be so many times as large as one.
constexpr size_t stream_factor = 32;

/// One value of a stream as compact JSON.
struct json_source {
  std::string json;
  source_map places; ///< from offsets of `json` to the stream it came from
};

/// Reads a stream of YAML documents, or of JSON values one after the other.
///
/// YAML is read as Kubernetes' tools do: `yes`, `on`, `no`, `off` unquoted are
/// booleans, 0644 is octal, quoted scalars stay strings, keys become strings,
/// `<<` merges. Empty documents are left out. Errors name line and column. A
/// key that occurs twice in a mapping, and anchors that expand beyond the
/// bounds of `options`, are errors.
expected<std::vector<json_source>>
read_stream(std::string_view text, const read_options& options = {});

/// An object of a stream.
struct manifest {
  object value;
  std::string json; ///< as it was given, without what the reader filled in
  text_place at;
};

/// Reads every object of a stream; the items of lists stand for themselves.
expected<std::vector<manifest>>
read_manifests(std::string_view text, const read_options& options = {},
               std::vector<std::string>* findings = nullptr);

/// The objects alone.
expected<std::vector<object>>
read_yaml(std::string_view text, const read_options& options = {},
          std::vector<std::string>* findings = nullptr);

/// Reads the one document of `text` into a message of a known type.
caf::error read_yaml(std::string_view text, google::protobuf::Message& msg,
                     const read_options& options = {},
                     std::vector<std::string>* findings = nullptr);

} // namespace troupe::text
