#include "runtime/raft/broken.hpp"
#include "runtime/raft/steps.hpp"

#include <algorithm>

namespace troupe::raft {

namespace {

/// What more than half of the voters have on their disks.
uint64_t majority_match(const state& st) {
  std::vector<uint64_t> matches;
  for (auto& x : st.members().members()) {
    if (!x.voter)
      continue;
    auto* other = st.find_peer(x.id);
    // Thesis, 10.2.1: the leader's own copy counts once it is on its disk.
    matches.push_back(x.id == st.set.self ? st.disk.stable()
                      : other             ? other->match
                                          : 0);
  }
  auto middle = matches.begin()
                + static_cast<std::ptrdiff_t>(st.members().majority() - 1);
  std::nth_element(matches.begin(), middle, matches.end(), std::greater<>{});
  return *middle;
}

/// Tells which proposals of ours can never be committed now: those whose place
/// another entry has, those behind them, which follow no other entry (paper,
/// 5.3), and those of earlier terms, which follow no later one.
void settle_proposals(state& st, position committed) {
  for (auto& x : st.proposals) {
    auto replaced = x.term < committed.term
                    || (x.term > committed.term && x.first <= committed.index);
    for (auto i = std::max(x.first, committed.index); replaced && i <= x.last;
         ++i)
      st.out.dropped.push_back({x.term, i});
    if (replaced)
      x.last = std::min(x.last, committed.index);
  }
  std::erase_if(st.proposals, [&](const own_proposals& x) {
    return x.last <= committed.index;
  });
}

} // namespace

void advance_commit(state& st) {
  auto index = majority_match(st);
  // Paper, 5.4.2 and figure 8: entries of earlier terms are not committed by
  // counting, only together with one of our own.
  if (index > st.commit && st.entries.term_at(index) == st.hard.term)
    commit_to(st, index);
}

void commit_to(state& st, uint64_t index) {
  if (index > st.entries.last().index)
    throw broken{"more is committed than the log has"};
  for (; st.commit < index; ++st.commit)
    if (st.now == role::leader)
      st.uncommitted -= st.entries.at(st.commit + 1).cost();
}

void hand_out(state& st) {
  // A state that is ahead of its own log would look like a damaged one.
  auto end = std::min(st.commit, st.disk.stable());
  for (auto i = st.handed + 1; i <= end; ++i) {
    auto& x = st.entries.at(i);
    settle_proposals(st, x.at);
    st.out.committed.push_back(x);
    st.handed = i;
  }
}

} // namespace troupe::raft
