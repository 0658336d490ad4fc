#pragma once

#include "messages/codec.hpp"
#include "messages/raft.pb.h"

#include <caf/replies_to.hpp>
#include <caf/typed_actor.hpp>

namespace troupe {

/// Shows servers of other processes the way to members of the store in this
/// one.
using usher_actor = caf::typed_actor<
    // Something unguessable to sign.
    caf::replies_to<pb<raft_api::AskNonce>>::with<pb<raft_api::Nonce>>,
    // The member, if a server asks. Untyped, as what the directory knows.
    caf::replies_to<pb<raft_api::FindMember>>::with<caf::actor>>;

} // namespace troupe
