#pragma once

#include "messages/errors.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace troupe::net {

/// What a probe wants to know of an HTTP answer.
struct http_head {
  int status = 0;
  std::string location; ///< where a redirect leads
};

/// Returns the head of the answer that `bytes` begin with, nothing as long as
/// it is not whole, and ec::invalid when it cannot be one. Interim answers
/// (1xx) are skipped.
expected<std::optional<http_head>> parse_http_head(std::string_view bytes);

/// A URL of http or https, as far as probes need it.
struct http_url {
  bool tls = false;
  std::string host; ///< without the port
  std::string port;
  std::string path; ///< with the query, beginning with a slash

  std::string authority() const { return host + ":" + port; }
  std::string text() const;
};

/// Returns where `location`, found in the answer of `from`, leads: a whole URL,
/// a path, or a path relative to that of `from`. Nothing when it is neither.
std::optional<http_url> resolve_location(const http_url& from,
                                         std::string_view location);

} // namespace troupe::net
