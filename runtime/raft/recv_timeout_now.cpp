#include "runtime/raft/steps.hpp"

namespace troupe::raft {

void recv(state& st, const message&, const timeout_now&) {
  // Thesis, 3.10: an election at once; the leader has asked for it, so there is
  // no need to ask first whether it could be won.
  if (st.now != role::leader && may_campaign(st))
    campaign(st, election::transfer);
}

} // namespace troupe::raft
