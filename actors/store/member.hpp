#pragma once

#include "messages/codec.hpp"
#include "messages/raft.pb.h"
#include "messages/store.pb.h"
#include "runtime/raft/configuration.hpp"

#include <caf/replies_to.hpp>
#include <caf/typed_actor.hpp>

#include <vector>

namespace troupe {

/// Which member of which group a store is when it first starts. Later it knows
/// from its own log.
struct store_member {
  raft::member_id id = 1;
  /// Who founds the group, this one among them; nobody for one that is added
  /// to a group that exists.
  std::vector<raft::member> founders{{1, true, "server-1/store"}};
  /// The number of the group, chosen when it was founded; 0 is any.
  uint64_t group = 0;
  /// Members that are elsewhere: what is theirs is not this one's.
  std::vector<raft::member_id> others{};
  /// One that was added asks for its promotion as soon as it has caught up.
  bool voter = true;
};

/// Takes the state of another member.
using snapshot_taker_actor = caf::typed_actor<
    // The next part of it.
    caf::reacts_to<pb<raft_api::SnapshotChunk>>>;

/// One member of a store's group as the others see it. What they say may be
/// lost together with the connection.
using member_actor = caf::typed_actor<
    // Raft's own.
    caf::reacts_to<pb<raft_api::Message>>,
    // To the leader: an entry for the log.
    caf::reacts_to<pb<raft_api::Proposal>>,
    // From the leader: it was not taken.
    caf::reacts_to<pb<raft_api::Refused>>,
    // To the leader: about a lease.
    caf::replies_to<pb<raft_api::LeaseQuestion>>::with<
        pb<store_api::LeaseResponse>>,
    // The state, from one that lacks too much of the log: begin, and go on.
    caf::replies_to<pb<raft_api::OpenSnapshot>>::with<
        pb<raft_api::SnapshotOpened>>,
    caf::reacts_to<pb<raft_api::PullSnapshot>>,
    // To the leader: about who takes part.
    caf::replies_to<pb<raft_api::MemberQuestion>>::with<
        pb<store_api::MemberResponse>>,
    // What was current at a revision?
    caf::replies_to<pb<raft_api::HashQuestion>>::with<
        pb<store_api::MemberHash>>,
    // How is it?
    caf::replies_to<pb<raft_api::StateQuestion>>::with<
        pb<store_api::StatusResponse>>,
    // What the sender's state has become.
    caf::reacts_to<pb<raft_api::HashReport>>>;

/// Knows the way to the other members.
using member_finder_actor = caf::typed_actor<
    // The member at this address, as soon as it can be reached.
    caf::replies_to<pb<raft_api::FindMember>>::with<member_actor>,
    // Who takes part from now on; nobody when the one that says so was removed.
    caf::reacts_to<pb<store_api::MemberResponse>>>;

} // namespace troupe
