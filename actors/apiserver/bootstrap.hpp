#pragma once

#include "actors/client/api_session.hpp"
#include "actors/system/supervisor.hpp"
#include "messages/interfaces.hpp"

#include <caf/typed_event_based_actor.hpp>

#include <deque>
#include <memory>

namespace troupe {

/// Sees to it that there is what every cluster has from the beginning:
/// namespaces, priority classes, the Service `kubernetes`, the authority's
/// ConfigMap in each namespace.
///
/// Hears: namespaces as they change; what became of its own writes.
/// Says:  creates to its session; one that meets AlreadyExists is done.
/// After a restart: creates what is missing.
using bootstrap_actor = watcher_actor::extend_with<describe_actor>;

/// What the actor remembers between two messages.
struct bootstrap_state {
  static inline const char* name = "bootstrap";

  api_session api;
  std::deque<object> todo; ///< created in this order, one at a time
  bool busy = false;
  uint64_t created = 0;
};

bootstrap_actor::behavior_type
bootstrap(bootstrap_actor::stateful_pointer<bootstrap_state> self, context ctx);

/// Returns the branch `apiserver` of the tree: a view and a registry for each
/// kind, the allocators, the front door and the bootstrap.
child_spec apiserver_branch();

} // namespace troupe
