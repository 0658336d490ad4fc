#include "actors/store/compactor.hpp"

#include "actors/system/describing.hpp"
#include "messages/system.pb.h"
#include "runtime/store/database.hpp"

#include <caf/stateful_actor.hpp>

#include <algorithm>
#include <chrono>
#include <utility>

namespace troupe {

namespace {

using namespace store_api;
using pointer = compactor_actor::stateful_pointer<compactor_state>;

/// What was read while space was given back was kept: as long as there is none
/// it is tried again.
constexpr auto reclaim_every = std::chrono::seconds(10);

void reclaim_later(pointer self) {
  auto& st = self->state;
  if (st.no_space && !std::exchange(st.waiting, true))
    self->delayed_send(self, reclaim_every, pb<system::Tick>{});
}

void scrub_on(pointer self) {
  auto& st = self->state;
  if (st.scrubbing || (st.scrubbed >= st.compacted && !st.reclaiming))
    return;
  st.scrubbing = true;
  auto goal = st.compacted;
  Scrub request;
  request.set_reclaim(st.no_space);
  self->request(st.reader, caf::infinite, pb<Scrub>{std::move(request)})
      .then(
          [self, goal](const pb<Scrubbed>& step) {
            auto& state = self->state;
            state.scrubbing = false;
            state.removed += step->removed();
            if (step->done()) {
              state.scrubbed = goal;
              state.reclaiming = false;
              reclaim_later(self);
            }
            scrub_on(self);
          },
          [self](caf::error& err) {
            // The state is closed, or damaged, which the replica knows by now:
            // to begin anew would lead here again.
            self->state.scrubbing = false;
            if (!is(err, ec::service_unavailable) && !store::is_damage(err))
              self->quit(std::move(err));
          });
}

void propose(pointer self, uint64_t revision) {
  self->state.proposing = true;
  CompactRequest request;
  request.set_revision(revision);
  auto done = [self] { self->state.proposing = false; };
  self->request(self->state.proposer, caf::infinite,
                pb<CompactRequest>{std::move(request)})
      .then([done](const pb<CompactResponse>&) { done(); },
            [done](const caf::error&) { done(); });
}

/// Notes when a revision was the present one. Returns the newest that has been
/// for as long as history is kept, 0 if none has.
uint64_t note_moment(pointer self, uint64_t revision) {
  auto& st = self->state;
  auto now = self->clock().now();
  auto old = [&](const compactor_state::moment& x) {
    return x.at + st.keep.time <= now;
  };
  st.moments.push_back({now, revision});
  while (st.moments.size() > 1 && old(st.moments[1]))
    st.moments.pop_front();
  return old(st.moments.front()) ? st.moments.front().revision : 0;
}

uint64_t below(uint64_t revision, uint64_t distance) {
  return revision > distance ? revision - distance : 0;
}

void on_reached(pointer self, const Reached& now) {
  auto& st = self->state;
  st.compacted = now.compacted();
  if (now.no_space() && !std::exchange(st.no_space, now.no_space()))
    st.reclaiming = true;
  st.no_space = now.no_space();
  auto keep = st.keep.revisions;
  auto goal = below(now.revision(), keep);
  auto old = note_moment(self, now.revision());
  if (!st.no_space)
    goal = std::max(std::min(goal, old), below(now.revision(), 9 * keep));
  auto oldest = std::max(st.compacted, uint64_t{1});
  if (st.proposer && !st.proposing && goal > oldest + keep)
    propose(self, goal);
  scrub_on(self);
}

void on_tick(pointer self) {
  auto& st = self->state;
  st.waiting = false;
  st.reclaiming = st.no_space;
  scrub_on(self);
}

pb<system::Description> on_describe(pointer self) {
  auto result = begin_description(self);
  result.add_facts("compacted=" + std::to_string(self->state.compacted));
  result.add_facts("removed=" + std::to_string(self->state.removed));
  return result;
}

} // namespace

compactor_actor::behavior_type compactor(pointer self, reader_actor reader,
                                         const history_limits& keep) {
  self->state.reader = std::move(reader);
  self->state.keep = keep;
  return {
      [self](const proposer_actor& x) { self->state.proposer = x; },
      [self](const pb<Reached>& x) { on_reached(self, *x); },
      [self](const pb<system::Tick>&) { on_tick(self); },
      [self](const pb<system::Describe>&) { return on_describe(self); },
  };
}

} // namespace troupe
