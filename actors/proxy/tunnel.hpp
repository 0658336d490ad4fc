#pragma once

#include "actors/proxy/tunnel_streams.hpp"
#include "actors/system/calls.hpp"
#include "actors/system/supervisor.hpp"
#include "messages/tunnel.pb.h"
#include "messages/tunnel_interface.hpp"
#include "runtime/system/context.hpp"

#include <caf/typed_event_based_actor.hpp>
#include <caf/typed_response_promise.hpp>

#include <map>
#include <memory>
#include <string>

namespace troupe {

/// Connects to the pods of one node for those to whom no route leads there.
///
/// Hears: that somebody wants a connection; what comes over sockets, and from
///        the other ends.
/// Says:  to its kubelet, whose address is wanted; whether a pod answered; what
/// came over a socket to the other end, and
///        the other way.
/// After a restart: begins empty. Its connections are reset.
using tunnel_end_actor = tunnel_actor
    // What the other ends say.
    ::extend_with<stream_source_actor>
    // Something happened to a socket.
    ::extend<caf::reacts_to<pb<tunnel::SocketNews>>>
    // What `topology` shows.
    ::extend_with<describe_actor>;

/// What the tunnel remembers between two messages.
struct tunnel_state {
  static inline const char* name = "tunnel";

  ~tunnel_state();

  /// Who waits until a pod has answered.
  struct dial {
    pb<tunnel::Connect> what;
    std::string network; ///< namespace in which the first try was made
    caf::strong_actor_ptr client;
    caf::typed_response_promise<pb<container::StreamOpened>,
                                stream_source_actor>
        promise;
  };

  std::unique_ptr<context> ctx;
  calls requests;
  caf::actor kubelet;             ///< null: not known now
  std::map<uint64_t, dial> dials; ///< by socket
  tunnel_streams streams;
};

/// Runs the far end beside the pods of the kubelet above its own path.
tunnel_end_actor::behavior_type
tunnel_end(tunnel_end_actor::stateful_pointer<tunnel_state> self, context ctx);

/// Returns its spec; the name is that of the node and "/tunnel".
child_spec tunnel_spec(const std::string& node);

} // namespace troupe
