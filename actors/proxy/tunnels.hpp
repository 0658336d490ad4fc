#pragma once

#include "actors/client/api_session.hpp"
#include "actors/proxy/tunnel_streams.hpp"
#include "actors/system/supervisor.hpp"
#include "messages/tunnel_interface.hpp"
#include "runtime/net/far_ways.hpp"

#include <caf/typed_event_based_actor.hpp>

#include <map>
#include <memory>
#include <string>

namespace troupe {

/// Brings connections to pods of nodes in other networks, to which no route
/// leads, to the `tunnel` beside those pods.
///
/// Hears: the nodes, from their view; that the forwarder wants a connection;
///        what comes over sockets, and from the other ends.
/// Says:  which pods it leads to; to its session that it wants a stream to one
///        of them; what came over a socket to the other end, and the other way.
/// After a restart: learns the ways anew. Its connections are reset, and those
///        who wanted one are refused.
using tunnels_actor = container_stream_actor
    // Somebody wants a connection; something happened to a socket.
    ::extend<caf::reacts_to<pb<tunnel::Wanted>>,
             caf::reacts_to<pb<tunnel::SocketNews>>,
             // Somebody may have waited too long.
             caf::reacts_to<pb<system::Tick>>>
    // Nodes changed.
    ::extend_with<watcher_actor>
    // What `topology` shows.
    ::extend_with<describe_actor>;

/// What the tunnels remember between two messages.
struct tunnels_state {
  static inline const char* name = "tunnels";

  ~tunnels_state();

  std::unique_ptr<context> ctx;
  api_session api;
  std::shared_ptr<net::far_ways> edge;            ///< null: nobody wants any
  net::cidr pods;                                 ///< of the whole cluster
  std::map<std::string, net::far_ways::way> ways; ///< by node
  /// Somebody who waits for a stream; with us it is answered.
  struct question {
    net::far_ways::wanted what;
    caf::actor_clock::time_point deadline;
  };

  std::map<uint64_t, question> asked; ///< by number, so the oldest first
  bool ticking = false;               ///< it will be looked who waits too long
  tunnel_streams streams;
  uint64_t opened = 0;
  uint64_t refused = 0;
};

/// Runs the near ends of a process.
tunnels_actor::behavior_type
tunnels(tunnels_actor::stateful_pointer<tunnels_state> self, context ctx);

child_spec tunnels_spec();

} // namespace troupe
