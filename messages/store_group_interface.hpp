#pragma once

#include "messages/codec.hpp"

#include <caf/fwd.hpp>
#include <caf/replies_to.hpp>
#include <caf/typed_actor.hpp>

namespace troupe::store_api {
class AlarmDisarmRequest;
class AlarmListRequest;
class AlarmResponse;
class HashRequest;
class HashResponse;
class MemberAddRequest;
class MemberPromoteRequest;
class MemberRemoveRequest;
class MemberResponse;
class MoveLeaderRequest;
class SnapshotCancel;
class SnapshotCredit;
class SnapshotPart;
class SnapshotRequest;
} // namespace troupe::store_api

namespace troupe {

/// Takes a snapshot of the store.
using snapshot_receiver_actor = caf::typed_actor<
    // The next part of it.
    caf::reacts_to<pb<store_api::SnapshotPart>>>;

/// A store that is a group of members, as who looks after it sees it. Any
/// member may be asked. How it is, it says as a `store_actor`.
using store_group_actor = caf::typed_actor<
    // A new member, a learner at first.
    caf::replies_to<pb<store_api::MemberAddRequest>>::with<
        pb<store_api::MemberResponse>>,
    // A learner becomes a voter.
    caf::replies_to<pb<store_api::MemberPromoteRequest>>::with<
        pb<store_api::MemberResponse>>,
    // A member leaves for ever.
    caf::replies_to<pb<store_api::MemberRemoveRequest>>::with<
        pb<store_api::MemberResponse>>,
    // Another member leads: answered once it does.
    caf::replies_to<pb<store_api::MoveLeaderRequest>>::with<
        pb<store_api::MemberResponse>>,
    // Do all hold the same?
    caf::replies_to<pb<store_api::HashRequest>>::with<
        pb<store_api::HashResponse>>,
    // What is wrong?
    caf::replies_to<pb<store_api::AlarmListRequest>>::with<
        pb<store_api::AlarmResponse>>,
    // It is not any more.
    caf::replies_to<pb<store_api::AlarmDisarmRequest>>::with<
        pb<store_api::AlarmResponse>>,
    // Stream all of it, as it is now, to this receiver.
    caf::reacts_to<pb<store_api::SnapshotRequest>, snapshot_receiver_actor>,
    // The receiver took that many parts.
    caf::reacts_to<pb<store_api::SnapshotCredit>, snapshot_receiver_actor>,
    // No more of this one.
    caf::reacts_to<pb<store_api::SnapshotCancel>, snapshot_receiver_actor>>;

} // namespace troupe
