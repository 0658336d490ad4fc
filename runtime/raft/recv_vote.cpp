#include "runtime/raft/steps.hpp"

namespace troupe::raft {

namespace {

/// Whether that member was removed: what is committed here is without it, and
/// its log ends no later, so that it was not added since. Ids are never used
/// again. Raft lets such a member ask for ever (thesis, 4.2.3).
bool was_removed(const state& st, member_id id, position last) {
  auto known = st.entries.mark_at(st.commit);
  return !known.members->empty() && known.members->find(id) == nullptr
         && last <= known.at;
}

} // namespace

void refuse_vote(state& st, const message& x, const request_vote& body) {
  send(st, x.from,
       vote_result{false, body.pre, was_removed(st, x.from, body.last)});
}

void recv(state& st, const message& x, const request_vote& body) {
  // Paper, 5.4.1: only for whoever has all that this log has.
  auto up_to_date = body.last >= st.entries.last();
  if (body.pre) {
    auto granted = up_to_date && x.term > st.hard.term;
    // Thesis, 9.6. A refusal has our own term: one with the longest log but an
    // older term would otherwise ask for ever.
    if (granted)
      send_in(st, x.term, x.from, vote_result{true, true});
    else
      refuse_vote(st, x, body);
    return;
  }
  // Paper, 5.2: one vote a term, first come, first served.
  auto free =
      st.hard.voted_for == x.from || (st.hard.voted_for == 0 && st.leader == 0);
  auto granted = free && up_to_date && (body.transfer || !just_started(st));
  if (!granted) {
    refuse_vote(st, x, body);
    return;
  }
  if (st.hard.voted_for == 0)
    set_hard(st, {st.hard.term, x.from});
  restart_timer(st);
  send(st, x.from, vote_result{true, false});
}

} // namespace troupe::raft
