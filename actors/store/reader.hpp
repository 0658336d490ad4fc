#pragma once

#include "actors/store/local.hpp"
#include "messages/interfaces.hpp"
#include "messages/store.pb.h"

#include <caf/typed_event_based_actor.hpp>

namespace troupe {

/// Reads the store's state for others, one consistent look per question.
///
/// Hears: ranges, history, leases, figures; requests to delete a part of what
///        compaction gave up, which is mostly reading.
/// Says:  answers; to the replica, that it found damage.
/// After a restart: is given the state anew by the replica.
using reader_actor = caf::typed_actor<
    // From now on read this state.
    caf::reacts_to<state_handle>,
    // Keys at the present or an older revision.
    caf::replies_to<pb<store_api::RangeRequest>>::with<
        pb<store_api::RangeResponse>>,
    // Changes in order.
    caf::replies_to<store::history_request>::with<page_handle>,
    // The keys of a lease.
    caf::replies_to<pb<store_api::LeaseTimeToLiveRequest>>::with<
        pb<store_api::LeaseResponse>>,
    // All leases.
    caf::replies_to<pb<store_api::ListLeases>>::with<pb<store_api::LeaseList>>,
    // Bytes on disk.
    caf::replies_to<pb<store_api::StatusRequest>>::with<
        pb<store_api::StatusResponse>>,
    // Delete a part.
    caf::replies_to<pb<store_api::Scrub>>::with<pb<store_api::Scrubbed>>>
    // What `topology` shows.
    ::extend_with<describe_actor>;

/// What a reader remembers between two messages.
struct reader_state {
  static inline const char* name = "reader";

  state_handle state;
  caf::actor_addr owner; ///< who gave the state
  uint64_t reads = 0;
};

/// Runs a reader.
reader_actor::behavior_type
reader(reader_actor::stateful_pointer<reader_state> self);

} // namespace troupe
