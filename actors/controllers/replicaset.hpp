#pragma once

#include "actors/controllers/controller.hpp"
#include "actors/controllers/replica_keeper.hpp"

namespace troupe {

/// Keeps as many pods alive as each replica set asks for.
///
/// Hears: replica sets and pods from their views; what became of its own
///        writes.
/// Says:  creates, deletes and statuses to its session, events to users.
/// After a restart: opens a new session, waits until its views have reached
///        the present, looks at every set anew.
using replicaset_actor = controller_actor;

/// What the actor remembers between two messages.
struct replicaset_state {
  static inline const char* name = "replicaset";

  reconciler loop;     ///< session, views, and the sets to look at
  replica_keeper sets; ///< pods by the set that owns them
};

replicaset_actor::behavior_type
replicaset(replicaset_actor::stateful_pointer<replicaset_state> self,
           context ctx);

} // namespace troupe
