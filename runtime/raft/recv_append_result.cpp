#include "runtime/raft/broken.hpp"
#include "runtime/raft/steps.hpp"

#include <algorithm>

namespace troupe::raft {

namespace {

/// Goes back to where the logs may agree.
void step_back(const state& st, peer& from, const append_result& body) {
  // Late answers to what has been settled since.
  if (body.index <= from.match || from.now == peer::mode::snapshot)
    return;
  if (from.now == peer::mode::probe && body.index != from.next - 1)
    return;
  // Paper, 5.3: past all of our entries of later terms than the hint's.
  auto& log = st.entries;
  auto place = body.hint.index < log.start().at.index
                   ? body.hint.index
                   : log.last_up_to(body.hint.index, body.hint.term).index;
  from.probe(std::max(from.match + 1, std::min(place + 1, body.index)));
}

void step_forward(state& st, peer& from, const append_result& body) {
  if (body.index > st.entries.last().index)
    throw broken{"a member acknowledges entries that do not exist"};
  auto news = from.accepted(body.index);
  // After a snapshot it goes on if our log still reaches back to what it has.
  auto lacks = from.now == peer::mode::snapshot
               && from.match < st.entries.start().at.index;
  if (!lacks && body.full)
    from.hold_off();
  else if (!lacks && from.now != peer::mode::replicate
           && body.index == from.match)
    from.replicate();
  if (news)
    advance_commit(st);
}

} // namespace

void recv(state& st, const message& x, const append_result& body) {
  auto* from = st.now == role::leader ? st.find_peer(x.from) : nullptr;
  if (from == nullptr)
    return;
  from->heard = st.clock;
  if (body.accepted)
    step_forward(st, *from, body);
  else
    step_back(st, *from, body);
  if (st.transferee == x.from)
    go_on_with_transfer(st, *from);
}

} // namespace troupe::raft
