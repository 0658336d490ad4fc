#pragma once

#include "messages/container_interface.hpp"

#include <caf/typed_event_based_actor.hpp>

#include <cstdint>
#include <string>

namespace troupe {

/// The source of a stream whose bytes are known: what a kubelet answers that
/// was asked through the proxy to its node.
///
/// Hears: credit and the end from the client.
/// Says:  the bytes, and that they are all.
/// After a restart: there is none. It ends with the stream or the client.
using node_page_actor = stream_source_actor::extend_with<describe_actor>;

/// What the page remembers between two messages.
struct node_page_state {
  static inline const char* name = "node_page";

  std::string bytes; ///< not sent yet
  container_stream_actor client;
};

/// The number of its stream: it has one.
inline constexpr uint64_t node_page_stream = 1;

/// Runs a page for that client.
node_page_actor::behavior_type
node_page(node_page_actor::stateful_pointer<node_page_state> self,
          std::string bytes, container_stream_actor client);

} // namespace troupe
