#include "runtime/raft/steps.hpp"

namespace troupe::raft {

void recv(state& st, const message& x, const install_snapshot& body) {
  heard_leader(st, x.from);
  auto& at = body.mark.at;
  if (at.index <= st.commit) {
    acknowledge(st, x.from, st.commit);
    return;
  }
  // Paper, figure 13: a log that has that entry is kept, and needs no state.
  if (st.entries.matches(at)) {
    commit_to(st, at.index);
    acknowledge(st, x.from, at.index);
    return;
  }
  // It is on its way already; the leader repeats itself.
  if (st.fetching == x.from || st.install)
    return;
  st.fetching = x.from;
  st.out.fetch = state_fetch{x.from, body.mark};
}

} // namespace troupe::raft
