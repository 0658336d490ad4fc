#include "runtime/raft/steps.hpp"

namespace troupe::raft {

namespace {

template <class T>
const T* as(const message& x) {
  return std::get_if<T>(&x.body);
}

bool from_leader(const message& x) {
  return as<append_entries>(x) || as<heartbeat>(x) || as<install_snapshot>(x);
}

/// A message of a later term than ours. Returns whether to go on with it.
bool meet_later_term(state& st, const message& x) {
  if (auto* ask = as<request_vote>(x)) {
    // Thesis, 4.2.3: who hears its leader helps nobody to an election, unless
    // the leader wants it. One with an older term must learn ours all the same.
    if (!ask->transfer && has_live_leader(st)) {
      if (ask->pre)
        refuse_vote(st, x, *ask);
      return false;
    }
    if (ask->pre)
      return true; // thesis, 9.6: the term is not taken over
  }
  if (auto* vote = as<vote_result>(x); vote && vote->pre && vote->granted)
    return true; // it is the term we asked for
  // Paper, 5.1: a later term is taken over at once.
  become_follower(st, x.term, from_leader(x) ? x.from : 0);
  return true;
}

/// Paper, 5.1: a message of an older term is refused, and who sent it told of
/// ours.
void meet_earlier_term(state& st, const message& x) {
  if (from_leader(x))
    send(st, x.from, append_result{});
  else if (auto* ask = as<request_vote>(x))
    refuse_vote(st, x, *ask);
  else if (auto* question = as<read_index>(x))
    recv(st, x, *question); // what is committed does not depend on who asks
}

} // namespace

void receive(state& st, message& x) {
  if (x.to != st.set.self || x.from == st.set.self || x.from == 0)
    return;
  if (x.term > st.hard.term) {
    if (!meet_later_term(st, x))
      return;
  } else if (x.term < st.hard.term) {
    meet_earlier_term(st, x);
    return;
  }
  std::visit([&](auto& body) { recv(st, x, body); }, x.body);
}

} // namespace troupe::raft
