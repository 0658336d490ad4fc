#include "runtime/raft/broken.hpp"
#include "runtime/raft/steps.hpp"

#include <algorithm>

namespace troupe::raft {

namespace {

/// Leaves out what is committed here: it is the same in the leader's log
/// (paper, 5.4.3), and what lies below our own snapshot must not be compared.
/// Returns whether anything is left to look at.
bool skip_committed(const state& st, append_entries& body) {
  if (body.previous.index >= st.commit)
    return true;
  auto known = st.commit - body.previous.index;
  if (body.entries.size() < known)
    return false;
  auto end = body.entries.begin() + static_cast<std::ptrdiff_t>(known);
  body.previous = std::prev(end)->at;
  body.entries.erase(body.entries.begin(), end);
  if (!st.entries.matches(body.previous))
    throw broken{"the leader's log differs from what is committed here"};
  return true;
}

void refuse(state& st, const message& x, position previous) {
  // Paper, 5.3: where the logs may still agree, so that the leader need not
  // try every entry in turn.
  append_result answer{false, previous.index, {}};
  answer.hint = st.entries.last_up_to(previous.index, previous.term);
  send(st, x.from, answer);
}

/// Takes over entries that follow a place where the logs agree. Returns up to
/// where they agree then.
uint64_t take_over(state& st, const append_entries& body) {
  auto differs =
      std::find_if(body.entries.begin(), body.entries.end(),
                   [&](const entry& x) { return !st.entries.matches(x.at); });
  for (auto it = differs; it != body.entries.end(); ++it) {
    make_room(st);
    if (st.full())
      return it->at.index - 1;
    if (it->at.index <= st.commit)
      throw broken{"the leader's log differs from what is committed here"};
    // Paper, 5.3: an entry that differs goes, and all that follow it.
    st.entries.cut(it->at.index);
    append(st, *it);
  }
  return body.previous.index + body.entries.size();
}

} // namespace

void recv(state& st, const message& x, append_entries& body) {
  heard_leader(st, x.from);
  check_promise(st, body.promised);
  if (!skip_committed(st, body)) {
    acknowledge(st, x.from, st.commit);
    return;
  }
  if (!st.entries.matches(body.previous)) {
    refuse(st, x, body.previous);
    return;
  }
  // The logs agree up to here, and nothing is known of what may follow.
  auto agreed = take_over(st, body);
  commit_to(st, std::min(body.commit, agreed));
  acknowledge(st, x.from, agreed);
}

} // namespace troupe::raft
