#pragma once

#include "messages/errors.hpp"
#include "messages/object.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace google::protobuf {
class Message;
} // namespace google::protobuf

namespace troupe::text {

/// Bounds of what is read from outside, and what it is about.
struct read_options {
  /// What a body without apiVersion and kind is; null when it must say so.
  const kind_info* kind = nullptr;
  size_t max_bytes = 3 << 20;
  int max_depth = 200;
};

/// What a document says it is.
struct type_meta {
  std::string api_version;
  std::string kind;
};

/// Reads one object of any kind.
///
/// Unknown and duplicate fields are left out (the last duplicate counts) and
/// told in `findings`, when given, in Kubernetes' words: `unknown field
/// "spec.foo"`. Everything else that is wrong is an error that names the path
/// and the reason: `spec.replicas: expected integer, got string "three"`.
expected<object> read_json(std::string_view text,
                           const read_options& options = {},
                           std::vector<std::string>* findings = nullptr);

/// Reads a message of a type that the caller knows into `msg`, which is
/// empty before. apiVersion and kind are not looked at.
caf::error read_json(std::string_view text, google::protobuf::Message& msg,
                     const read_options& options = {},
                     std::vector<std::string>* findings = nullptr);

/// Reads apiVersion and kind at the top of an object; empty where missing.
expected<type_meta> read_type_meta(std::string_view text,
                                   const read_options& options = {});

/// Returns the kind that `type` names, or an error that says what is missing.
expected<const kind_info*> resolve(const type_meta& type,
                                   const read_options& options);

} // namespace troupe::text
