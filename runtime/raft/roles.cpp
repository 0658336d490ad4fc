#include "runtime/raft/broken.hpp"
#include "runtime/raft/steps.hpp"

#include <algorithm>

namespace troupe::raft {

namespace {

void leave_leadership(state& st) {
  for (auto& x : st.peers)
    st.note_promise(x.id, std::min(x.match, st.commit));
  st.peers.clear();
  st.transferee = 0;
  st.uncommitted = 0;
  drop_reads_of_others(st);
}

size_t cost_after(const log& entries, uint64_t index) {
  size_t result = 0;
  for (auto i = index + 1; i <= entries.last().index; ++i)
    result += entries.at(i).cost();
  return result;
}

} // namespace

void set_hard(state& st, const hard_state& hard) {
  st.hard = hard;
  st.disk.put(hard);
}

void restart_timer(state& st) {
  st.elapsed = 0;
  // Paper, 5.2: times by chance, so that votes seldom split.
  st.timeout = st.set.election_ticks + st.entropy() % st.set.election_ticks;
}

void become_follower(state& st, uint64_t term, member_id leader) {
  if (term > st.hard.term)
    set_hard(st, {term, 0});
  if (st.now == role::leader)
    leave_leadership(st);
  if (st.now != role::follower)
    restart_timer(st);
  st.now = role::follower;
  st.leader = leader;
  st.ballots.clear();
}

void become_leader(state& st) {
  st.now = role::leader;
  st.leader = st.set.self;
  st.ballots.clear();
  st.since_heartbeat = 0;
  st.uncommitted = cost_after(st.entries, st.commit);
  requeue_reads(st);
  // Paper, figure 2: nextIndex begins after the leader's last entry.
  match_peers(st);
  std::erase_if(st.promised,
                [&](auto& x) { return st.find_peer(x.first) == nullptr; });
  // Paper, 8: an entry of its own term, which commits all before it.
  st.term_start = append_own(st, entry_kind::noop, nullptr).index;
  advance_commit(st);
}

void heard_leader(state& st, member_id from) {
  if (st.now == role::leader || (st.leader != 0 && st.leader != from))
    throw broken{"two leaders in one term"};
  if (st.now != role::follower)
    become_follower(st, st.hard.term, from);
  st.leader = from;
  st.elapsed = 0;
  st.removed = false;
}

void check_promise(const state& st, uint64_t promised) {
  if (promised > st.entries.last().index)
    throw broken{"entries that were acknowledged are gone from this log"};
}

bool just_started(const state& st) {
  return st.restarted && st.clock < st.set.election_ticks;
}

bool has_live_leader(const state& st) {
  if (st.now == role::leader)
    return true; // checks its quorum itself
  return just_started(st)
         || (st.leader != 0 && st.elapsed < st.set.election_ticks);
}

} // namespace troupe::raft
