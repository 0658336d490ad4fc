#pragma once

#include "actors/store/local.hpp"
#include "actors/store/member.hpp"
#include "actors/system/calls.hpp"
#include "messages/interfaces.hpp"
#include "runtime/store/database.hpp"
#include "runtime/store/snapshot.hpp"

#include <caf/typed_event_based_actor.hpp>
#include <caf/typed_response_promise.hpp>

#include <memory>
#include <optional>

namespace troupe {

/// Fetches another member's state into a database beside the present one, a few
/// chunks at a time. What breaks is taken up again where it stopped, if the
/// same member is asked again and still has the stream.
///
/// Hears: from the replica whom to ask, and how new the state must be at least;
///        chunks.
/// Says:  to the other member, how many chunks more; to the replica the state,
///        once it is here, complete and durable.
/// After a restart: begins anew when asked; what an earlier life has left of a
///        state is removed when the store is opened.
using fetcher_actor = snapshot_taker_actor
    // Fetch; a later request replaces an earlier one.
    ::extend<caf::replies_to<raft::member_id, member_actor,
                             raft::snapshot_mark>::with<fetched_state>>
    // What `topology` shows.
    ::extend_with<describe_actor>;

/// What the fetcher remembers between two messages.
struct fetcher_state {
  static inline const char* name = "fetcher";

  /// A state on its way.
  struct fetch {
    raft::member_id from = 0;
    uint64_t stream = 0;
    raft::snapshot_mark mark; ///< of what comes
    uint64_t number = 0;      ///< of the state here
    std::unique_ptr<store::snapshot_target> target;
    uint64_t asked = 0; ///< the last chunk that was asked for
  };

  std::shared_ptr<store::state_places> places;
  calls requests;
  std::optional<fetch> now;
  member_actor from;
  raft::snapshot_mark wanted;
  caf::typed_response_promise<fetched_state> promise;
  uint64_t chunks = 0;
};

/// Runs the fetcher.
fetcher_actor::behavior_type
fetcher(fetcher_actor::stateful_pointer<fetcher_state> self,
        std::shared_ptr<store::state_places> places);

} // namespace troupe
