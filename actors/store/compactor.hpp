#pragma once

#include "actors/store/proposer.hpp"
#include "actors/store/reader.hpp"
#include "messages/interfaces.hpp"
#include "messages/store.pb.h"

#include <caf/typed_event_based_actor.hpp>

namespace troupe {

/// Keeps history from growing without bound: proposes to give up what is older
/// than so many revisions, and has deleted, bit by bit, what is given up.
///
/// Hears: from the replica how far the state has come.
/// Says:  to the replica what to compact; to a reader to delete the next bit.
/// After a restart: is told anew, and goes on where the deletion stopped.
using compactor_actor = caf::typed_actor<
    // The state is open; propose to this one.
    caf::reacts_to<proposer_actor>,
    // The state has come this far.
    caf::reacts_to<pb<store_api::Reached>>>
    // What `topology` shows.
    ::extend_with<describe_actor>;

/// What the compactor remembers between two messages.
struct compactor_state {
  static inline const char* name = "compactor";

  uint64_t keep_revisions = 0;
  proposer_actor proposer;
  reader_actor reader;
  uint64_t compacted = 0; ///< as the state says
  uint64_t scrubbed = 0;  ///< mark up to which all is deleted
  bool proposing = false;
  bool scrubbing = false;
  uint64_t removed = 0; ///< changes deleted so far
};

/// Runs the compactor; twice `keep_revisions` are kept before the older half
/// goes.
compactor_actor::behavior_type
compactor(compactor_actor::stateful_pointer<compactor_state> self,
          reader_actor reader, uint64_t keep_revisions);

} // namespace troupe
