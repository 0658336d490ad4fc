#pragma once

#include "actors/controllers/controller.hpp"
#include "actors/controllers/owned_index.hpp"

namespace troupe {

/// Rolls each deployment's pods to its template, set by set.
///
/// Hears: deployments, replica sets and pods from their views; what became of
///        its own writes.
/// Says:  replica sets and statuses to its session, events to users.
/// After a restart: opens a new session, waits until its views have reached
///        the present, looks at every deployment anew.
using deployment_actor = controller_actor;

/// What the actor remembers between two messages.
struct deployment_state {
  static inline const char* name = "deployment";

  reconciler loop;              ///< session, views, the deployments to look at
  shown* deployments = nullptr; ///< what the loop's view of them shows
  owned_index sets;             ///< replica sets by deployment
  owned_index pods;             ///< pods by replica set
};

deployment_actor::behavior_type
deployment(deployment_actor::stateful_pointer<deployment_state> self,
           context ctx);

} // namespace troupe
