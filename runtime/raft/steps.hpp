#pragma once

#include "runtime/raft/message.hpp"
#include "runtime/raft/state.hpp"

#include <string>

// What the events are made of. One source file for each event, named after it.
namespace troupe::raft {

// -- roles (roles.cpp) --------------------------------------------------------

void set_hard(state& st, const hard_state& hard);
void restart_timer(state& st);
/// Follows `leader` in `term`; 0 if none is known.
void become_follower(state& st, uint64_t term, member_id leader);
void become_leader(state& st);
/// A message of the leader of this term came in.
void heard_leader(state& st, member_id from);
/// Whether this member had a life before this one, and no election timeout has
/// passed since: it may have promised its leader not to help others (thesis,
/// 4.2.3), and if its disk lies, more than it knows. By then those who have
/// forgotten nothing have elected somebody.
bool just_started(const state& st);
/// Holds the log against what this member has said of it.
void check_promise(const state& st, uint64_t promised);
/// Whether a leader was heard of so recently that nobody else is to be helped
/// to an election (thesis, 4.2.3).
bool has_live_leader(const state& st);

// -- elections (campaign.cpp) -------------------------------------------------

enum class election : uint8_t { pre, real, transfer };

/// Whether this member is to hold elections.
bool may_campaign(const state& st);
void campaign(state& st, election kind);
void count_ballots(state& st);
/// Tells a candidate our term, and whether it is a member at all.
void refuse_vote(state& st, const message& x, const request_vote& body);

// -- messages (receive.cpp, recv_*.cpp) ---------------------------------------

void receive(state& st, message& x);
void recv(state& st, const message& x, append_entries& body);
void recv(state& st, const message& x, const append_result& body);
void recv(state& st, const message& x, const request_vote& body);
void recv(state& st, const message& x, const vote_result& body);
void recv(state& st, const message& x, const heartbeat& body);
void recv(state& st, const message& x, const heartbeat_result& body);
void recv(state& st, const message& x, const install_snapshot& body);
void recv(state& st, const message& x, const timeout_now& body);
void recv(state& st, const message& x, const read_index& body);
void recv(state& st, const message& x, const read_index_result& body);

// -- sending (send.cpp) -------------------------------------------------------

/// Leaves once the present term and vote are durable.
void send(state& st, member_id to, message_body body);
/// Of another term than ours: a pre-vote and its answer.
void send_in(state& st, uint64_t term, member_id to, message_body body);
/// Says that the log agrees with the leader's up to `index`, once that much of
/// it is durable.
void acknowledge(state& st, member_id to, uint64_t index);

// -- replication (replicate.cpp) ----------------------------------------------

/// Appends an entry of our own term.
position append_own(state& st, entry_kind kind, payload data);
/// Appends to memory and to the disk.
void append(state& st, const entry& x);
/// Sends what the windows allow.
void replicate(state& st);
void send_append(state& st, peer& to);
void send_heartbeats(state& st);

// -- commitment (commit.cpp) --------------------------------------------------

/// Commits what a majority has, if this term began before it.
void advance_commit(state& st);
void commit_to(state& st, uint64_t index);
/// Hands out what is committed and durable here.
void hand_out(state& st);
/// Whether more than half of the voters have a property.
template <class Has>
bool majority(const configuration& members, Has has) {
  size_t count = 0;
  for (auto& x : members.members())
    if (x.voter && has(x.id))
      ++count;
  return count >= members.majority();
}

// -- the rest, by file --------------------------------------------------------

void begin_rounds(state& st); // read_index.cpp
void confirm_rounds(state& st);
void ask_leader(state& st);
void repeat_question(state& st);
void requeue_reads(state& st);
void drop_reads_of_others(state& st);
void match_peers(state& st); // membership.cpp
void leave_if_removed(state& st);
void forget_left_peers(state& st);
void tick(state& st);
void suspect(state& st, member_id peer);
proposal propose(state& st, payload data); // propose.cpp
refusal may_propose(const state& st, size_t cost);
void note_proposal(state& st, position at);
proposal change(state& st, const membership_change& step);
refusal transfer(state& st, member_id to);
void go_on_with_transfer(state& st, const peer& to);
void compact(state& st, uint64_t index); // snapshot.cpp
/// Lets go of what the state holds, if the log is full.
void make_room(state& st);
void ask_for_checkpoint(state& st);
bool fetched(state& st, const snapshot_mark& mark);
void finish_install(state& st);

} // namespace troupe::raft
