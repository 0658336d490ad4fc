#include "actors/apiserver/relay.hpp"

#include "actors/system/describing.hpp"
#include "messages/container.pb.h"

#include <caf/actor_cast.hpp>
#include <caf/stateful_actor.hpp>

#include <chrono>

namespace troupe {

namespace {

using pointer = relay_actor::stateful_pointer<relay_state>;

template <class Handle>
bool is_from(pointer self, const Handle& whom) {
  return whom
         && caf::actor_cast<caf::actor_addr>(self->current_sender())
                == whom.address();
}

/// From the client to the runtime, or the other way.
template <class T>
void pass_on(pointer self, const pb<T>& msg) {
  auto& st = self->state;
  if (is_from(self, st.client)) {
    if (st.runtime)
      self->send(st.runtime, msg);
    return;
  }
  // The first output may be here before the word that the stream is open.
  if (st.runtime && !is_from(self, st.runtime))
    return;
  ++st.passed;
  self->send(st.client, msg);
}

void close_stream(pointer self) {
  auto& st = self->state;
  if (!st.runtime)
    return;
  container::StreamClose msg;
  msg.set_stream(st.stream);
  self->send(st.runtime, pb<container::StreamClose>{std::move(msg)});
}

template <class T>
void to_runtime(pointer self, const pb<T>& msg) {
  if (is_from(self, self->state.client) && self->state.runtime)
    self->send(self->state.runtime, msg);
}

void on_opened(pointer self, const container::StreamOpened& msg,
               const container_runtime_actor& runtime) {
  auto& st = self->state;
  auto sender = self->current_sender();
  if (st.runtime || !sender || sender->node() != self->node())
    return;
  st.stream = msg.stream();
  st.runtime = runtime;
  self->monitor(runtime);
}

void on_end(pointer self, const pb<container::StreamEnd>& msg) {
  auto& st = self->state;
  if (st.runtime && !is_from(self, st.runtime))
    return;
  self->send(st.client, msg);
  self->quit();
}

void on_down(pointer self, const caf::down_msg& down) {
  auto& st = self->state;
  if (st.client.address() == down.source) {
    close_stream(self);
    self->quit();
  } else if (st.runtime && st.runtime.address() == down.source) {
    self->quit(down.reason);
  }
}

pb<system::Description> on_describe(pointer self) {
  auto result = begin_description(self);
  result.add_facts("chunks=" + std::to_string(self->state.passed));
  return pb<system::Description>{std::move(result)};
}

} // namespace

relay_actor::behavior_type relay(pointer self, container_stream_actor client) {
  self->state.client = std::move(client);
  self->set_down_handler(
      [self](const caf::down_msg& down) { on_down(self, down); });
  self->monitor(self->state.client);
  return {
      [self](const pb<container::StreamData>& msg) { pass_on(self, msg); },
      [self](const pb<container::StreamCredit>& msg) { pass_on(self, msg); },
      [self](const pb<container::StreamEnd>& msg) { on_end(self, msg); },
      [self](const pb<container::StreamResize>& msg) { to_runtime(self, msg); },
      [self](const pb<container::StreamClose>&) {
        if (!is_from(self, self->state.client))
          return;
        close_stream(self);
        self->quit();
      },
      [self](const pb<container::StreamOpened>& msg,
             const container_runtime_actor& runtime) {
        on_opened(self, *msg, runtime);
      },
      [self](const pb<system::Describe>&) { return on_describe(self); },
  };
}

} // namespace troupe
