#include "actors/store/replica_steps.hpp"
#include "messages/store.pb.h"
#include "messages/system.pb.h"
#include "runtime/raft/broken.hpp"
#include "runtime/store/log.hpp"

#include <caf/stateful_actor.hpp>
#include <spdlog/spdlog.h>

#include <chrono>
#include <memory>
#include <optional>
#include <utility>

// From nothing to an open store: the state, the log, Raft's core over both.
namespace troupe::replica_steps {

namespace {

using namespace store_api;

constexpr auto retry_after = std::chrono::milliseconds(200);

/// What the two databases say when they are open.
struct openings {
  uint64_t attempt = 0;
  std::optional<opened_state> state;
  std::optional<opened_log> log;
};

/// Whether it is the attempt that counts, rather than one that failed half way.
bool counts(pointer self, const openings& both) {
  return both.attempt == self->state.openings
         && self->state.now == replica_state::phase::opening;
}

using failure_handler = std::function<void(const caf::error&)>;

void on_failure(pointer self, const caf::error& err);

/// Both halves may fail; one of them is enough to try again.
failure_handler failure_of(pointer self,
                           const std::shared_ptr<openings>& both) {
  return [self, both](const caf::error& err) {
    if (counts(self, *both))
      on_failure(self, err);
  };
}

/// Damage stays; anything else (another process, a full disk) may pass.
void on_failure(pointer self, const caf::error& err) {
  refuse(self, err);
  if (!is(err, ec::service_unavailable))
    return;
  system::Tick tick;
  tick.set_number(self->state.openings);
  self->delayed_send(self, retry_after, pb<system::Tick>{std::move(tick)});
}

void serve(pointer self) {
  auto& st = self->state;
  st.now = replica_state::phase::ready;
  match_peers(self);
  // It may have another quota now.
  measure_space(self);
  for (auto& request : std::exchange(st.when_open, {}))
    request.use();
  flush(self);
  advance(self);
}

void start_raft(pointer self, openings& both) {
  auto& st = self->state;
  auto& log = *both.log;
  st.limits.self = log.self;
  st.life = st.entropy();
  st.state_number = log.state;
  st.store_group = log.group;
  log.found.applied = both.state->applied;
  try {
    st.raft.emplace(st.limits, std::move(log.found), st.entropy);
  } catch (const raft::broken& err) {
    on_failure(self, store::make_damage(err.what()));
    return;
  }
  use_state(self, *both.state);
  auto& stopped = both.state->stopped;
  if (!stopped)
    return serve(self);
  refuse(self, error_of(*stopped));
  if (!stopped->damaged)
    tell_removed(self);
}

void join(pointer self, const std::shared_ptr<openings>& both);

/// Opens the state of that number, or the only one there is.
void open_state(pointer self, const std::shared_ptr<openings>& both,
                std::optional<uint64_t> number) {
  OpenState request;
  request.set_number(number.value_or(0));
  request.set_known(number.has_value());
  self->request(self->state.parts.apply, caf::infinite,
                pb<OpenState>{std::move(request)})
      .then(
          [self, both](const opened_state& state) {
            both->state = state;
            join(self, both);
          },
          failure_of(self, both));
}

/// Where a log begins that holds everything, an empty state begins too.
void found(pointer self, const std::shared_ptr<openings>& both) {
  self->request(self->state.parts.apply, caf::infinite, both->log->found.start)
      .then(
          [self, both](const opened_state& state) {
            both->state = state;
            start_raft(self, *both);
          },
          failure_of(self, both));
}

/// Goes on once both databases are open: each takes the other's syncs of
/// time.
void join(pointer self, const std::shared_ptr<openings>& both) {
  if (!counts(self, *both) || !both->state || !both->log)
    return;
  if (!both->state->state || both->state->number != both->log->state) {
    both->state.reset();
    open_state(self, both, both->log->state);
    return;
  }
  auto& log = both->log->found;
  auto& start = log.start.at;
  if (both->state->applied == 0 && start == raft::position{1, 1}) {
    found(self, both);
    return;
  }
  auto last = log.entries.empty() ? start.index : log.entries.back().at.index;
  if (auto err = store::check_fit(both->state->applied, start.index, last))
    on_failure(self, err);
  else
    start_raft(self, *both);
}

/// Answers whoever waits, and serves nobody any more.
void close(pointer self, const caf::error& fault) {
  auto& st = self->state;
  st.now = replica_state::phase::refusing;
  st.fault = fault;
  spdlog::error("the store is not served member={} reason={}", st.limits.self,
                message_of(fault));
  st.raft.reset();
  st.presiding = false;
  st.flushing = false;
  st.asking = false;
  // Streams and reads that are under way end as well.
  give_state(self, {});
  store::answer refused{fault};
  for (auto& batch : std::exchange(st.unplaced, {}))
    for (auto& waiter : batch.waiters)
      waiter(refused);
  for (auto& waiter : std::exchange(st.gathering, {}).waiters)
    waiter(refused);
  abandon_placed(self, fault);
  fail_wishes(self, fault);
  for (auto& open : std::exchange(st.group.surveys, {}))
    open.end();
  st.pending = 0;
  for (auto* list :
       {&st.when_open, &st.reads_next, &st.reads_asked, &st.when_leading})
    for (auto& request : std::exchange(*list, {}))
      request.failed(fault);
  for (auto& [index, request] : std::exchange(st.reads_due, {}))
    request.failed(fault);
}

} // namespace

void open(pointer self) {
  auto both = std::make_shared<openings>();
  both->attempt = ++self->state.openings;
  open_state(self, both, std::nullopt);
  self->request(self->state.parts.log, caf::infinite, pb<OpenLog>{})
      .then(
          [self, both](opened_log& log) {
            both->log = std::move(log);
            join(self, both);
          },
          failure_of(self, both));
}

void refuse(pointer self, const caf::error& fault) {
  if (self->state.now == replica_state::phase::refusing)
    return;
  close(self, fault);
  self->send(self->state.parts.hub, store_fault{fault, nullptr});
}

void give_up(pointer self, const caf::error& reason) {
  if (self->state.now == replica_state::phase::refusing)
    return;
  close(self, reason);
  self->quit(reason);
}

} // namespace troupe::replica_steps
