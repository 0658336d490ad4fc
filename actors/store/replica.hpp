#pragma once

#include "actors/store/member.hpp"
#include "actors/store/proposer.hpp"
#include "actors/store/replica_group.hpp"
#include "actors/store/replica_parts.hpp"
#include "actors/system/calls.hpp"
#include "messages/interfaces.hpp"
#include "messages/store_group_interface.hpp"
#include "messages/store_interface.hpp"
#include "runtime/raft/core.hpp"

#include <caf/typed_event_based_actor.hpp>

#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <vector>

namespace troupe {

/// One member of the store, as its clients and the other members see it: Raft's
/// core, driven. Whichever member is asked, a change is answered when it is
/// durable at a majority and applied here; a read sees every change that was
/// answered before it began, by any member.
///
/// Hears: all that clients ask; the other members; proposals of its own parts;
///        the end of each; its clock, unless it is alone.
/// Says:  writes to the log writer, committed entries to the applier, reads to
///        readers, watches to the hub; Raft's messages, and what only the
///        leader may decide, to other members; answers.
/// After a restart: takes up log and state where they stood; requests wait
///        until then. Those in flight got no answer: who asked sees it go down.
using replica_actor = store_actor
    // What the store's own parts propose beside what clients may.
    ::extend<caf::replies_to<pb<store_api::LeaseCheckpoint>>::with<
        pb<store_api::LeaseResponse>>>
    // Gathered proposals become an entry; or time to try again.
    ::extend<caf::reacts_to<pb<system::Tick>>>
    // Raft's time.
    ::extend<caf::reacts_to<pb<store_api::Beat>>>
    // A part found damage.
    ::extend_with<fault_listener_actor>
    // Who takes part, how each is, and all of it to be saved.
    ::extend_with<store_group_actor>
    // What other members say.
    ::extend_with<member_actor>
    // What `topology` shows.
    ::extend_with<describe_actor>;

/// What the replica remembers between two messages.
struct replica_state {
  static inline const char* name = "replica";

  using time = caf::actor_clock::time_point;
  using waiter = std::function<void(store::answer&)>;

  using batch = command_batch;
  using waiting = waiting_request;
  using peer = other_member;

  enum class phase { opening, ready, refusing };

  store_parts parts;
  raft::settings limits;
  std::function<uint64_t()> entropy;
  member_finder_actor finder;
  calls requests; ///< to other members
  phase now = phase::opening;
  caf::error fault; ///< why it refuses

  std::optional<raft::core> raft;        ///< once the log is open
  std::optional<uint64_t> members_since; ///< the change that `peers` are of
  std::map<raft::member_id, peer> peers;
  bool beating = false; ///< a beat is on its way

  // What is applied.
  uint64_t applied = 0;
  uint64_t applied_term = 0;
  uint64_t revision = 1;
  uint64_t compacted = 0;
  uint64_t hash = 0;

  uint64_t state_number = 0;            ///< of the state that is, or will be
  std::optional<fetched_state> fetched; ///< waits to be installed
  uint64_t fetches = 0;                 ///< begun so far

  group_view group;
  uint64_t store_group = 0; ///< this group's number, 0 if it has none

  // Proposals.
  uint64_t life = 0;          ///< drawn at the start; in every proposal of ours
  uint64_t last_number = 0;   ///< of our proposals
  batch gathering;            ///< what will be the next one
  bool flushing = false;      ///< a tick to propose it is on its way
  std::deque<batch> unplaced; ///< no leader has had them yet
  std::map<uint64_t, placed_batch> placed; ///< by number
  size_t pending = 0;                      ///< waiters of all of them
  /// The leader refused: nothing more until a beat, or until there is another.
  bool pausing = false;
  raft::member_id paused_by = 0;
  /// As a leader: the last number of each life that was taken in this term.
  std::map<uint64_t, uint64_t> taken;
  uint64_t taken_term = 0;

  // Reads.
  std::vector<waiting> reads_next;            ///< will share the next question
  std::vector<waiting> reads_asked;           ///< wait for its answer
  std::multimap<uint64_t, waiting> reads_due; ///< wait for an index
  uint64_t read_token = 0;
  bool asking = false;

  // Leases are the leader's.
  bool presiding = false;            ///< ours know all leases, and time them
  bool listing = false;              ///< they are about to be told
  std::vector<waiting> when_leading; ///< questions for the leader
  std::vector<store::lease_change> lease_changes; ///< while they are listed

  uint64_t openings = 0;          ///< attempts so far
  state_handle given;             ///< what the parts read now
  std::vector<waiting> when_open; ///< requests that came early
  size_t turn = 0;                ///< of the readers
};

/// Runs the replica over its parts and begins to open the store.
replica_actor::behavior_type
replica(replica_actor::stateful_pointer<replica_state> self,
        replica_setup setup);

} // namespace troupe
