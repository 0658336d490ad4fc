#pragma once

#include "actors/store/proposer.hpp"
#include "actors/store/reader.hpp"
#include "messages/interfaces.hpp"
#include "messages/store.pb.h"

#include <caf/actor_clock.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <map>

namespace troupe {

/// Ends leases that nobody keeps alive. Renewals stay here, off the log; what
/// is left of a long lease is put into the log now and then.
///
/// Hears: from the replica which leases there are, were granted and revoked;
///        renewals and questions; its own timer.
/// Says:  revocations and checkpoints to the replica.
/// After a restart: is told all leases anew; each has what was left at its
///        last checkpoint, or all its time, and so never less than is due.
using leases_actor = caf::typed_actor<
    // These leases exist; propose to this one.
    caf::reacts_to<pb<store_api::LeaseList>, proposer_actor>,
    // A lease was granted.
    caf::reacts_to<pb<store_api::LeaseResponse>>,
    // A lease was revoked.
    caf::reacts_to<pb<store_api::LeaseRevokeRequest>>,
    // Begin its time anew.
    caf::replies_to<pb<store_api::LeaseKeepAliveRequest>>::with<
        pb<store_api::LeaseResponse>>,
    // How long has it left?
    caf::replies_to<pb<store_api::LeaseTimeToLiveRequest>>::with<
        pb<store_api::LeaseResponse>>,
    // How many are there?
    caf::replies_to<pb<store_api::StatusRequest>>::with<
        pb<store_api::StatusResponse>>,
    // The next lease may have ended.
    caf::reacts_to<pb<system::Tick>>>
    // What `topology` shows.
    ::extend_with<describe_actor>;

/// What the actor remembers between two messages.
struct leases_state {
  static inline const char* name = "leases";

  using time = caf::actor_clock::time_point;

  struct lease {
    uint64_t ttl_seconds = 0;
    time deadline;
    time checkpoint;        ///< when its remaining time is next recorded
    bool shortened = false; ///< the log says less than its whole time
    bool ending = false;    ///< its revocation is on its way
  };

  std::map<uint64_t, lease> leases;
  proposer_actor proposer;
  reader_actor reader;
  uint64_t term = 0;  ///< in which our clock counts
  uint64_t timer = 0; ///< number of the tick that counts
};

/// Runs the actor; `reader` knows the keys of a lease.
leases_actor::behavior_type
leases(leases_actor::stateful_pointer<leases_state> self, reader_actor reader);

} // namespace troupe
