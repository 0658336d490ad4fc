#include "actors/apiserver/relay.hpp"

#include "actors/system/describing.hpp"
#include "messages/container.pb.h"

#include <caf/actor_cast.hpp>
#include <caf/stateful_actor.hpp>

#include <chrono>
#include <utility>

namespace troupe {

namespace {

using pointer = relay_actor::stateful_pointer<relay_state>;

template <class Handle>
bool is_from(pointer self, const Handle& whom) {
  return whom
         && caf::actor_cast<caf::actor_addr>(self->current_sender())
                == whom.address();
}

/// From the client to the source, or the other way.
template <class T>
void pass_on(pointer self, const pb<T>& msg) {
  auto& st = self->state;
  if (is_from(self, st.client)) {
    if (st.source)
      self->send(st.source, msg);
    return;
  }
  // The first output may be here before the word that the stream is open.
  if (st.source && !is_from(self, st.source))
    return;
  ++st.passed;
  self->send(st.client, msg);
}

void end(pointer self, const pb<container::StreamEnd>& msg) {
  self->send(self->state.client, msg);
  self->quit();
}

/// A source says nothing before it has credit, but that it has ended: so this
/// is the time for what is to be said first.
void on_credit(pointer self, const pb<container::StreamCredit>& msg) {
  auto& st = self->state;
  if (is_from(self, st.client) && !st.first.empty()) {
    container::StreamData data;
    data.set_stream(st.stream);
    data.set_channel(container::STDOUT);
    data.set_data(std::exchange(st.first, {}));
    self->send(st.client, pb<container::StreamData>{std::move(data)});
    if (st.end)
      return end(self, *st.end);
  }
  pass_on(self, msg);
}

void close_stream(pointer self) {
  auto& st = self->state;
  if (!st.source)
    return;
  container::StreamClose msg;
  msg.set_stream(st.stream);
  self->send(st.source, pb<container::StreamClose>{std::move(msg)});
}

template <class T>
void to_source(pointer self, const pb<T>& msg) {
  if (is_from(self, self->state.client) && self->state.source)
    self->send(self->state.source, msg);
}

void on_opened(pointer self, const container::StreamOpened& msg,
               const stream_source_actor& source) {
  auto& st = self->state;
  auto sender = self->current_sender();
  if (st.source || !sender || sender->node() != self->node())
    return;
  st.stream = msg.stream();
  st.source = source;
  self->monitor(source);
}

void on_end(pointer self, const pb<container::StreamEnd>& msg) {
  auto& st = self->state;
  if (st.source && !is_from(self, st.source))
    return;
  if (st.first.empty())
    end(self, msg);
  else
    st.end = msg;
}

void on_down(pointer self, const caf::down_msg& down) {
  auto& st = self->state;
  if (st.client.address() == down.source) {
    close_stream(self);
    self->quit();
  } else if (st.source && st.source.address() == down.source && !st.end) {
    self->quit(down.reason);
  }
}

pb<system::Description> on_describe(pointer self) {
  auto result = begin_description(self);
  result.add_facts("chunks=" + std::to_string(self->state.passed));
  return pb<system::Description>{std::move(result)};
}

} // namespace

relay_actor::behavior_type relay(pointer self, container_stream_actor client,
                                 std::string first) {
  self->state.client = std::move(client);
  self->state.first = std::move(first);
  self->set_down_handler(
      [self](const caf::down_msg& down) { on_down(self, down); });
  self->monitor(self->state.client);
  return {
      [self](const pb<container::StreamData>& msg) { pass_on(self, msg); },
      [self](const pb<container::StreamCredit>& msg) { on_credit(self, msg); },
      [self](const pb<container::StreamEnd>& msg) { on_end(self, msg); },
      [self](const pb<container::StreamResize>& msg) { to_source(self, msg); },
      [self](const pb<container::StreamClose>&) {
        if (!is_from(self, self->state.client))
          return;
        close_stream(self);
        self->quit();
      },
      [self](const pb<container::StreamOpened>& msg,
             const stream_source_actor& source) {
        on_opened(self, *msg, source);
      },
      [self](const pb<system::Describe>&) { return on_describe(self); },
  };
}

} // namespace troupe
