#pragma once

#include "actors/client/api_session.hpp"
#include "actors/system/calls.hpp"
#include "messages/interfaces.hpp"

#include <caf/typed_event_based_actor.hpp>

#include <set>
#include <string>

namespace troupe {

/// Sees to it that revoked certificates let nobody in at this server: the front
/// door and the ways in of the process know all of them.
///
/// Hears: the ConfigMap of revoked certificates, as it changes; that the front
///        door has ended.
/// Says:  all revoked serials to the front door and to the edges.
/// After a restart: tells all of them anew.
using revocation_actor = watcher_actor::extend_with<describe_actor>;

/// What the actor remembers between two messages.
struct revocation_state {
  static inline const char* name = "revocation";

  api_session api;
  calls requests;
  caf::actor door;
  std::set<std::string> serials;
};

revocation_actor::behavior_type
revocation(revocation_actor::stateful_pointer<revocation_state> self,
           context ctx);

} // namespace troupe
