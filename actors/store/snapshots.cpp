#include "actors/store/snapshots.hpp"

#include "actors/system/describing.hpp"
#include "messages/system.pb.h"

#include <caf/actor_cast.hpp>
#include <caf/send.hpp>
#include <caf/stateful_actor.hpp>

#include <algorithm>
#include <utility>

namespace troupe {

namespace {

using namespace raft_api;
using pointer = snapshots_actor::stateful_pointer<snapshots_state>;

/// Streams that are open at once; the oldest gives way. Each keeps its moment
/// of the state, which costs space.
constexpr size_t most_streams = 4;
/// Chunks for one request.
constexpr uint64_t most_chunks = 64;

caf::result<pb<SnapshotOpened>> on_open(pointer self) {
  auto& st = self->state;
  if (!st.state)
    return make_error(ec::service_unavailable, "the state is not open");
  auto source = store::snapshot_source::open(st.state);
  if (!source)
    return std::move(source.error());
  if (st.streams.size() >= most_streams)
    st.streams.erase(st.streams.begin());
  SnapshotOpened result;
  auto& mark = (*source)->mark();
  result.set_stream(++st.last_stream);
  result.mutable_at()->set_term(mark.at.term);
  result.mutable_at()->set_index(mark.at.index);
  result.set_members(mark.members->encode());
  st.streams[st.last_stream] = std::move(*source);
  return pb<SnapshotOpened>{std::move(result)};
}

SnapshotChunk next_chunk(pointer self, const PullSnapshot& request,
                         uint64_t number) {
  auto& streams = self->state.streams;
  SnapshotChunk failed;
  failed.set_number(number);
  auto i = streams.find(request.stream());
  if (i == streams.end()) {
    failed.set_error("the stream is not known any more");
    return failed;
  }
  auto chunk = i->second->chunk(number, request.after());
  if (chunk)
    return std::move(*chunk);
  failed.set_error(message_of(chunk.error()));
  return failed;
}

void on_pull(pointer self, const PullSnapshot& request) {
  auto to = caf::actor_cast<snapshot_taker_actor>(self->current_sender());
  auto credit = std::min(request.credit(), most_chunks);
  for (uint64_t i = 0; i < credit; ++i) {
    auto chunk = next_chunk(self, request, request.number() + i);
    chunk.set_stream(request.stream());
    auto over = chunk.last() || !chunk.error().empty();
    ++self->state.chunks;
    self->send(to, pb<SnapshotChunk>{std::move(chunk)});
    if (over)
      return;
  }
}

pb<system::Description> on_describe(pointer self) {
  auto& st = self->state;
  auto result = begin_description(self);
  result.add_facts("streams=" + std::to_string(st.streams.size()));
  result.add_facts("chunks=" + std::to_string(st.chunks));
  return result;
}

} // namespace

snapshots_actor::behavior_type snapshots(pointer self, uint64_t first_stream) {
  self->state.last_stream = first_stream;
  return {
      [self](const state_handle& x) {
        self->state.state = x;
        self->state.streams.clear();
      },
      [self](const pb<OpenSnapshot>&) { return on_open(self); },
      [self](const pb<PullSnapshot>& x) { on_pull(self, *x); },
      [self](const pb<system::Describe>&) { return on_describe(self); },
  };
}

} // namespace troupe
