#include "actors/store/replica_steps.hpp"
#include "messages/store.pb.h"
#include "messages/system.pb.h"

#include <caf/actor_cast.hpp>
#include <caf/stateful_actor.hpp>

#include <chrono>
#include <memory>
#include <optional>
#include <utility>

// From nothing to an open store: the state, the log, what the one lacks of the
// other, a new term.
namespace troupe::replica_steps {

namespace {

using namespace store_api;

constexpr auto retry_after = std::chrono::milliseconds(200);

/// What the two databases say when they are open.
struct openings {
  std::optional<opened_state> state;
  std::optional<pb<LogOpened>> log;
};

/// Damage stays; anything else (another process, a full disk) may pass.
void on_failure(pointer self, const caf::error& err) {
  refuse(self, err);
  if (is(err, ec::service_unavailable))
    self->delayed_send(self, retry_after, pb<system::Tick>{});
}

void serve(pointer self) {
  auto& st = self->state;
  st.now = replica_state::phase::ready;
  Reached reached;
  reached.set_revision(st.revision);
  reached.set_compacted(st.compacted);
  pb<Reached> shared{std::move(reached)};
  self->send(st.parts.hub, shared);
  self->send(st.parts.compactor, caf::actor_cast<proposer_actor>(self));
  self->send(st.parts.compactor, shared);
  for (auto& request : std::exchange(st.when_open, {}))
    request();
  flush(self);
}

void hand_over_leases(pointer self) {
  auto& st = self->state;
  self->request(st.parts.readers.front(), caf::infinite, pb<ListLeases>{})
      .then(
          [self](const pb<LeaseList>& list) {
            self->send(self->state.parts.leases, list,
                       caf::actor_cast<proposer_actor>(self));
            serve(self);
          },
          [self](const caf::error& err) { on_failure(self, err); });
}

/// Raft, 5.2 and 8: a candidate votes for itself in a new term; a leader
/// begins its term with an entry that changes nothing, and once that is
/// committed so is everything before it.
void begin_term(pointer self, uint64_t term) {
  auto& st = self->state;
  st.term = term + 1;
  HardState hard;
  hard.set_term(st.term);
  hard.set_voted_for(1);
  LogEntry entry;
  entry.set_type(LogEntry::NOOP);
  propose(self, std::move(entry), {}, &hard);
  hand_over_leases(self);
}

void replay(pointer self, uint64_t term);

void on_entries(pointer self, uint64_t term, const pb<LogEntries>& entries) {
  self->request(self->state.parts.apply, caf::infinite, entries)
      .then(
          [self, term](const applied_entries& done) {
            auto& st = self->state;
            st.applied = done.applied;
            st.revision = done.revision;
            st.compacted = done.compacted;
            st.hash = done.hash;
            st.trim = done.durable;
            replay(self, term);
          },
          [self](const caf::error& err) { on_failure(self, err); });
}

/// Applies again what the state lacks.
void replay(pointer self, uint64_t term) {
  auto& st = self->state;
  if (st.applied >= st.last_index) {
    begin_term(self, term);
    return;
  }
  ReadLog request;
  request.set_first(st.applied + 1);
  self->request(st.parts.log, caf::infinite, pb<ReadLog>{std::move(request)})
      .then(
          [self, term](const pb<LogEntries>& entries) {
            on_entries(self, term, entries);
          },
          [self](const caf::error& err) { on_failure(self, err); });
}

/// Goes on once both databases are open: each takes the other's syncs of
/// time.
void join(pointer self, const std::shared_ptr<openings>& both) {
  auto& st = self->state;
  if (!both->state || !both->log)
    return;
  const auto& log = **both->log;
  if (auto err =
          store::check_fit(both->state->applied, log.start(), log.last())) {
    on_failure(self, err);
    return;
  }
  st.applied = both->state->applied;
  st.revision = both->state->revision;
  st.compacted = both->state->compacted;
  st.hash = both->state->hash;
  for (auto& reader : st.parts.readers)
    self->send(reader, both->state->state);
  st.last_index = log.last();
  st.commit_index = log.last();
  replay(self, log.hard().term());
}

} // namespace

void open(pointer self) {
  auto both = std::make_shared<openings>();
  auto failed = [self](const caf::error& err) { on_failure(self, err); };
  auto& parts = self->state.parts;
  self->request(parts.apply, caf::infinite, pb<OpenState>{})
      .then(
          [self, both](const opened_state& state) {
            both->state = state;
            join(self, both);
          },
          failed);
  self->request(parts.log, caf::infinite, pb<OpenLog>{})
      .then(
          [self, both](const pb<LogOpened>& log) {
            both->log = log;
            join(self, both);
          },
          failed);
}

void refuse(pointer self, const caf::error& fault) {
  auto& st = self->state;
  if (st.now == replica_state::phase::refusing)
    return;
  st.now = replica_state::phase::refusing;
  st.fault = fault;
  store::answer refused{fault};
  for (auto& entry : std::exchange(st.in_flight, {}))
    for (auto& waiter : entry.waiters)
      waiter(refused);
  for (auto& waiter : std::exchange(st.gathered, {}))
    waiter(refused);
  st.pending = 0;
  st.payload.clear();
  for (auto& request : std::exchange(st.when_open, {}))
    request();
}

void give_up(pointer self, const caf::error& reason) {
  if (self->state.now == replica_state::phase::refusing)
    return;
  refuse(self, reason);
  self->quit(reason);
}

} // namespace troupe::replica_steps
