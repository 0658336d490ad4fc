#pragma once

#include "runtime/http/http_message.hpp"

#include <string>
#include <string_view>

/// Requests on their way through a proxy, as Kubernetes passes them on.
namespace troupe::http {

/// The target of a request to .../NAME/proxy, in its two halves as sent.
struct proxied_target_parts {
  std::string prefix; ///< up to and with "proxy"
  std::string path;   ///< what follows, "" or from a slash on
  std::string query;  ///< with its question mark
};

/// Splits a target behind so many segments.
proxied_target_parts split_proxied(std::string_view target, size_t segments);

/// How a request is passed on.
struct proxied_way {
  bool upgrade = false;  ///< it asks for another protocol as the client did
  bool streams = false;  ///< only the head: the body follows, in chunks unless
                         ///< its length was told
  std::string from = {}; ///< address of the client; "" where it is not known
};

/// Returns a request as it is sent to the server behind the proxy: without what
/// concerns only this connection or says who asks.
std::string proxied_request(const request& what, const proxied_target_parts& to,
                            const proxied_way& how);

/// Whether the body of a request that streams is passed on in chunks.
bool is_chunked(const request& what);

/// Returns the head of an answer as it is told to the client: without what
/// concerns only the other connection, and without its rules about which pages
/// may ask.
response_head proxied_head(const response_head& head);

} // namespace troupe::http
