#pragma once

#include "messages/interfaces.hpp"

namespace troupe::join {
class JoinAnswer;
class JoinRequest;
class Revoked;
} // namespace troupe::join

namespace troupe {

/// Takes processes into the cluster.
using joining_actor = caf::typed_actor<
    // A process with a token wants a certificate. A refusal is an answer too.
    caf::replies_to<pb<join::JoinRequest>>::with<pb<join::JoinAnswer>>>;

/// A front door that can be told whom to let in no more.
using guarded_door_actor = front_door_actor::extend<
    // All serials of certificates that are not good any longer.
    caf::reacts_to<pb<join::Revoked>>>;

} // namespace troupe
