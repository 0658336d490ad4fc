#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace troupe::http {

using header = std::pair<std::string, std::string>;

/// Returns the value of the first header of that name, in any case; "" when
/// there is none.
std::string_view find_header(const std::vector<header>& headers,
                             std::string_view name);

/// Returns whether a header that is a list of words has this one, in any case.
bool header_has_word(const std::vector<header>& headers, std::string_view name,
                     std::string_view word);

/// Returns whether both are the same but for case.
bool same_word(std::string_view a, std::string_view b);

/// What a client asks.
struct request {
  std::string method;
  std::string target; ///< as on the wire: path and query
  std::vector<header> headers;
  std::string body;
  int version = 11;       ///< 10 or 11
  bool keep_alive = true; ///< the connection may serve another one after it
};

/// How an answer begins.
struct response_head {
  int status = 200;
  std::vector<header> headers;
};

/// Returns "OK" for 200 and so on; "" for one that is not known.
std::string_view reason_phrase(int status);

/// How the body of an answer is delimited.
enum class framing { none, length, chunked, until_close };

/// Returns status line and headers of an answer, as HTTP/1.1 has them.
std::string to_text(const response_head& head, framing body, size_t length,
                    bool keep_alive);

/// Returns a piece of a chunked body.
std::string to_chunk(std::string_view bytes);

} // namespace troupe::http
