#include "runtime/raft/steps.hpp"

#include <algorithm>
#include <utility>

namespace troupe::raft {

namespace {

void send_snapshot(state& st, peer& to) {
  to.fetch(st.entries.start().at.index);
  send(st, to.id, install_snapshot{st.entries.start()});
}

/// Whether an append would tell that member anything.
bool has_news(const state& st, const peer& to) {
  return to.now == peer::mode::probe || to.next <= st.entries.last().index
         || st.commit > to.commit_told;
}

} // namespace

void append(state& st, const entry& x) {
  st.entries.append(x);
  st.disk.put(x);
  st.grown_bytes += x.cost();
  ++st.grown_entries;
}

position append_own(state& st, entry_kind kind, payload data) {
  entry x{{st.hard.term, st.entries.last().index + 1}, kind, std::move(data)};
  append(st, x);
  st.uncommitted += x.cost();
  return x.at;
}

void send_append(state& st, peer& to) {
  position previous{0, to.next - 1};
  auto term = st.entries.term_at(previous.index);
  if (!term) {
    send_snapshot(st, to);
    return;
  }
  previous.term = *term;
  append_entries body{previous, {}, st.commit, st.promised[to.id]};
  if (!to.paused(st.set) && !to.full)
    body.entries =
        st.entries.slice(to.next, st.set.append_bytes, st.set.append_entries);
  size_t bytes = 0;
  for (auto& x : body.entries)
    bytes += x.cost();
  to.sent(previous.index + body.entries.size(), bytes);
  to.commit_told = std::max(to.commit_told, st.commit);
  send(st, to.id, std::move(body));
}

void replicate(state& st) {
  for (auto& to : st.peers) {
    // Thesis, 10.2.1: while entries are on their way to our own disk, and
    // without waiting for answers.
    while (!to.paused(st.set) && has_news(st, to))
      send_append(st, to);
  }
}

void send_heartbeats(state& st) {
  st.since_heartbeat = 0;
  for (auto& to : st.peers) {
    auto has = std::min(to.match, st.commit);
    st.note_promise(to.id, has);
    auto durable = std::min(st.disk.stable(), st.commit);
    send(st, to.id,
         heartbeat{has, st.reads.round, durable, st.promised[to.id]});
    if (to.now == peer::mode::snapshot)
      send_snapshot(st, to);
  }
}

} // namespace troupe::raft
