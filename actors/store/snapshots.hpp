#pragma once

#include "actors/store/local.hpp"
#include "actors/store/member.hpp"
#include "messages/interfaces.hpp"
#include "messages/store_group_interface.hpp"
#include "runtime/store/content_hash.hpp"
#include "runtime/store/snapshot.hpp"
#include "runtime/store/snapshot_file.hpp"

#include <caf/actor_clock.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <caf/typed_response_promise.hpp>

#include <deque>
#include <map>
#include <memory>
#include <utility>

namespace troupe {

/// Streams the state as it is at one moment to members that lack too much of
/// the log, and to whoever saves it, beside the log and no faster than they
/// take it; works out its hash, bit by bit.
///
/// Hears: who wants the state, and how much more; questions for its hash.
/// Says:  chunks, parts of files, hashes; to the replica, that it found damage.
/// After a restart: is given the state anew; streams that were open are not
///        known any more, and begin again.
using snapshots_actor = caf::typed_actor<
    // From now on stream this state.
    caf::reacts_to<state_handle>,
    // Begin.
    caf::replies_to<pb<raft_api::OpenSnapshot>>::with<
        pb<raft_api::SnapshotOpened>>,
    // Go on; to whom is the sender.
    caf::reacts_to<pb<raft_api::PullSnapshot>>,
    // Begin for one who saves it; it took so many parts; it wants no more.
    caf::reacts_to<pb<store_api::SnapshotRequest>, snapshot_receiver_actor>,
    caf::reacts_to<pb<store_api::SnapshotCredit>, snapshot_receiver_actor>,
    caf::reacts_to<pb<store_api::SnapshotCancel>, snapshot_receiver_actor>,
    // The hash of what was current at a revision.
    caf::replies_to<pb<raft_api::HashQuestion>>::with<
        pb<store_api::MemberHash>>,
    // Go on with the hashes, or look for streams that nobody takes.
    caf::reacts_to<pb<system::Tick>>>
    // What `topology` shows.
    ::extend_with<describe_actor>;

/// What the actor remembers between two messages.
struct snapshots_state {
  static inline const char* name = "snapshots";

  /// Of one who saves the state.
  struct saving {
    snapshot_receiver_actor receiver;
    std::unique_ptr<store::snapshot_writer> from;
    uint64_t credit = 0;
    uint64_t number = 0; ///< of the last part sent
  };
  /// Of one who takes the state over.
  struct streaming {
    std::unique_ptr<store::snapshot_source> from;
    caf::actor_clock::time_point used;
    bool over = false; ///< its last chunk was sent, and may have to be again
  };
  using saving_key = std::pair<caf::actor_addr, uint64_t>;

  struct hashing {
    std::unique_ptr<store::content_hash> walk;
    caf::typed_response_promise<pb<store_api::MemberHash>> promise;
  };

  state_handle state;
  caf::actor_addr owner; ///< who gave the state
  uint64_t last_stream = 0;
  uint64_t chunks = 0; ///< sent so far
  std::map<uint64_t, streaming> streams;
  bool looking = false; ///< a look at who wants no more is due
  std::map<saving_key, saving> savings;
  std::deque<hashing> hashes; ///< one after the other
};

/// Runs the actor. `first_stream` is drawn, so that no stream of an earlier
/// life has a number of this one.
snapshots_actor::behavior_type
snapshots(snapshots_actor::stateful_pointer<snapshots_state> self,
          uint64_t first_stream);

} // namespace troupe
