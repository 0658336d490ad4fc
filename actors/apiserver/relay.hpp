#pragma once

#include "messages/container_interface.hpp"

#include <caf/typed_event_based_actor.hpp>

#include <cstdint>
#include <optional>
#include <string>

namespace troupe {

/// Passes one stream of a container on between a client and a node that are in
/// different processes. It keeps nothing: what is on its way is what the client
/// gave credit for.
///
/// Hears: output from the node; credit, input and the end from the client.
/// Says:  the same to the other side. To others it does not listen.
/// After a restart: there is none. It ends with the stream, the client or the
///        node, and who is left sees that.
using relay_actor = container_stream_actor
    // What the client tells the source.
    ::extend<caf::reacts_to<pb<container::StreamResize>>,
             caf::reacts_to<pb<container::StreamClose>>,
             // The node has opened the stream.
             caf::reacts_to<pb<container::StreamOpened>, stream_source_actor>>
    // What `topology` shows.
    ::extend_with<describe_actor>;

/// What the relay remembers between two messages.
struct relay_state {
  static inline const char* name = "relay";

  container_stream_actor client;
  stream_source_actor source;
  uint64_t stream = 0; ///< at the source
  uint64_t passed = 0; ///< chunks
  std::string first;   ///< what the client hears before all else
  /// The end, of a source that had nothing to say before the client gave
  /// credit.
  std::optional<pb<container::StreamEnd>> end;
};

/// Runs a relay for that client, who hears `first` before anything that the
/// source says, unless it is empty.
relay_actor::behavior_type
relay(relay_actor::stateful_pointer<relay_state> self,
      container_stream_actor client, std::string first);

} // namespace troupe
