#include "runtime/raft/broken.hpp"
#include "runtime/raft/steps.hpp"

#include <algorithm>
#include <utility>

// Snapshots are marks only: the state is the driver's, and always at least as
// new as the mark.
namespace troupe::raft {

namespace {

/// Up to where the log may go, for the sake of members that are behind.
uint64_t needed_after(const state& st, uint64_t index) {
  for (auto& x : st.peers) {
    if (!st.heard(x))
      continue;
    index =
        std::min(index, x.now == peer::mode::snapshot ? x.snapshot : x.match);
  }
  return index;
}

/// Lets go of the log up to there, but for what others may still need.
void cut(state& st, uint64_t index) {
  index = std::min(index, st.handed);
  if (st.entries.bytes() < st.set.log_bytes) {
    index = std::min(index, st.entries.trailing(st.set.trailing_bytes));
    index = needed_after(st, index);
  }
  if (index <= st.entries.start().at.index)
    return;
  st.entries.compact(index);
  st.disk.put(st.entries.start(), false);
}

} // namespace

void compact(state& st, uint64_t index) {
  st.grown_bytes = 0;
  st.grown_entries = 0;
  st.checkpoint = index;
  st.checkpoint_asked = false;
  cut(st, index);
}

void make_room(state& st) {
  // More was kept at the last checkpoint than had to be, and nothing that is
  // committed since calls for another.
  if (st.full())
    cut(st, st.checkpoint);
}

void ask_for_checkpoint(state& st) {
  auto due = st.grown_bytes >= st.set.checkpoint_bytes
             || st.grown_entries >= st.set.checkpoint_entries || st.full();
  if (!due || st.checkpoint_asked || st.handed <= st.checkpoint)
    return;
  st.checkpoint_asked = true;
  st.out.checkpoint = true;
}

bool fetched(state& st, const snapshot_mark& mark) {
  st.fetching.reset();
  // One that is older than what is here would take the state back; a second
  // one before the first is installed would leave a log that fits neither.
  if (mark.at.index <= st.commit || st.install)
    return false;
  if (st.entries.matches(mark.at)) {
    commit_to(st, mark.at.index);
    return false;
  }
  if (st.now == role::leader)
    throw broken{"something is committed that the leader does not have"};
  if (mark.at.term > st.hard.term)
    become_follower(st, mark.at.term, 0);
  // Paper, figure 13: the whole log gives way.
  st.entries.reset(mark);
  st.disk.put(mark, true);
  st.commit = mark.at.index;
  st.install = pending_install{mark, st.disk.write_of(mark.at.index)};
  if (st.leader != 0)
    acknowledge(st, st.leader, mark.at.index);
  return true;
}

void finish_install(state& st) {
  if (!st.install || !st.disk.durable(st.install->write))
    return;
  st.handed = st.install->mark.at.index;
  st.out.install = std::move(st.install->mark);
  st.install.reset();
}

} // namespace troupe::raft
