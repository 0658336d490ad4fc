#include "runtime/raft/steps.hpp"

#include <algorithm>

// One voter more or less at a time (thesis, chapter 4).
namespace troupe::raft {

namespace {

/// Whether enough of those who would be voters are there to go on.
bool keeps_quorum(const state& st, const configuration& next) {
  return majority(next, [&](member_id id) {
    if (id == st.set.self)
      return true;
    auto* x = st.find_peer(id);
    return x != nullptr && st.heard(*x);
  });
}

bool caught_up(const state& st, member_id id) {
  auto* x = st.find_peer(id);
  return x != nullptr && x->now == peer::mode::replicate
         && x->match + st.set.promote_lag >= st.commit;
}

refusal may_change(const state& st, const membership_change& step,
                   const std::optional<configuration>& next) {
  // Thesis, 4.1: not before the last change is committed.
  if (st.entries.members_since() > st.commit)
    return refusal::change_pending;
  // Nor before something of the leader's own term is: a change of an earlier
  // leader might otherwise still come back (amendment to 4.1 of July 2015).
  if (st.commit < st.term_start)
    return refusal::term_too_young;
  if (!next)
    return refusal::no_such_change;
  // Thesis, 4.2.1: a voter with an old log would hold up every commit.
  if (step.what == membership_change::step::promote && !caught_up(st, step.id))
    return refusal::not_caught_up;
  if (!keeps_quorum(st, *next))
    return refusal::would_lose_quorum;
  return refusal::none;
}

} // namespace

proposal change(state& st, const membership_change& step) {
  auto why = may_propose(st, 0);
  auto next = st.members().after(step);
  if (why == refusal::none)
    why = may_change(st, step, next);
  if (why != refusal::none)
    return {why, {}};
  auto data = std::make_shared<std::string>(next->encode());
  // Thesis, 4.1: it holds from the moment it is in the log.
  auto at = append_own(st, entry_kind::change, std::move(data));
  note_proposal(st, at);
  match_peers(st);
  advance_commit(st);
  return {refusal::none, at};
}

void match_peers(state& st) {
  for (auto& x : st.members().members()) {
    if (x.id == st.set.self)
      continue;
    auto* known = st.find_peer(x.id);
    if (known == nullptr) {
      peer added;
      added.id = x.id;
      added.next = st.entries.last().index + 1;
      added.heard = st.clock;
      st.peers.push_back(added);
    } else {
      known->leaving.reset();
    }
  }
  for (auto& x : st.peers)
    if (st.members().find(x.id) == nullptr && !x.leaving)
      x.leaving = st.entries.members_since();
}

void forget_left_peers(state& st) {
  std::erase_if(st.peers, [&](const peer& x) {
    auto known = x.leaving && st.commit >= *x.leaving;
    return known
           && ((x.match >= *x.leaving && x.commit_told >= *x.leaving)
               || !st.heard(x));
  });
}

void leave_if_removed(state& st) {
  // Thesis, 4.2.2: a leader that is no voter any more leads until that is
  // committed.
  if (st.voter() || st.entries.members_since() > st.commit)
    return;
  auto best = std::max_element(
      st.peers.begin(), st.peers.end(), [&](const peer& a, const peer& b) {
        return std::pair{st.members().has_voter(a.id), a.match}
               < std::pair{st.members().has_voter(b.id), b.match};
      });
  if (best != st.peers.end() && st.members().has_voter(best->id))
    send(st, best->id, timeout_now{});
  become_follower(st, st.hard.term, 0);
}

} // namespace troupe::raft
