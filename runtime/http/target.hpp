#pragma once

#include "messages/errors.hpp"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace troupe::http {

/// The target of a request: path and query, decoded.
struct target {
  std::string path;                  ///< as sent, without the query
  std::vector<std::string> segments; ///< of the path, decoded; no empty ones
  std::vector<std::pair<std::string, std::string>> query;

  /// Returns the first value of a parameter, "" when there is none.
  const std::string& get(std::string_view name) const;
  bool has(std::string_view name) const;
  std::vector<std::string> all(std::string_view name) const;

  /// Whether a parameter is there and means yes, as Kubernetes reads it:
  /// absent, "false" and "0" do not.
  bool flag(std::string_view name) const;
};

/// Fails with bad_request for what is no path, and for escapes that are none;
/// with not_found for segments "." and "..": nothing here has such names.
expected<target> parse_target(std::string_view text);

/// Returns `text` with each %XX decoded; `plus` makes '+' a space.
expected<std::string> decode_percent(std::string_view text, bool plus);

} // namespace troupe::http
