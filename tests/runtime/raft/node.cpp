#include "tests/runtime/raft/node.hpp"

#include <algorithm>
#include <utility>

namespace troupe::raft::sim {

node::node(const settings& with, machine_state founded,
           std::function<uint64_t()> chances, checks& all)
    : set(with),
      entropy(std::move(chances)),
      watch(&all),
      log(snapshot_mark{founded.at, founded.members},
          hard_state{founded.at.term, 0}),
      durable(founded),
      state(std::move(founded)) {
  // nop
}

void node::start() {
  auto found = log.read();
  if (state.at.index < found.start.at.index) {
    // The crash came between the log's reset and the exchange of the states.
    if (!fetched || fetched->at.index < found.start.at.index)
      throw violation{"the log has let go of what the state lacks"};
    watch->installed(id(), state, *fetched);
    state = *fetched;
    durable = state;
  }
  fetched.reset();
  found.applied = state.at.index;
  ++life;
  // Chance goes on: no life is like the one before.
  raft.emplace(set, std::move(found), [this] { return entropy(); });
  seen = {};
}

void node::crash(size_t writes, bool keeps_state) {
  raft.reset();
  log.crash(writes, watcher());
  if (!keeps_state)
    state = durable;
  to_apply.clear();
  reads.clear();
}

output node::drive() {
  auto out = raft->take();
  if (out.to_write)
    log.begin(std::exchange(*out.to_write, {}));
  for (auto& x : out.messages)
    watch->said(x);
  if (out.install)
    install(*out.install);
  auto is = raft->now();
  for (auto& x : out.committed) {
    watch->handed(id(), is.term, x);
    to_apply.push_back(x);
  }
  for (auto& x : out.reads)
    reads.push_back(x);
  watch->stepped(id(), *raft, seen);
  if (is.now != seen.now || is.members_since != seen.members_since)
    watch->configured(id(), raft->members(), log.members());
  seen = is;
  return out;
}

void node::persist(size_t writes) {
  if (auto number = log.finish(writes, watcher()); number > 0)
    raft->persisted(number);
}

std::optional<entry> node::apply() {
  if (to_apply.empty())
    return std::nullopt;
  auto next = std::move(to_apply.front());
  to_apply.pop_front();
  // An index is applied once, whatever was installed meanwhile.
  if (next.at.index > state.at.index)
    watch->applied(id(), state, next);
  return next;
}

std::vector<read_state> node::due_reads() {
  std::vector<read_state> due;
  std::erase_if(reads, [&](const read_state& x) {
    if (x.index > state.at.index)
      return false;
    due.push_back(x);
    return true;
  });
  return due;
}

void node::checkpoint() {
  durable = state;
  raft->compact(state.at.index);
}

bool node::receive_state(const machine_state& other) {
  if (!raft->fetched({other.at, other.members}))
    return false;
  fetched = other;
  return true;
}

void node::install(const snapshot_mark& mark) {
  if (!fetched || fetched->at != mark.at)
    throw violation{"a state is to be installed that was never fetched"};
  watch->installed(id(), state, *fetched);
  state = std::move(*fetched);
  durable = state;
  fetched.reset();
}

disk::watcher node::watcher() {
  return [this](const entry& x, position before) {
    watch->stored(id(), x, before);
  };
}

} // namespace troupe::raft::sim
