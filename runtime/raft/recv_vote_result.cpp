#include "runtime/raft/steps.hpp"

#include <algorithm>

namespace troupe::raft {

void recv(state& st, const message& x, const vote_result& body) {
  if (body.removed && st.now != role::leader) {
    st.removed = true;
    become_follower(st, st.hard.term, 0);
    return;
  }
  auto asked = body.pre ? role::pre_candidate : role::candidate;
  auto term = st.hard.term + (body.pre && body.granted ? 1 : 0);
  if (st.now != asked || x.term != term)
    return;
  auto known = [&](const ballot& y) { return y.from == x.from; };
  if (std::none_of(st.ballots.begin(), st.ballots.end(), known))
    st.ballots.push_back({x.from, body.granted});
  count_ballots(st);
}

} // namespace troupe::raft
