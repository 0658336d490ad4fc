#pragma once

#include "actors/store/usher.hpp"
#include "actors/system/doors.hpp"

#include <caf/typed_event_based_actor.hpp>

#include <deque>
#include <memory>
#include <string>

namespace troupe {

struct cluster_config;

/// Stands at the cluster's address for other processes and shows each caller
/// to a front door, whichever is there at the time, and each server that looks
/// for one to a member of the store.
///
/// Hears: who wants in; the directory of the tree, whenever there is a new one.
/// Says:  passes callers on to a front door, as themselves; to other servers,
///        where a member is.
/// After a restart: there is none; it stands outside of the tree, so that its
///        address stays when everything else is started anew.
using gate_actor = front_door_actor
    // The tree's directory.
    ::extend<caf::reacts_to<directory_actor>>
    // The members of the store behind it.
    ::extend_with<usher_actor>;

/// What the gate remembers between two messages.
struct gate_state {
  static inline const char* name = "gate";

  calls requests;
  doors ways; ///< in
  directory_actor directory;
  std::shared_ptr<const cluster_config> config;
  std::deque<std::string> nonces; ///< given to servers, not used yet
};

gate_actor::behavior_type gate(gate_actor::stateful_pointer<gate_state> self,
                               std::shared_ptr<const cluster_config> config);

} // namespace troupe
