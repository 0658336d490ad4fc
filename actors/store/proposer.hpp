#pragma once

#include "messages/codec.hpp"
#include "messages/store.pb.h"

#include <caf/replies_to.hpp>
#include <caf/typed_actor.hpp>

namespace troupe {

/// Puts commands of the store's own parts into the log. The way back to the
/// replica for those it starts.
using proposer_actor = caf::typed_actor<
    // This lease has ended.
    caf::replies_to<pb<store_api::LeaseRevokeRequest>>::with<
        pb<store_api::LeaseResponse>>,
    // This much is left of a lease.
    caf::replies_to<pb<store_api::LeaseCheckpoint>>::with<
        pb<store_api::LeaseResponse>>,
    // History before this revision may go.
    caf::replies_to<pb<store_api::CompactRequest>>::with<
        pb<store_api::CompactResponse>>>;

} // namespace troupe
