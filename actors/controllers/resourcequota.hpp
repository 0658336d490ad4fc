#pragma once

#include "actors/controllers/controller.hpp"

#include <set>
#include <string>

namespace troupe {

/// Counts what each ResourceQuota has in use.
///
/// Hears: quotas, and objects of those kinds that any of them counts, from
///        their views; lists of what is in a namespace; what became of its own
///        writes.
/// Says:  the status of quotas to its session.
/// After a restart: opens a new session and counts all of them anew.
///
/// What is created is charged when it is written, by the registry, in the same
/// transaction: here is counted what else changes. A status is written only
/// over the revision that it was counted for, and counts the newest state, so
/// that nothing that was charged meanwhile gets lost.
using resourcequota_actor = controller_actor;

/// What the actor remembers between two messages.
struct resourcequota_state {
  static inline const char* name = "resourcequota";

  reconciler loop;         ///< session, views, and the quotas to look at
  shown* quotas = nullptr; ///< what the loop's view of them shows
  std::set<const kind_info*> followed; ///< kinds that some quota counts
};

resourcequota_actor::behavior_type
resourcequota(resourcequota_actor::stateful_pointer<resourcequota_state> self,
              context ctx);

} // namespace troupe
