#pragma once

#include "actors/http/stream.hpp"
#include "messages/container.pb.h"
#include "messages/pod_stream.pb.h"
#include "messages/system.pb.h"

#include <caf/stateful_actor.hpp>

#include <chrono>

namespace troupe {

/// Takes what the actor of an exchange is started with: it ends with its
/// parent, hears of other ends by `on_down`, and is sent a first tick, 0.
template <class Pointer, class OnDown>
void start_stream_actor(Pointer self, http_stream_start what, OnDown on_down) {
  http_stream_base& st = self->state;
  st.ctx = std::make_unique<context>(std::move(what.ctx));
  st.requests = calls{self};
  st.door = {std::move(what.edge), what.connection, std::move(what.x)};
  st.session = std::move(what.session);
  auto parent = what.parent.address();
  self->monitor(what.parent);
  self->set_down_handler([self, parent, on_down](const caf::down_msg& down) {
    if (down.source == parent)
      self->quit();
    else
      on_down(self, down);
  });
  self->send(self, pb<system::Tick>{system::Tick{}});
}

/// Refuses what cannot go over, and ends. Kubernetes: what is wrong with the
/// pod goes before that; `look` asks for it and opens nothing.
template <class Pointer>
void refuse_after_look(Pointer self, call::OpenStream look, caf::error why) {
  http_stream_base& st = self->state;
  auto refuse = [self](const caf::error& err) {
    self->state.door.refuse(err);
    self->quit();
  };
  st.requests.template ask<pb<container::StreamOpened>, stream_source_actor>(
      st.session,
      [refuse, why](const pb<container::StreamOpened>&,
                    const stream_source_actor&) { refuse(why); },
      refuse, pb<call::OpenStream>{std::move(look)},
      container_stream_actor{self});
}

/// Looks whether a stream has been silent for too long: returns true when it is
/// over, else asks for another look, by that tick.
template <class Pointer>
bool is_idle(Pointer self, uint64_t tick) {
  http_stream_base& st = self->state;
  auto left = st.active + streaming_idle - self->clock().now();
  if (left <= left.zero())
    return true;
  system::Tick msg;
  msg.set_number(tick);
  self->delayed_send(self, std::chrono::ceil<std::chrono::seconds>(left),
                     pb<system::Tick>{std::move(msg)});
  return false;
}

/// From now on silence is heeded.
template <class Pointer>
void begin_idle(Pointer self, uint64_t tick) {
  self->state.active = self->clock().now();
  is_idle(self, tick);
}

} // namespace troupe
