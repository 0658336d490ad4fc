#pragma once

#include "actors/http/stream.hpp"
#include "runtime/http/forward_wire.hpp"

#include <map>
#include <string>
#include <utility>

namespace troupe {

/// Serves the ports of one pod to a client: a connection to the pod for each
/// that the client makes.
///
/// Hears: bytes of its client, by way of its connection; what comes from the
///        pod.
/// Says:  to the session that it wants connections; bytes and credit to those;
///        answers to the edge.
/// After a restart: there is none. The edge closes the connection.
///
/// All connections of one client wait when one of them takes nothing for long:
/// Kubernetes' clients keep no windows of their own.
struct port_forward_state : http_stream_base {
  static inline const char* name = "port_forward";

  /// A connection to the pod.
  struct link {
    uint16_t port = 0;
    stream_source_actor source; ///< none yet
    uint64_t stream = 0;        ///< the source's number
    stream_input input;
    uint32_t credit = 0; ///< chunks that the source may still send
  };

  using stream_key = std::pair<caf::actor_addr, uint64_t>;

  bool open = false;        ///< gone over to the other protocol
  http::response_head head; ///< of the upgrade
  std::unique_ptr<http::forward_wire> wire;
  std::map<uint64_t, link> links; ///< by the client's number
  std::map<stream_key, uint64_t> by_stream;
  size_t waiting = 0; ///< bytes for all links
  uint32_t unread =
      0; ///< pieces of the client to be allowed once there is room
  uint64_t opened = 0;
};

http_stream_actor::behavior_type
port_forward(http_stream_actor::stateful_pointer<port_forward_state> self,
             http_stream_start what);

} // namespace troupe
