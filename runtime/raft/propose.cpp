#include "runtime/raft/steps.hpp"

#include <utility>

namespace troupe::raft {

refusal may_propose(const state& st, size_t cost) {
  if (st.now != role::leader)
    return refusal::not_leader;
  // Thesis, 3.10: the target must be able to catch up.
  if (st.transferee != 0)
    return refusal::transferring;
  auto too_much =
      st.uncommitted > 0 && st.uncommitted + cost > st.set.uncommitted_bytes;
  if (too_much || st.full())
    return refusal::busy;
  return refusal::none;
}

void note_proposal(state& st, position at) {
  auto& own = st.proposals;
  if (own.empty() || own.back().term != at.term)
    own.push_back({at.term, at.index, at.index});
  own.back().last = at.index;
}

proposal propose(state& st, payload data) {
  if (auto why = may_propose(st, entry{{}, entry_kind::commands, data}.cost());
      why != refusal::none)
    return {why, {}};
  auto at = append_own(st, entry_kind::commands, std::move(data));
  note_proposal(st, at);
  return {refusal::none, at};
}

} // namespace troupe::raft
