#pragma once

#include "actors/system/doors.hpp"

#include <caf/typed_event_based_actor.hpp>

#include <string>
#include <vector>

namespace troupe {

/// Stands at the cluster's address for other processes and shows each caller
/// to a front door, whichever is there at the time.
///
/// Hears: who wants in; the directory of the tree, whenever there is a new one.
/// Says:  passes callers on to a front door, as themselves.
/// After a restart: there is none; it stands outside of the tree, so that its
///        address stays when everything else is started anew.
using gate_actor = front_door_actor
    // The tree's directory.
    ::extend<caf::reacts_to<directory_actor>>;

/// What the gate remembers between two messages.
struct gate_state {
  static inline const char* name = "gate";

  calls requests;
  doors ways; ///< in
};

/// `paths` are those of the front doors.
gate_actor::behavior_type gate(gate_actor::stateful_pointer<gate_state> self,
                               std::vector<std::string> paths);

} // namespace troupe
