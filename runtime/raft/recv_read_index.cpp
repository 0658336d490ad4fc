#include "runtime/raft/steps.hpp"

#include <algorithm>

namespace troupe::raft {

void recv(state& st, const message& x, const read_index& body) {
  if (st.now != role::leader)
    return; // it asks again when it knows who is
  auto same = [&](const waiting_read& y) {
    return y.from == x.from && y.token == body.request;
  };
  auto& reads = st.reads;
  if (std::any_of(reads.confirming.begin(), reads.confirming.end(), same))
    return;
  // A follower has one question at a time: a later one replaces it.
  auto other =
      std::find_if(reads.waiting.begin(), reads.waiting.end(),
                   [&](const waiting_read& y) { return y.from == x.from; });
  if (other != reads.waiting.end())
    other->token = body.request;
  else
    reads.waiting.push_back({x.from, body.request, 0, 0});
}

void recv(state& st, const message&, const read_index_result& body) {
  auto& reads = st.reads;
  if (reads.asked.empty() || body.request != reads.request)
    return;
  for (auto& read : reads.asked)
    st.out.reads.push_back({read.token, body.index});
  reads.asked.clear();
}

} // namespace troupe::raft
