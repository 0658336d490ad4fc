#include "actors/store/replica_steps.hpp"
#include "messages/store.pb.h"
#include "messages/system.pb.h"

#include <caf/stateful_actor.hpp>

#include <algorithm>
#include <utility>

// From a command to its answer: gathered, proposed, written, committed,
// applied.
namespace troupe::replica_steps {

namespace {

using namespace store_api;

constexpr size_t most_commands = 512;
constexpr size_t most_bytes = size_t{1} << 20;
constexpr size_t most_pending = size_t{1} << 16;
/// How many revisions may pass before the compactor hears of it.
constexpr uint64_t stride = 1024;

void on_applied(pointer self, applied_entries& done) {
  auto& st = self->state;
  for (auto& [index, answers] : done.entries) {
    if (st.in_flight.empty() || st.in_flight.front().index != index)
      continue; // of an earlier incarnation: nobody waits
    auto waiters = std::move(st.in_flight.front().waiters);
    st.in_flight.pop_front();
    st.pending -= waiters.size();
    for (size_t i = 0; i < waiters.size(); ++i)
      waiters[i](answers.at(i));
  }
  auto tell = done.compacted != st.compacted
              || done.revision / stride != st.revision / stride;
  st.applied = done.applied;
  st.revision = done.revision;
  st.compacted = done.compacted;
  st.hash = done.hash;
  st.trim = std::max(st.trim, done.durable);
  if (tell)
    tell_reached(self);
}

/// Damage stays; after anything else the state is read anew.
void on_unapplied(pointer self, const caf::error& err) {
  if (is(err, ec::internal_error))
    refuse(self, err);
  else
    give_up(self, err);
}

/// Raft, figure 2: what is committed is applied in order.
void apply_committed(pointer self) {
  auto& st = self->state;
  for (auto& entry : st.in_flight) {
    if (entry.committed)
      continue;
    if (entry.index > st.commit_index)
      break;
    entry.committed = true;
    self->request(st.parts.apply, caf::infinite, entry.entries)
        .then([self](applied_entries& done) { on_applied(self, done); },
              [self](const caf::error& err) { on_unapplied(self, err); });
  }
}

/// An entry is committed once a majority has it on disk: with one member, when
/// that member has.
void on_written(pointer self, const LogWritten& written) {
  auto& st = self->state;
  if (written.last() <= st.commit_index)
    return;
  st.commit_index = std::min(written.last(), st.last_index);
  apply_committed(self);
}

} // namespace

bool has_room(const replica_state& state) {
  return state.pending < most_pending;
}

void gather(pointer self, replica_state::waiter waiter) {
  auto& st = self->state;
  st.gathered.push_back(std::move(waiter));
  ++st.pending;
  if (st.gathered.size() >= most_commands || st.payload.size() >= most_bytes) {
    flush(self);
    return;
  }
  // Comes behind every proposal that is in the mailbox now, so that all of
  // them share one entry.
  if (!std::exchange(st.flushing, true))
    self->send(self, pb<system::Tick>{});
}

void flush(pointer self) {
  auto& st = self->state;
  if (st.now != replica_state::phase::ready || st.gathered.empty())
    return;
  LogEntry entry;
  entry.set_type(LogEntry::COMMANDS);
  entry.set_payload(std::exchange(st.payload, {}));
  propose(self, std::move(entry), std::exchange(st.gathered, {}));
}

void propose(pointer self, LogEntry entry,
             std::vector<replica_state::waiter> waiters,
             const HardState* hard) {
  auto& st = self->state;
  entry.set_index(++st.last_index);
  entry.set_term(st.term);
  LogEntries entries;
  *entries.add_entries() = std::move(entry);
  WriteLog marks;
  if (hard != nullptr)
    *marks.mutable_hard() = *hard;
  marks.set_trim(st.trim);
  pb<LogEntries> shared{std::move(entries)};
  st.in_flight.push_back({st.last_index, std::move(waiters), shared, false});
  self->request(st.parts.log, caf::infinite, pb<WriteLog>{std::move(marks)},
                shared)
      .then([self](const pb<LogWritten>& x) { on_written(self, *x); },
            [self](const caf::error& err) { give_up(self, err); });
}

void tell_reached(pointer self) {
  auto& st = self->state;
  Reached reached;
  reached.set_revision(st.revision);
  reached.set_compacted(st.compacted);
  self->send(st.parts.compactor, pb<Reached>{std::move(reached)});
}

} // namespace troupe::replica_steps
