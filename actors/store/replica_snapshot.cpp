#include "actors/store/replica_steps.hpp"
#include "messages/store.pb.h"
#include "messages/system.pb.h"
#include "runtime/store/database.hpp"

#include <caf/stateful_actor.hpp>

#include <algorithm>
#include <utility>

// The states of other members: fetched where the log does not reach, and
// compared with ours.
namespace troupe::replica_steps {

namespace {

using namespace store_api;

/// Entries from one comparison to the next.
constexpr uint64_t compare_every = 16;
constexpr size_t most_compared = 64;

void on_fetched(pointer self, uint64_t number, fetched_state& state) {
  auto& st = self->state;
  if (!st.raft || number != st.fetches) {
    state.place->discard();
    return;
  }
  tell_core(self, [&](raft::core& core) {
    if (!core.fetched(state.mark)) {
      state.place->discard();
      return;
    }
    self->state.state_number = state.number;
    self->state.fetched = std::move(state);
  });
}

void judge(pointer self, uint64_t index) {
  auto& st = self->state;
  auto& told = st.group.hashes[index];
  auto own = told.find(st.limits.self);
  if (own == told.end() || !st.raft)
    return;
  std::map<uint64_t, size_t> voters;
  size_t count = 0;
  size_t most = 0;
  uint64_t right = 0;
  for (auto& [id, hash] : told) {
    if (!st.raft->members().has_voter(id))
      continue;
    ++count;
    if (auto alike = ++voters[hash]; alike > most) {
      most = alike;
      right = hash;
    }
  }
  auto majority = st.raft->members().majority();
  // Who of two that differ is the odd one, a third has to say.
  if (most >= majority)
    for (auto& [id, hash] : told)
      if (hash != right)
        st.group.odd.insert(id);
  auto split = count == st.raft->members().voters() && most < majority;
  if (split || (most >= majority && voters[own->second] < majority))
    stop_for_good(self, {true, "after entry " + std::to_string(index)
                                   + " this member holds something else than "
                                   + (split ? "another, and no majority agrees"
                                            : "a majority of the members")});
}

void note_hash(pointer self, raft::member_id from, uint64_t index,
               uint64_t hash) {
  auto& all = self->state.group.hashes;
  all[index][from] = hash;
  judge(self, index);
  while (all.size() > most_compared)
    all.erase(all.begin());
}

} // namespace

void fetch(pointer self, const raft::state_fetch& what) {
  auto& st = self->state;
  auto number = ++st.fetches;
  auto i = st.peers.find(what.from);
  if (i == st.peers.end() || !i->second.handle) {
    st.raft->fetch_failed();
    return;
  }
  self->request(st.parts.fetcher, caf::infinite, what.from, i->second.handle,
                what.mark)
      .then([self,
             number](fetched_state& state) { on_fetched(self, number, state); },
            [self, number](const caf::error&) {
              auto& state = self->state;
              if (state.raft && number == state.fetches)
                state.raft->fetch_failed();
            });
}

void install(pointer self, const raft::snapshot_mark& mark) {
  auto& st = self->state;
  auto next = std::exchange(st.fetched, std::nullopt);
  if (!next)
    return;
  // What came of changes up to there is in nobody's answers.
  abandon_placed(self, make_error(ec::timeout,
                                  "this member was too far behind: it is not "
                                  "known whether the change was made"));
  self->request(st.parts.apply, caf::infinite, std::move(*next))
      .then(
          [self, mark](const opened_state& opened) {
            self->state.applied_term = mark.at.term;
            use_state(self, opened);
            run_due_reads(self);
            advance(self);
          },
          [self](const caf::error& err) { on_state_failure(self, err); });
}

caf::error error_of(const store::stop_mark& why) {
  return why.damaged ? store::make_damage(why.reason)
                     : make_error(ec::service_unavailable, why.reason);
}

void stop_for_good(pointer self, const store::stop_mark& why) {
  StopState what;
  what.set_reason(why.reason);
  what.set_damaged(why.damaged);
  self->send(self->state.parts.apply, pb<StopState>{std::move(what)});
  refuse(self, error_of(why));
}

void give_state(pointer self, const state_handle& state) {
  auto& parts = self->state.parts;
  self->state.given = state;
  for (auto& reader : parts.readers)
    self->send(reader, state);
  self->send(parts.scrubber, state);
  self->send(parts.snapshots, state);
}

void use_state(pointer self, const opened_state& opened) {
  auto& st = self->state;
  st.applied = opened.applied;
  st.revision = opened.revision;
  st.compacted = opened.compacted;
  st.hash = opened.hash;
  st.group.last_member = opened.last_member;
  st.group.alarms = opened.alarms;
  give_state(self, opened.state);
  Reached reached;
  reached.set_revision(st.revision);
  reached.set_compacted(st.compacted);
  reached.set_no_space(store::no_space(st.group.alarms));
  pb<Reached> shared{std::move(reached)};
  self->send(st.parts.hub, shared);
  self->send(st.parts.compactor, shared);
}

void compare_hashes(pointer self, const applied_entries& done) {
  for (auto& x : done.entries) {
    auto& st = self->state;
    if (x.at.index % compare_every != 0 || st.peers.empty())
      continue;
    raft_api::HashReport report;
    report.set_from(st.limits.self);
    report.set_index(x.at.index);
    report.set_hash(x.hash);
    report.set_group(st.store_group);
    pb<raft_api::HashReport> shared{std::move(report)};
    for (auto& [id, whom] : st.peers)
      if (whom.handle)
        self->send(whom.handle, shared);
    note_hash(self, st.limits.self, x.at.index, x.hash);
  }
}

void on_hash(pointer self, const raft_api::HashReport& report) {
  auto& st = self->state;
  if (st.raft && !is_foreign(st, report.group())
      && report.from() != st.limits.self
      && st.raft->members().find(report.from()) != nullptr)
    note_hash(self, report.from(), report.index(), report.hash());
}

} // namespace troupe::replica_steps
