#include "runtime/raft/steps.hpp"

#include <algorithm>

namespace troupe::raft {

namespace {

void ask_for_votes(state& st, election kind) {
  request_vote ask{st.entries.last(), kind == election::pre,
                   kind == election::transfer};
  auto term = st.hard.term + (ask.pre ? 1 : 0);
  for (auto& x : st.members().members())
    if (x.voter && x.id != st.set.self)
      send_in(st, term, x.id, ask);
}

} // namespace

bool may_campaign(const state& st) {
  if (st.removed)
    return false;
  if (st.voter())
    return true;
  // Thesis, 4.2.2: one that is being removed may be the only one that can still
  // commit its removal. It does not count its own vote.
  return st.entries.members_since() > st.commit
         && st.entries.members_before()->has_voter(st.set.self);
}

void campaign(state& st, election kind) {
  st.leader = 0;
  restart_timer(st);
  if (kind == election::pre) {
    // Thesis, 9.6: no new term before a majority would vote for it.
    st.now = role::pre_candidate;
  } else {
    st.now = role::candidate;
    // Paper, 5.2: a candidate votes for itself. That counts once it is on the
    // disk, as with any other vote.
    set_hard(st, {st.hard.term + 1, st.set.self});
  }
  st.ballots.clear();
  ask_for_votes(st, kind);
  count_ballots(st);
}

void count_ballots(state& st) {
  auto voted = [&](member_id id, bool granted) {
    if (id == st.set.self)
      return granted
             && (st.now == role::pre_candidate
                 || st.disk.durable(st.disk.hard_write()));
    return std::any_of(
        st.ballots.begin(), st.ballots.end(),
        [&](const ballot& x) { return x.from == id && x.granted == granted; });
  };
  if (majority(st.members(), [&](member_id id) { return voted(id, true); })) {
    if (st.now == role::pre_candidate)
      campaign(st, election::real);
    else
      become_leader(st);
    return;
  }
  auto may_win = [&](member_id id) { return !voted(id, false); };
  if (!majority(st.members(), may_win))
    become_follower(st, st.hard.term, 0);
}

} // namespace troupe::raft
