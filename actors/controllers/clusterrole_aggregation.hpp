#pragma once

#include "actors/controllers/controller.hpp"

namespace troupe {

/// Keeps in each aggregated cluster role the rules of those that its selectors
/// choose.
///
/// Hears: cluster roles from their view; what became of its own writes.
/// Says:  updates to its session.
/// After a restart: opens a new session, waits until its view has reached the
///        present, looks at every aggregated role anew.
using clusterrole_aggregation_actor = controller_actor;

/// What the actor remembers between two messages.
struct clusterrole_aggregation_state {
  static inline const char* name = "clusterrole_aggregation";

  reconciler loop;        ///< session, view, the roles to look at
  shown* roles = nullptr; ///< what the loop's view of them shows
};

clusterrole_aggregation_actor::behavior_type
clusterrole_aggregation(clusterrole_aggregation_actor::stateful_pointer<
                            clusterrole_aggregation_state>
                            self,
                        context ctx);

} // namespace troupe
