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
/// Tells the core something, unless it is no more, and does what follows.
void tell_core(pointer self, const std::function<void(raft::core&)>& tell);
/// Damage stays; after anything else log and state are read anew.
void on_state_failure(pointer self, const caf::error& err);
void on_beat(pointer self);
void on_message(pointer self, const raft_api::Message& what);
/// Whether a number is that of another group.
bool is_foreign(const replica_state& state, uint64_t group);

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
/// Whoever reads reads this state from now on; null: none.
void give_state(pointer self, const state_handle& state);
void install(pointer self, const raft::snapshot_mark& mark);
/// Goes on from this state.
void use_state(pointer self, const opened_state& opened);
/// This member serves nobody any more, now or after a restart.
void stop_for_good(pointer self, const store::stop_mark& why);
/// What every request gets then.
caf::error error_of(const store::stop_mark& why);
/// Notes what our state has become, and tells the others now and then.
void compare_hashes(pointer self, const applied_entries& done);
void on_hash(pointer self, const raft_api::HashReport& report);

// -- who takes part (replica_members.cpp) -------------------------------------

/// Has the leader do it.
caf::result<pb<store_api::MemberResponse>>
ask_about_member(pointer self, raft_api::MemberQuestion question);
/// Of another member, which thinks that we lead.
caf::result<pb<store_api::MemberResponse>>
on_member_question(pointer self, const raft_api::MemberQuestion& question);
/// Tries again what could not be done yet.
void retry_wishes(pointer self);
/// Answers for the changes that are applied.
void settle_wishes(pointer self, const applied_entries& done);
/// Answers who waits for another leader, if there is one.
void follow_transfer(pointer self);
/// A member that learns asks for its vote.
void seek_vote(pointer self);
/// A member that was removed stops.
void leave_if_removed(pointer self);
/// Says beside the store who takes part, or that this one does not any more.
void tell_members(pointer self);
void tell_removed(pointer self);
void expire_wishes(pointer self, replica_state::time begin);
void fail_wishes(pointer self, const caf::error& why);
store_api::Member describe(const raft::member& x);

// -- all of them (replica_survey.cpp) -----------------------------------------

caf::result<pb<store_api::StatusResponse>>
on_status(pointer self, const store_api::StatusRequest& request);
caf::result<pb<store_api::StatusResponse>> on_state_question(pointer self);
caf::result<pb<store_api::HashResponse>>
on_hash_request(pointer self, const store_api::HashRequest& request);
caf::result<pb<store_api::MemberHash>>
on_hash_question(pointer self, const pb<raft_api::HashQuestion>& question);
void expire_surveys(pointer self);

// -- alarms (replica_alarms.cpp) ----------------------------------------------

/// So much more was written: the state may have grown too large.
void watch_space(pointer self, uint64_t bytes);
/// The same, whatever has been written.
void measure_space(pointer self);
/// As the leader, raises the alarm for who holds something else.
void raise_corruption(pointer self);
caf::result<pb<store_api::AlarmResponse>> on_alarm_list(pointer self);
caf::result<pb<store_api::AlarmResponse>>
on_alarm_disarm(pointer self, const store_api::AlarmDisarmRequest& request);
/// Whether a beat is needed even of one that is alone.
bool awaits_space(const replica_state& state);

// -- the others (replica_peers.cpp) -------------------------------------------

/// Looks for those who have become members, forgets who are none.
void match_peers(pointer self);
void seek_peers(pointer self);
/// A group that was founded just now has no leader whose silence would tell
/// anything: the first founder stands until somebody votes.
void stand_as_founder(pointer self);
void send_out(pointer self, const std::vector<raft::message>& messages);
/// The sender of this message is that member.
void greet(pointer self, raft::member_id from);
/// One that was spoken to is gone.
void on_peer_down(pointer self, const caf::down_msg& down);
/// The leader, if it is another member and can be reached.
member_actor leader_of(const replica_state& state);

// -- patience (replica_patience.cpp) ------------------------------------------

/// Runs `use` once the store is open, or `failed` with why it is not.
void once_open(pointer self, std::function<void()> use,
               std::function<void(const caf::error&)> failed);
/// The same once all that was answered before now can be read here.
void once_readable(pointer self, std::function<void()> use,
                   std::function<void(const caf::error&)> failed);
/// Answers what has waited for a leader or for a majority for too long.
void expire(pointer self);

} // namespace troupe::replica_steps
