#include "runtime/raft/steps.hpp"

#include <algorithm>

namespace troupe::raft {

void recv(state& st, const message& x, const heartbeat_result& body) {
  auto* from = st.now == role::leader ? st.find_peer(x.from) : nullptr;
  if (from == nullptr)
    return;
  from->heard = st.clock;
  from->waits = false;
  if (body.round > from->round) {
    from->round = body.round;
    confirm_rounds(st);
  }
  // An append or its answer may be lost: whether the logs agree at `next`
  // tells.
  if (from->now == peer::mode::replicate
      && from->match < st.entries.last().index)
    send_append(st, *from);
  if (st.transferee == x.from)
    go_on_with_transfer(st, *from);
}

} // namespace troupe::raft
