#include "runtime/raft/broken.hpp"
#include "runtime/raft/steps.hpp"

namespace troupe::raft {

void recv(state& st, const message& x, const heartbeat& body) {
  heard_leader(st, x.from);
  // The leader tells us no more than what we have acknowledged.
  if (body.commit > st.entries.last().index)
    throw broken{"entries that were acknowledged are gone from this log"};
  commit_to(st, body.commit);
  send(st, x.from, heartbeat_result{body.round});
}

} // namespace troupe::raft
