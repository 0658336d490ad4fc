#pragma once

#include "actors/store/replica.hpp"

// What the replica does, by file.
namespace troupe::replica_steps {

using pointer = replica_actor::stateful_pointer<replica_state>;

// -- from nothing to an open store (replica_open.cpp) -------------------------

/// Opens both databases and sets Raft going.
void open(pointer self);
/// From now on, and for all that waits, every request gets this error.
void refuse(pointer self, const caf::error& fault);
/// What stays undone is for the supervisor: it starts the store anew.
void give_up(pointer self, const caf::error& reason);

// -- Raft's core (replica_drive.cpp) ------------------------------------------

/// Does all that follows from what the core was told.
void advance(pointer self);
/// Damage stays; after anything else log and state are read anew.
void on_state_failure(pointer self, const caf::error& err);
void on_beat(pointer self);
void on_message(pointer self, const raft_api::Message& what);

// -- changes (replica_propose.cpp) --------------------------------------------

/// Whether there is room for one more command.
bool has_room(const replica_state& state);
/// Where the next command goes.
std::string& room(replica_state& state);
/// Gathers the command that was put there, with who waits for it.
void gather(pointer self, replica_state::waiter waiter);
/// Makes one entry of what has gathered.
void flush(pointer self);
/// Gives the leader what it has not had, if there is one.
void place(pointer self);
/// Another member's entry: we are the leader, as it thinks.
void on_proposal(pointer self, const raft_api::Proposal& what);
void on_refused(pointer self, const raft_api::Refused& what);
/// Answers whose proposals these are; gives the next leader those that cannot
/// come any more.
void settle(pointer self, applied_entries& done);
/// The connection to the leader is another: what was on the old one may be
/// lost.
void forward_again(pointer self, raft::member_id leader);
/// What becomes of these changes will not be known here.
void abandon_placed(pointer self, const caf::error& why);

// -- reads (replica_reads.cpp) ------------------------------------------------

/// Runs `use` when everything that was answered anywhere before now is applied
/// here; `failed` if that takes too long.
void once_current(pointer self, std::function<void()> use,
                  std::function<void(const caf::error&)> failed);
/// Asks the core for all reads that wait.
void ask_for_reads(pointer self);
void on_read_state(pointer self, const raft::read_state& known);
void run_due_reads(pointer self);

// -- leases (replica_leases.cpp) ----------------------------------------------

/// Begins or ends the leader's part.
void follow_leadership(pointer self);
void on_lease_changes(pointer self,
                      const std::vector<store::lease_change>& changes);
/// Asks whoever leads.
caf::result<pb<store_api::LeaseResponse>>
ask_about_lease(pointer self, const raft_api::LeaseQuestion& question);
/// The same of another member, which thinks that we lead.
caf::result<pb<store_api::LeaseResponse>>
on_lease_question(pointer self, const raft_api::LeaseQuestion& question);
void ask_leader_again(pointer self);

// -- states of others (replica_snapshot.cpp) ----------------------------------

void fetch(pointer self, const raft::state_fetch& what);
void install(pointer self, const raft::snapshot_mark& mark);
/// From now on, who reads reads this state.
void use_state(pointer self, const opened_state& opened);
/// Notes what our state has become, and tells the others now and then.
void compare_hashes(pointer self, const applied_entries& done);
void on_hash(pointer self, const raft_api::HashReport& report);

// -- the others (replica_peers.cpp) -------------------------------------------

/// Looks for those who have become members, forgets who are none.
void match_peers(pointer self);
void seek_peers(pointer self);
void send_out(pointer self, const std::vector<raft::message>& messages);
/// The sender of this message is that member.
void greet(pointer self, raft::member_id from);
/// One that was spoken to is gone.
void on_peer_down(pointer self, const caf::down_msg& down);
/// The leader, if it is another member and can be reached.
member_actor leader_of(const replica_state& state);

// -- patience (replica_patience.cpp) ------------------------------------------

/// Answers what has waited for a leader or for a majority for too long.
void expire(pointer self);

} // namespace troupe::replica_steps
