#pragma once

#include "messages/errors.hpp"

#include <chrono>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::images {

/// One request to a server, and whom to trust.
struct http_call {
  std::string url;
  std::map<std::string, std::string> headers{}; ///< not told to other hosts
  std::string user{};                           ///< for Basic; the same
  std::string password{};
  std::string form{}; ///< posted where it is not empty

  bool skip_verify = false;
  std::vector<std::filesystem::path> authorities{};
  std::filesystem::path client_certificate{};
  std::filesystem::path client_key{};

  std::chrono::milliseconds connect_timeout = std::chrono::seconds(15);
  std::chrono::seconds silence = std::chrono::seconds(30); ///< without a byte
  std::function<bool()> cancelled{};
};

/// The head of an answer.
struct http_head {
  long status = 0;
  std::multimap<std::string, std::string> headers; ///< names in lower case

  /// The first value of a header, or an empty text.
  std::string header(const std::string& name) const;
  std::vector<std::string> all(const std::string& name) const;
};

/// Takes the body piece by piece; an error ends the call with it.
using body_sink =
    std::function<caf::error(const http_head& head, std::string_view piece)>;

/// Makes a request (GET, or POST of a form) and follows up to ten redirects:
/// headers, user and client certificate are for the first host only, and nobody
/// is led from https to http. Bodies of redirects are not taken.
///
/// Errors: ec::service_unavailable when there is no whole answer, ec::timeout
/// when it was cancelled, ec::forbidden when the server is not whom it should
/// be. What status it has is the caller's business. Blocks; safe in any thread.
expected<http_head> call(const http_call& what, const body_sink& take);

/// The same with the body in memory, up to that many bytes.
struct http_answer {
  http_head head;
  std::string body;
};
expected<http_answer> call(const http_call& what, size_t most);

} // namespace troupe::images
