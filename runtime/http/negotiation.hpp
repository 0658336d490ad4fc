#pragma once

#include "messages/errors.hpp"
#include "runtime/http/http_message.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace troupe::http {

/// How bytes are to be read.
enum class encoding : uint8_t { json, yaml, protobuf };

/// As what an object is shown.
enum class shape : uint8_t { object, table, partial, partial_list, discovery };

/// What a client wants to hear.
struct answer_form {
  encoding bytes = encoding::json;
  shape as = shape::object;
  std::string version; ///< of the shape: "v1", "v1beta1", "v2", ...
  bool pretty = false;

  /// Returns the content type of one object in this form.
  std::string content_type() const;

  /// Returns the content type of a watch in this form.
  std::string stream_type() const;
};

/// One entry of an Accept header, or a Content-Type.
struct media_type {
  std::string name; ///< in lower case, without parameters
  std::vector<std::pair<std::string, std::string>> parameters;
  double quality = 1;

  const std::string& get(std::string_view parameter) const;
};

media_type parse_media_type(std::string_view text);

/// Returns the entries of an Accept header, those preferred first.
std::vector<media_type> parse_accept(std::string_view text);

/// What else than objects as they are may be answered.
struct offer {
  bool metadata = false;  ///< of objects alone, one or in a list
  bool tables = false;    ///< of what can be listed
  bool discovery = false; ///< of all groups at once
  bool events = false;    ///< of a watch, for which YAML has no form
};

/// Returns the form that a client likes best among those that are served.
/// Entries that ask for another form than those of Kubernetes are passed over;
/// not_acceptable when none is left.
expected<answer_form> negotiate(std::string_view accept, const offer& what);

/// Returns which of these types a client likes best, going by names alone;
/// without a header the first.
std::optional<size_t> choose_type(std::string_view accept,
                                  const std::vector<std::string_view>& served);

/// Returns whether an Accept header has one of these names or takes anything,
/// as the router of Kubernetes' API server sees it: to the letter, whatever
/// the order and the parameters.
bool names_any(std::string_view accept,
               const std::vector<std::string_view>& served);

/// Returns whether a client that did not say so wants answers for eyes.
bool looks_with_eyes(std::string_view user_agent);

/// Returns the encoding of a body; unsupported_media_type for others. Without
/// a type it is JSON.
expected<encoding> body_encoding(std::string_view content_type);

} // namespace troupe::http
