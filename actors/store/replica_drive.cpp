#include "actors/store/replica_steps.hpp"
#include "messages/store.pb.h"
#include "messages/system.pb.h"
#include "runtime/raft/broken.hpp"
#include "runtime/store/database.hpp"
#include "runtime/store/wire.hpp"

#include <caf/stateful_actor.hpp>

#include <chrono>
#include <utility>

// Does what the core wants done, and tells it what came of it.
namespace troupe::replica_steps {

namespace {

using namespace store_api;

/// All of Raft's times are multiples of it.
constexpr auto beat = std::chrono::milliseconds(50);
/// Of entries that are applied as one run.
constexpr size_t run_bytes = size_t{1} << 20;
/// How many revisions may pass before the compactor hears of it.
constexpr uint64_t stride = 1024;

void write(pointer self, raft::write& what) {
  self->request(self->state.parts.log, caf::infinite, std::move(what),
                self->state.state_number)
      .then(
          [self, mine = self->state.openings](const written_log& done) {
            if (mine == self->state.openings)
              tell_core(self,
                        [&](raft::core& core) { core.persisted(done.number); });
          },
          // What is on the disk is not known: whoever comes next reads it.
          [self](const caf::error& err) { on_state_failure(self, err); });
}

void tell_reached(pointer self) {
  auto& st = self->state;
  Reached reached;
  reached.set_revision(st.revision);
  reached.set_compacted(st.compacted);
  reached.set_no_space(store::no_space(st.group.alarms));
  self->send(st.parts.compactor, pb<Reached>{std::move(reached)});
}

void on_applied(pointer self, applied_entries& done) {
  auto& st = self->state;
  if (!st.raft)
    return;
  auto tell = done.compacted != st.compacted || done.alarms != st.group.alarms
              || done.revision / stride != st.revision / stride;
  st.applied = done.applied;
  st.revision = done.revision;
  st.compacted = done.compacted;
  st.hash = done.hash;
  st.group.last_member = done.last_member;
  st.group.alarms = std::move(done.alarms);
  on_lease_changes(self, done.leases);
  settle(self, done);
  settle_wishes(self, done);
  compare_hashes(self, done);
  if (!st.raft)
    return;
  retry_wishes(self);
  run_due_reads(self);
  if (tell)
    tell_reached(self);
  advance(self);
}

void apply_run(pointer self, committed_entries run) {
  self->request(self->state.parts.apply, caf::infinite, std::move(run))
      .then([self](applied_entries& done) { on_applied(self, done); },
            [self](const caf::error& err) { on_state_failure(self, err); });
}

/// Raft, figure 2: what is committed is applied in order.
void apply(pointer self, std::vector<raft::entry>& entries) {
  committed_entries run;
  size_t bytes = 0;
  size_t all = 0;
  for (auto& x : entries) {
    bytes += x.cost();
    all += x.cost();
    run.entries.push_back(std::move(x));
    if (bytes < run_bytes)
      continue;
    apply_run(self, std::exchange(run, {}));
    bytes = 0;
  }
  if (!run.entries.empty())
    apply_run(self, std::move(run));
  watch_space(self, all);
}

void checkpoint(pointer self) {
  self->request(self->state.parts.apply, caf::infinite, pb<Checkpoint>{})
      .then(
          [self](const checkpointed& done) {
            tell_core(self,
                      [&](raft::core& core) { core.compact(done.index); });
          },
          [self](const caf::error& err) { on_state_failure(self, err); });
}

/// Time matters to no leader who is alone. One who was left alone has to become
/// the leader first.
bool is_alone(const replica_state& st) {
  auto& members = st.raft->members();
  return members.members().size() == 1 && members.has_voter(st.limits.self)
         && st.raft->now().now == raft::role::leader;
}

void keep_beating(pointer self) {
  auto& st = self->state;
  if (st.beating || (is_alone(st) && !awaits_space(st)))
    return;
  st.beating = true;
  self->delayed_send(self, beat, pb<Beat>{});
}

void act(pointer self, raft::output& out) {
  if (out.to_write)
    write(self, *out.to_write);
  send_out(self, out.messages);
  if (out.install)
    install(self, *out.install);
  if (!out.committed.empty())
    apply(self, out.committed);
  for (auto& known : out.reads)
    on_read_state(self, known);
  if (out.checkpoint)
    checkpoint(self);
  if (out.fetch)
    fetch(self, *out.fetch);
}

} // namespace

void tell_core(pointer self, const std::function<void(raft::core&)>& tell) {
  auto& st = self->state;
  if (!st.raft)
    return;
  try {
    tell(*st.raft);
  } catch (const raft::broken& err) {
    stop_for_good(self, {true, err.what()});
    return;
  }
  advance(self);
}

void on_state_failure(pointer self, const caf::error& err) {
  if (store::is_damage(err))
    stop_for_good(self, {true, store::damage_of(err)});
  else if (is(err, ec::internal_error))
    refuse(self, err);
  else
    give_up(self, err);
}

void advance(pointer self) {
  auto& st = self->state;
  if (!st.raft)
    return;
  try {
    place(self);
    ask_for_reads(self);
    auto out = st.raft->take();
    act(self, out);
    // Reads that came together while others were being asked for.
    if (!out.reads.empty() && !st.reads_next.empty()) {
      ask_for_reads(self);
      out = st.raft->take();
      act(self, out);
    }
  } catch (const raft::broken& err) {
    stop_for_good(self, {true, err.what()});
    return;
  }
  match_peers(self);
  follow_leadership(self);
  follow_transfer(self);
  raise_corruption(self);
  leave_if_removed(self);
  if (!st.raft)
    return;
  keep_beating(self);
}

void on_beat(pointer self) {
  auto& st = self->state;
  st.beating = false;
  if (!st.raft)
    return;
  st.pausing = false;
  expire(self);
  ask_leader_again(self);
  retry_wishes(self);
  seek_vote(self);
  watch_space(self, 0);
  seek_peers(self);
  stand_as_founder(self);
  if (is_alone(st))
    advance(self);
  else
    tell_core(self, [](raft::core& core) { core.tick(); });
}

bool is_foreign(const replica_state& state, uint64_t group) {
  auto own = state.store_group;
  return own != 0 && group != 0 && group != own;
}

void on_message(pointer self, const raft_api::Message& what) {
  auto message = store::from_wire(what);
  if (!message || is_foreign(self->state, what.group()) || !self->state.raft)
    return;
  greet(self, message->from);
  tell_core(self, [&](raft::core& core) { core.receive(std::move(*message)); });
}

} // namespace troupe::replica_steps
