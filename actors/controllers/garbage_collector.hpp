#pragma once

#include "actors/controllers/controller.hpp"
#include "runtime/rules/owner_graph.hpp"

namespace troupe {

/// Deletes what belonged to something that is gone, and carries out what a
/// delete asked for about dependents.
///
/// Hears: objects of all kinds from their views; what became of its own
///        writes.
/// Says:  deletes and updates of owner references and finalizers to its
///        session.
/// After a restart: opens a new session, waits until its views have reached
///        the present, looks at every object anew.
using garbage_collector_actor = controller_actor;

/// What the actor remembers between two messages.
struct garbage_collector_state {
  static inline const char* name = "garbage_collector";

  reconciler loop;          ///< session, views, and the uids to look at
  rules::owner_graph graph; ///< who owns whom
};

garbage_collector_actor::behavior_type garbage_collector(
    garbage_collector_actor::stateful_pointer<garbage_collector_state> self,
    context ctx);

} // namespace troupe
