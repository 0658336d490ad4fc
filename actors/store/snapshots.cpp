#include "actors/store/snapshots.hpp"

#include "actors/store/telling.hpp"
#include "actors/system/describing.hpp"
#include "messages/system.pb.h"

#include <caf/actor_cast.hpp>
#include <caf/send.hpp>
#include <caf/stateful_actor.hpp>

#include <algorithm>
#include <chrono>
#include <utility>

namespace troupe {

namespace {

using namespace raft_api;
using namespace store_api;
using pointer = snapshots_actor::stateful_pointer<snapshots_state>;

/// Streams that are open at once; the oldest gives way. Each keeps its moment
/// of the state, which costs space.
constexpr size_t most_streams = 4;
/// Who asks no more for so long has it all, or will begin anew.
constexpr auto idle_end = std::chrono::seconds(5);
constexpr auto idle_midway = std::chrono::seconds(30);
/// Numbers of ticks.
constexpr uint64_t hash_tick = 0;
constexpr uint64_t look_tick = 1;
/// Chunks for one request.
constexpr uint64_t most_chunks = 64;

void look_later(pointer self) {
  if (self->state.streams.empty() || std::exchange(self->state.looking, true))
    return;
  system::Tick tick;
  tick.set_number(look_tick);
  self->delayed_send(self, idle_end, pb<system::Tick>{std::move(tick)});
}

/// A stream keeps everything that was there when it began.
void end_idle(pointer self) {
  auto& st = self->state;
  auto now = self->clock().now();
  std::erase_if(st.streams, [&](const auto& x) {
    return x.second.used + (x.second.over ? idle_end : idle_midway) <= now;
  });
  st.looking = false;
  look_later(self);
}

caf::result<pb<SnapshotOpened>> on_open(pointer self) {
  auto& st = self->state;
  if (!st.state)
    return make_error(ec::service_unavailable, "the state is not open");
  auto source = store::snapshot_source::open(st.state);
  if (!source)
    return told(self, std::move(source.error()));
  if (st.streams.size() >= most_streams)
    st.streams.erase(st.streams.begin());
  SnapshotOpened result;
  auto& mark = (*source)->mark();
  result.set_stream(++st.last_stream);
  result.mutable_at()->set_term(mark.at.term);
  result.mutable_at()->set_index(mark.at.index);
  result.set_members(mark.members->encode());
  auto& stream = st.streams[st.last_stream];
  stream.from = std::move(*source);
  stream.used = self->clock().now();
  look_later(self);
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
  i->second.used = self->clock().now();
  auto chunk = i->second.from->chunk(number, request.after());
  if (chunk) {
    i->second.over = i->second.over || chunk->last();
    return std::move(*chunk);
  }
  failed.set_error(message_of(told(self, std::move(chunk.error()))));
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

// -- for those who save it ----------------------------------------------------

using saving = snapshots_state::saving;
using saving_key = snapshots_state::saving_key;

void tell_end(pointer self, const snapshot_receiver_actor& to, uint64_t id,
              uint64_t number, const caf::error& why) {
  SnapshotPart part;
  part.set_id(id);
  part.set_number(number);
  part.set_error(message_of(why));
  self->send(to, pb<SnapshotPart>{std::move(part)});
}

/// Sends what there is credit for. Returns whether more is to come.
bool send_parts(pointer self, uint64_t id, saving& to) {
  for (; to.credit > 0 && !to.from->done(); --to.credit) {
    auto data = to.from->next();
    ++to.number;
    if (!data) {
      tell_end(self, to.receiver, id, to.number,
               told(self, std::move(data.error())));
      return false;
    }
    SnapshotPart part;
    part.set_id(id);
    part.set_number(to.number);
    part.set_revision(to.from->revision());
    part.set_last(to.from->done());
    part.set_data(std::move(*data));
    ++self->state.chunks;
    self->send(to.receiver, pb<SnapshotPart>{std::move(part)});
  }
  return !to.from->done();
}

void on_save(pointer self, const SnapshotRequest& request,
             const snapshot_receiver_actor& receiver) {
  auto& st = self->state;
  saving next;
  next.receiver = receiver;
  next.credit = request.credit();
  auto from =
      st.state ? store::snapshot_writer::open(st.state)
               : make_error(ec::service_unavailable, "the state is not open");
  if (!from) {
    tell_end(self, receiver, request.id(), 1,
             told(self, std::move(from.error())));
    return;
  }
  next.from = std::move(*from);
  if (!send_parts(self, request.id(), next))
    return;
  self->monitor(receiver);
  st.savings[{receiver.address(), request.id()}] = std::move(next);
}

void on_save_credit(pointer self, const SnapshotCredit& more,
                    const snapshot_receiver_actor& receiver) {
  auto& savings = self->state.savings;
  auto i = savings.find({receiver.address(), more.id()});
  if (i == savings.end())
    return;
  i->second.credit += more.credit();
  if (!send_parts(self, more.id(), i->second))
    savings.erase(i);
}

void on_down(pointer self, const caf::down_msg& down) {
  std::erase_if(self->state.savings,
                [&](const auto& x) { return x.first.first == down.source; });
}

// -- hashes -------------------------------------------------------------------

/// Versions of keys that are looked at between two messages.
constexpr size_t hash_step = 2000;

void hash_on(pointer self) {
  system::Tick tick;
  tick.set_number(hash_tick);
  self->send(self, pb<system::Tick>{std::move(tick)});
}

caf::result<pb<MemberHash>> on_hash(pointer self,
                                    const HashQuestion& question) {
  auto& st = self->state;
  if (!st.state)
    return make_error(ec::service_unavailable, "the state is not open");
  auto walk = store::content_hash::open(st.state, question.revision());
  if (!walk)
    return told(self, std::move(walk.error()));
  auto promise = self->make_response_promise<pb<MemberHash>>();
  st.hashes.push_back({std::move(*walk), promise});
  if (st.hashes.size() == 1)
    hash_on(self);
  return promise;
}

void on_tick(pointer self, const system::Tick& tick) {
  if (tick.number() == look_tick) {
    end_idle(self);
    return;
  }
  auto& hashes = self->state.hashes;
  if (hashes.empty())
    return;
  auto& now = hashes.front();
  auto done = now.walk->step(hash_step);
  if (!done) {
    now.promise.deliver(told(self, std::move(done.error())));
  } else if (*done) {
    MemberHash result;
    result.set_hash(now.walk->hash());
    result.set_keys(now.walk->keys());
    now.promise.deliver(pb<MemberHash>{std::move(result)});
  }
  if (!done || *done)
    hashes.pop_front();
  if (!hashes.empty())
    hash_on(self);
}

/// Another state takes the place of the one that was read here.
void on_state(pointer self, const state_handle& next) {
  auto& st = self->state;
  auto gone = make_error(ec::service_unavailable, "the state is another now");
  st.streams.clear();
  for (auto& [key, to] : std::exchange(st.savings, {}))
    tell_end(self, to.receiver, key.second, to.number + 1, gone);
  for (auto& x : std::exchange(st.hashes, {}))
    x.promise.deliver(gone);
  st.state = next;
  st.owner = caf::actor_cast<caf::actor_addr>(self->current_sender());
}

pb<system::Description> on_describe(pointer self) {
  auto& st = self->state;
  auto result = begin_description(self);
  result.add_facts("streams=" + std::to_string(st.streams.size()));
  result.add_facts("saving=" + std::to_string(st.savings.size()));
  result.add_facts("chunks=" + std::to_string(st.chunks));
  return result;
}

} // namespace

snapshots_actor::behavior_type snapshots(pointer self, uint64_t first_stream) {
  self->state.last_stream = first_stream;
  self->set_down_handler(
      [self](const caf::down_msg& down) { on_down(self, down); });
  return {
      [self](const state_handle& x) { on_state(self, x); },
      [self](const pb<OpenSnapshot>&) { return on_open(self); },
      [self](const pb<PullSnapshot>& x) { on_pull(self, *x); },
      [self](const pb<SnapshotRequest>& x, const snapshot_receiver_actor& to) {
        on_save(self, *x, to);
      },
      [self](const pb<SnapshotCredit>& x, const snapshot_receiver_actor& to) {
        on_save_credit(self, *x, to);
      },
      [self](const pb<SnapshotCancel>& x, const snapshot_receiver_actor& to) {
        self->state.savings.erase({to.address(), x->id()});
      },
      [self](const pb<HashQuestion>& x) { return on_hash(self, *x); },
      [self](const pb<system::Tick>& x) { on_tick(self, *x); },
      [self](const pb<system::Describe>&) { return on_describe(self); },
  };
}

} // namespace troupe
