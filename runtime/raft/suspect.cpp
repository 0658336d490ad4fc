#include "runtime/raft/steps.hpp"

#include <algorithm>

namespace troupe::raft {

void suspect(state& st, member_id id) {
  if (auto* x = st.find_peer(id); x && x->now == peer::mode::replicate) {
    // What was on its way to it is lost, and so are its answers.
    x->probe(x->match + 1);
    return;
  }
  if (st.now != role::follower || st.leader != id)
    return;
  // All who followed that leader learn of it at about the same time: a little
  // chance, and the pre-vote, keep them apart.
  st.leader = 0;
  st.elapsed = 0;
  st.timeout =
      1 + st.entropy() % std::max<uint64_t>(1, st.set.election_ticks / 4);
}

} // namespace troupe::raft
