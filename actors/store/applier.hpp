#pragma once

#include "actors/store/local.hpp"
#include "messages/interfaces.hpp"
#include "messages/store.pb.h"

#include <caf/typed_event_based_actor.hpp>
#include <caf/typed_response_promise.hpp>

#include <memory>

namespace troupe {

/// Hears what the state has become. The way from the applier to the watch hub.
using events_actor = caf::typed_actor<
    // The next changes.
    caf::reacts_to<events_handle>>;

/// Keeps the store's state: committed entries in order, each once.
///
/// Hears: committed entries from the replica.
/// Says:  the answers to it; to the watch hub, before that, what changed.
/// After a restart: opens the state where it stood, as soon as its
///        predecessor has let go of it.
using applier_actor = caf::typed_actor<
    // Open and check.
    caf::replies_to<pb<store_api::OpenState>>::with<opened_state>,
    // It holds nothing: this is where the log begins.
    caf::replies_to<raft::snapshot_mark>::with<opened_state>,
    // Another state takes the place of the present one.
    caf::replies_to<fetched_state>::with<opened_state>,
    // These are committed.
    caf::replies_to<committed_entries>::with<applied_entries>,
    // Make what is applied durable.
    caf::replies_to<pb<store_api::Checkpoint>>::with<checkpointed>,
    // Never serve it again.
    caf::reacts_to<pb<store_api::StopState>>,
    // Try again to open.
    caf::reacts_to<pb<system::Tick>>>
    // What `topology` shows.
    ::extend_with<describe_actor>;

/// What the applier remembers between two messages.
struct applier_state {
  static inline const char* name = "applier";

  std::shared_ptr<store::state_places> places;
  uint64_t number = 0; ///< of the state that is open, or is to be
  events_actor events;
  state_handle state;
  std::unique_ptr<store::machine> machine;
  caf::typed_response_promise<opened_state> opening;
};

/// Runs the applier over the state in one of the places.
applier_actor::behavior_type
applier(applier_actor::stateful_pointer<applier_state> self,
        std::shared_ptr<store::state_places> places, events_actor events);

} // namespace troupe
