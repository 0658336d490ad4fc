#include "actors/store/compactor.hpp"

#include "actors/system/describing.hpp"
#include "messages/system.pb.h"

#include <caf/stateful_actor.hpp>

namespace troupe {

namespace {

using namespace store_api;
using pointer = compactor_actor::stateful_pointer<compactor_state>;

void scrub_on(pointer self) {
  auto& st = self->state;
  if (st.scrubbing || st.scrubbed >= st.compacted)
    return;
  st.scrubbing = true;
  auto goal = st.compacted;
  self->request(st.reader, caf::infinite, pb<Scrub>{})
      .then(
          [self, goal](const pb<Scrubbed>& step) {
            auto& state = self->state;
            state.scrubbing = false;
            state.removed += step->removed();
            if (step->done())
              state.scrubbed = goal;
            scrub_on(self);
          },
          [self](caf::error& err) { self->quit(std::move(err)); });
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

void on_reached(pointer self, const Reached& now) {
  auto& st = self->state;
  st.compacted = now.compacted();
  auto oldest = std::max(st.compacted, uint64_t{1});
  if (st.proposer && !st.proposing
      && now.revision() - oldest > 2 * st.keep_revisions)
    propose(self, now.revision() - st.keep_revisions);
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
                                         uint64_t keep_revisions) {
  self->state.reader = std::move(reader);
  self->state.keep_revisions = keep_revisions;
  return {
      [self](const proposer_actor& x) { self->state.proposer = x; },
      [self](const pb<Reached>& x) { on_reached(self, *x); },
      [self](const pb<system::Describe>&) { return on_describe(self); },
  };
}

} // namespace troupe
