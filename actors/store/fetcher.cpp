#include "actors/store/fetcher.hpp"

#include "actors/system/describing.hpp"
#include "messages/system.pb.h"

#include <caf/stateful_actor.hpp>

#include <utility>

namespace troupe {

namespace {

using namespace raft_api;
using pointer = fetcher_actor::stateful_pointer<fetcher_state>;

/// Chunks on their way at once.
constexpr uint64_t window = 16;

void fail(pointer self, const caf::error& err) {
  if (self->state.promise.pending())
    self->state.promise.deliver(err);
}

/// What has come of it is of no use.
void drop(pointer self) {
  auto& st = self->state;
  if (!st.now)
    return;
  auto place = st.places->at(st.now->number);
  st.now.reset();
  place->discard();
}

/// Asks for as many chunks as may be on their way.
void pull(pointer self) {
  auto& st = self->state;
  auto& now = *st.now;
  auto end = now.target->next() + window - 1;
  if (now.asked >= end)
    return;
  PullSnapshot request;
  request.set_stream(now.stream);
  request.set_number(now.asked + 1);
  request.set_after(now.target->last());
  request.set_credit(end - now.asked);
  now.asked = end;
  self->send(st.from, pb<PullSnapshot>{std::move(request)});
}

void on_opened(pointer self, raft::member_id id, const SnapshotOpened& opened) {
  auto& st = self->state;
  auto members = raft::configuration::decode(opened.members());
  if (!members || opened.at().index() < st.wanted.at.index) {
    fail(self, make_error(ec::service_unavailable,
                          "the other member's state is too old"));
    return;
  }
  auto number = st.places->fresh();
  auto place = st.places->at(number)->open([] {});
  if (!place || !*place) {
    fail(self, place ? make_error(ec::service_unavailable,
                                  "there is no place for another state")
                     : std::move(place.error()));
    return;
  }
  fetcher_state::fetch next;
  next.from = id;
  next.stream = opened.stream();
  next.mark.at = {opened.at().term(), opened.at().index()};
  next.mark.members =
      std::make_shared<const raft::configuration>(std::move(*members));
  next.number = number;
  next.target = std::make_unique<store::snapshot_target>(std::move(*place));
  st.now = std::move(next);
  pull(self);
}

void begin(pointer self, raft::member_id id) {
  auto& st = self->state;
  drop(self);
  st.requests.ask<pb<SnapshotOpened>>(
      st.from,
      [self, id](const pb<SnapshotOpened>& x) { on_opened(self, id, *x); },
      [self](const caf::error& err) { fail(self, err); }, pb<OpenSnapshot>{});
}

caf::result<fetched_state> on_fetch(pointer self, raft::member_id id,
                                    const member_actor& from,
                                    const raft::snapshot_mark& mark) {
  auto& st = self->state;
  fail(self, make_error(ec::service_unavailable, "another fetch has begun"));
  st.promise = self->make_response_promise<fetched_state>();
  auto result = st.promise;
  st.from = from;
  st.wanted = mark;
  auto& now = st.now;
  if (now && now->from == id && now->mark.at.index >= mark.at.index) {
    now->asked = now->target->next() - 1;
    self->monitor(from);
    pull(self);
  } else {
    begin(self, id);
  }
  return result;
}

void on_chunk(pointer self, const SnapshotChunk& chunk) {
  auto& st = self->state;
  if (!st.now || chunk.stream() != st.now->stream || !st.promise.pending())
    return;
  if (!chunk.error().empty()) {
    // A stream that was begun before may be gone; another is worth a try.
    auto resumed = st.now->target->next() > 1;
    auto id = st.now->from;
    drop(self);
    if (resumed)
      begin(self, id);
    else
      fail(self, make_error(ec::service_unavailable, chunk.error()));
    return;
  }
  ++st.chunks;
  if (auto err = st.now->target->take(chunk)) {
    drop(self);
    fail(self, err);
    return;
  }
  if (!st.now->target->complete()) {
    pull(self);
    return;
  }
  fetched_state result;
  result.mark = st.now->mark;
  result.number = st.now->number;
  result.place = st.places->at(st.now->number);
  result.state = st.now->target->state();
  st.now.reset();
  st.promise.deliver(std::move(result));
}

pb<system::Description> on_describe(pointer self) {
  auto& st = self->state;
  auto result = begin_description(self);
  result.add_facts("chunks=" + std::to_string(st.chunks));
  if (st.now)
    result.add_facts("from=" + std::to_string(st.now->from));
  return result;
}

} // namespace

fetcher_actor::behavior_type
fetcher(pointer self, std::shared_ptr<store::state_places> places) {
  auto& st = self->state;
  st.places = std::move(places);
  st.requests = calls{self};
  self->set_down_handler([self](const caf::down_msg& down) {
    auto& state = self->state;
    state.requests.on_down(down);
    if (state.from && state.from.address() == down.source)
      fail(self,
           make_error(ec::service_unavailable, "the other member went down"));
  });
  return {
      [self](const pb<SnapshotChunk>& x) { on_chunk(self, *x); },
      [self](raft::member_id id, const member_actor& from,
             const raft::snapshot_mark& mark) {
        return on_fetch(self, id, from, mark);
      },
      [self](const pb<system::Describe>&) { return on_describe(self); },
  };
}

} // namespace troupe
