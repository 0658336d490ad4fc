#include "runtime/raft/steps.hpp"

#include <algorithm>

namespace troupe::raft {

void recv(state& st, const message& x, const heartbeat& body) {
  heard_leader(st, x.from);
  st.note_promise(x.from, body.durable);
  // The leader tells us no more than what we have acknowledged, to it or, as
  // leaders, to others.
  check_promise(st, std::max(body.commit, body.promised));
  commit_to(st, body.commit);
  send(st, x.from, heartbeat_result{body.round});
}

} // namespace troupe::raft
