#include "runtime/raft/steps.hpp"

namespace troupe::raft {

refusal transfer(state& st, member_id to) {
  if (st.now != role::leader)
    return refusal::not_leader;
  if (st.transferee != 0 && st.transferee != to)
    return refusal::transferring;
  auto* target = st.find_peer(to);
  if (target == nullptr || !st.members().has_voter(to))
    return refusal::no_such_change;
  st.transferee = to;
  // Thesis, 3.10: if nothing comes of it, the old leader goes on.
  st.transfer_until = st.clock + st.set.election_ticks;
  go_on_with_transfer(st, *target);
  return refusal::none;
}

void go_on_with_transfer(state& st, const peer& to) {
  // Thesis, 3.10: only to one that has everything; proposals are refused
  // meanwhile, so that it gets there.
  if (to.match == st.entries.last().index)
    send(st, to.id, timeout_now{});
}

} // namespace troupe::raft
