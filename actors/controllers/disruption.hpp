#pragma once

#include "actors/controllers/controller.hpp"

#include <string>
#include <vector>

namespace troupe {

/// Tells of each disruption budget how many of its pods may go now.
///
/// Hears: budgets, their pods and what controls these, from its views; what
///        became of its own writes.
/// Says:  status of budgets to its session.
/// After a restart: opens a new session, waits until its views have reached
///        the present, starts anew. Evictions that were allowed are in the
///        budgets' status.
using disruption_actor = controller_actor;

/// What the actor remembers between two messages.
struct disruption_state {
  static inline const char* name = "disruption";

  reconciler loop; ///< session, views, and the budgets to look at
  const shown* budgets = nullptr;
  const shown* pods = nullptr;      ///< followed once there is a budget
  std::vector<const shown*> owners; ///< what controls pods, a view per kind
};

disruption_actor::behavior_type
disruption(disruption_actor::stateful_pointer<disruption_state> self,
           context ctx);

} // namespace troupe
