#pragma once

#include "actors/controllers/controller.hpp"

#include <map>
#include <set>
#include <string>

namespace troupe {

/// Removes pods of nodes that are no more: nobody else could.
///
/// Hears: pods and nodes from their views; what became of its own writes.
/// Says:  deletes to its session.
/// After a restart: opens a new session, waits until its views have reached
///        the present; a missing node is missed from then on.
using pod_gc_actor = controller_actor;

/// What the actor remembers between two messages.
struct pod_gc_state {
  static inline const char* name = "pod_gc";

  reconciler loop;        ///< session, views, and the nodes to look at
  shown* nodes = nullptr; ///< what the loop's view of them shows
  std::map<std::string, std::map<std::string, object>> pods; ///< by node, key
  std::map<std::string, steady_point> missing; ///< nodes that are not there
};

pod_gc_actor::behavior_type
pod_gc(pod_gc_actor::stateful_pointer<pod_gc_state> self, context ctx);

} // namespace troupe
