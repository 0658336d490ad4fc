#pragma once

#include "actors/http/stream.hpp"
#include "runtime/http/proxy_request.hpp"
#include "runtime/http/response_parser.hpp"
#include "runtime/http/tls_client.hpp"

#include <memory>
#include <optional>
#include <string>

namespace troupe {

/// Passes one request on to a pod or to one behind a service, and the answer
/// back; after an upgrade whatever the two say.
///
/// Hears: what the pod answers; what its client says after an upgrade.
/// Says:  to the session whom it wants to reach; the request to the pod; the
///        answer to the edge.
/// After a restart: there is none. The client sees that the answer is broken.
struct proxied_request_state : http_stream_base {
  static inline const char* name = "proxied_request";

  enum class phase : uint8_t { opening, asking, collecting, telling, upgraded };

  phase now = phase::opening;
  http::proxied_target_parts to;
  bool upgrade = false; ///< the client wants one
  bool chunked = false; ///< the request's body is passed on so
  std::optional<http::tls_client> tls;
  std::optional<http::response_parser> answer;
  stream_source_actor source;
  uint64_t stream = 0; ///< the source's number
  stream_input input;
  uint32_t owed = 0;     ///< chunks to be allowed once the client took some
  uint32_t unread = 0;   ///< pieces of the client to be allowed
  std::string collected; ///< a page that is told whole
  bool ended = false;    ///< the server has said all
};

http_stream_actor::behavior_type
proxied_request(http_stream_actor::stateful_pointer<proxied_request_state> self,
                http_stream_start what);

} // namespace troupe
