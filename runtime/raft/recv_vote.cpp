#include "runtime/raft/steps.hpp"

namespace troupe::raft {

void recv(state& st, const message& x, const request_vote& body) {
  // Paper, 5.4.1: only for whoever has all that this log has.
  auto up_to_date = body.last >= st.entries.last();
  if (body.pre) {
    auto granted = up_to_date && x.term > st.hard.term;
    // Thesis, 9.6. A refusal has our own term: one with the longest log but an
    // older term would otherwise ask for ever.
    send_in(st, granted ? x.term : st.hard.term, x.from,
            vote_result{granted, true});
    return;
  }
  // Paper, 5.2: one vote a term, first come, first served.
  auto free = st.hard.voted_for == x.from
              || (st.hard.voted_for == 0 && st.leader == 0);
  auto granted = free && up_to_date;
  if (granted) {
    if (st.hard.voted_for == 0)
      set_hard(st, {st.hard.term, x.from});
    restart_timer(st);
  }
  send(st, x.from, vote_result{granted, false});
}

} // namespace troupe::raft
