#pragma once

#include "actors/store/member.hpp"
#include "actors/system/calls.hpp"
#include "messages/interfaces.hpp"
#include "runtime/system/context.hpp"

#include <caf/typed_event_based_actor.hpp>

#include <memory>

namespace troupe {

/// Finds the other members of a store's group. Their addresses are paths of
/// stores in the directory; where something lies between, it is dialled.
///
/// Hears: from the replica whom it wants to reach, and who takes part.
/// Says:  their handles, as soon as there are any; to who knows the processes,
///        where the servers are now.
/// After a restart: remembers nothing; the replica asks again.
using peers_actor = member_finder_actor
    // What `topology` shows.
    ::extend_with<describe_actor>;

/// What the actor remembers between two messages.
struct peers_state {
  static inline const char* name = "peers";

  std::unique_ptr<context> ctx;
  calls requests;
  uint64_t found = 0;
};

/// Runs the actor beside the replica of the same store.
peers_actor::behavior_type
peers(peers_actor::stateful_pointer<peers_state> self, context ctx);

} // namespace troupe
