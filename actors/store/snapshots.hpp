#pragma once

#include "actors/store/local.hpp"
#include "actors/store/member.hpp"
#include "messages/interfaces.hpp"
#include "runtime/store/snapshot.hpp"

#include <caf/typed_event_based_actor.hpp>

#include <map>
#include <memory>

namespace troupe {

/// Streams the state as it is at one moment to members that lack too much of
/// the log, beside the log and no faster than they take it.
///
/// Hears: who wants the state, and how many chunks more.
/// Says:  chunks.
/// After a restart: is given the state anew; streams that were open are not
///        known any more, and begin again.
using snapshots_actor = caf::typed_actor<
    // From now on stream this state.
    caf::reacts_to<state_handle>,
    // Begin.
    caf::replies_to<pb<raft_api::OpenSnapshot>>::with<
        pb<raft_api::SnapshotOpened>>,
    // Go on; to whom is the sender.
    caf::reacts_to<pb<raft_api::PullSnapshot>>>
    // What `topology` shows.
    ::extend_with<describe_actor>;

/// What the actor remembers between two messages.
struct snapshots_state {
  static inline const char* name = "snapshots";

  state_handle state;
  uint64_t last_stream = 0;
  uint64_t chunks = 0; ///< sent so far
  std::map<uint64_t, std::unique_ptr<store::snapshot_source>> streams;
};

/// Runs the actor. `first_stream` is drawn, so that no stream of an earlier
/// life has a number of this one.
snapshots_actor::behavior_type
snapshots(snapshots_actor::stateful_pointer<snapshots_state> self,
          uint64_t first_stream);

} // namespace troupe
