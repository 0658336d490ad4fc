#include "runtime/raft/steps.hpp"

namespace troupe::raft {

namespace {

void tick_leader(state& st) {
  if (st.transferee != 0 && st.clock >= st.transfer_until)
    st.transferee = 0;
  // Thesis, 6.2: a leader that no majority hears must not seem to be one.
  auto there = [&](member_id id) {
    auto* x = st.find_peer(id);
    return id == st.set.self || (x != nullptr && st.heard(*x));
  };
  if (!majority(st.members(), there)) {
    become_follower(st, st.hard.term, 0);
    return;
  }
  if (++st.since_heartbeat >= st.set.heartbeat_ticks)
    send_heartbeats(st);
}

void tick_follower(state& st) {
  repeat_question(st);
  // Nobody has heard of this election before its term is on the disk, so that
  // a slow disk must not make it the first of many.
  if (st.now == role::candidate && !st.disk.durable(st.disk.hard_write()))
    return;
  if (++st.elapsed < st.timeout)
    return;
  if (may_campaign(st)) {
    campaign(st, election::pre);
  } else {
    st.leader = 0;
    restart_timer(st);
  }
}

} // namespace

void tick(state& st) {
  ++st.clock;
  if (st.now == role::leader)
    tick_leader(st);
  else
    tick_follower(st);
}

} // namespace troupe::raft
