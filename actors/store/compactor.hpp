#pragma once

#include "actors/store/proposer.hpp"
#include "actors/store/reader.hpp"
#include "messages/interfaces.hpp"
#include "messages/store.pb.h"

#include <caf/actor_clock.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <chrono>
#include <deque>

namespace troupe {

/// Keeps history from growing without bound: proposes to give up what is older
/// than so many revisions and so much time, and has deleted, bit by bit, what
/// is given up. Where there is no space left, time does not count, and what was
/// deleted is given back to the disk.
///
/// Hears: from the replica how far the state has come.
/// Says:  to the replica what to compact; to a reader to delete the next bit.
/// After a restart: is told anew, and goes on where the deletion stopped.
using compactor_actor = caf::typed_actor<
    // The state is open; propose to this one.
    caf::reacts_to<proposer_actor>,
    // The state has come this far.
    caf::reacts_to<pb<store_api::Reached>>,
    // There may be more to give back by now.
    caf::reacts_to<pb<system::Tick>>>
    // What `topology` shows.
    ::extend_with<describe_actor>;

/// How much history is kept.
struct history_limits {
  uint64_t revisions = 0;       ///< at least
  std::chrono::seconds time{0}; ///< at least, for ten times as many at most
};

/// What the compactor remembers between two messages.
struct compactor_state {
  static inline const char* name = "compactor";

  using time = caf::actor_clock::time_point;

  /// What was the present revision, and when.
  struct moment {
    time at;
    uint64_t revision = 0;
  };

  history_limits keep;
  std::deque<moment> moments; ///< one is older than what is kept
  bool no_space = false;
  proposer_actor proposer;
  reader_actor reader;
  uint64_t compacted = 0; ///< as the state says
  uint64_t scrubbed = 0;  ///< mark up to which all is deleted
  bool proposing = false;
  bool scrubbing = false;
  bool reclaiming = false; ///< though nothing may be left to delete
  bool waiting = false;    ///< to reclaim once more
  uint64_t removed = 0;    ///< changes deleted so far
};

/// Runs the compactor. Twice as much as the least is kept before the older half
/// goes.
compactor_actor::behavior_type
compactor(compactor_actor::stateful_pointer<compactor_state> self,
          reader_actor reader, const history_limits& keep);

} // namespace troupe
