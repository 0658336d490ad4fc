#pragma once

#include "actors/http/stream.hpp"
#include "runtime/http/remote_wire.hpp"

#include <string>
#include <vector>

namespace troupe {

/// Serves one exec or attach: what a client says over WebSocket or SPDY to a
/// container, and what comes out of it to the client.
///
/// Hears: bytes of its client, by way of its connection; output of the
///        container.
/// Says:  to the session that it wants the stream; input, sizes of the terminal
///        and credit to the container's stream; answers to the edge.
/// After a restart: there is none. The edge closes the connection.
///
/// A client that reads slowly slows its container, and the other way.
struct remote_command_state : http_stream_base {
  static inline const char* name = "remote_command";

  enum class phase : uint8_t { opening, waiting, flowing, leaving };

  phase now = phase::opening;
  http::remote_options options;
  std::vector<std::string> command; ///< none: attached
  http::response_head head;         ///< of the upgrade
  std::unique_ptr<http::remote_wire> wire;
  stream_source_actor source;
  uint64_t stream = 0; ///< the source's number
  stream_input input;
  uint32_t unread =
      0;             ///< pieces of the client to be allowed once there is room
  uint32_t owed = 0; ///< chunks to be allowed once the client has taken some
  std::vector<pb<container::StreamData>> early; ///< before it was open
  pb<container::StreamEnd> early_end;
};

http_stream_actor::behavior_type
remote_command(http_stream_actor::stateful_pointer<remote_command_state> self,
               http_stream_start what);

} // namespace troupe
