#include "actors/system/gate.hpp"

#include "messages/call.pb.h"
#include "messages/system.pb.h"

#include <caf/actor_cast.hpp>
#include <caf/mailbox_element.hpp>
#include <caf/stateful_actor.hpp>

namespace troupe {

namespace {

using pointer = gate_actor::stateful_pointer<gate_state>;

/// Callers that may wait at once; more are turned away.
constexpr size_t most_waiting = 1'000;

void find_door(pointer self) {
  auto& st = self->state;
  system::Resolve msg;
  msg.set_path("apiserver/front_door");
  st.requests.ask<caf::actor>(
      st.directory,
      [self](const caf::actor& handle) {
        auto& state = self->state;
        state.door = caf::actor_cast<front_door_actor>(handle);
        self->monitor(handle);
        auto waiting = std::move(state.waiting);
        state.waiting.clear();
        for (auto& f : waiting)
          f();
      },
      [](const caf::error&) {}, pb<system::Resolve>{std::move(msg)});
}

/// Passes a request on with the caller as its sender, so that the front door
/// sees who it is and where, and answers directly.
template <class T>
void pass_on(pointer self, const pb<T>& msg) {
  auto& st = self->state;
  auto* element = self->current_mailbox_element();
  auto sender = element->sender;
  auto id = element->mid;
  element->mid.mark_as_answered();
  auto forward = [self, msg, sender, id] {
    caf::actor_cast<caf::strong_actor_ptr>(self->state.door)
        ->enqueue(caf::make_mailbox_element(sender, id, {}, msg),
                  self->context());
  };
  if (st.door)
    forward();
  else if (st.waiting.size() < most_waiting)
    st.waiting.push_back(std::move(forward));
}

} // namespace

gate_actor::behavior_type gate(pointer self) {
  self->state.requests = calls{self};
  self->set_down_handler([self](const caf::down_msg& down) {
    auto& st = self->state;
    st.requests.on_down(down);
    if (st.door && st.door.address() == down.source) {
      st.door = nullptr;
      find_door(self);
    }
  });
  return {
      [self](const pb<call::AskNonce>& msg) -> caf::delegated<pb<call::Nonce>> {
        pass_on(self, msg);
        return {};
      },
      [self](const pb<call::OpenSession>& msg)
          -> caf::delegated<pb<call::SessionOpened>, session_actor> {
        pass_on(self, msg);
        return {};
      },
      [self](const pb<system::Describe>&) {
        system::Description result;
        result.add_facts("waiting="
                         + std::to_string(self->state.waiting.size()));
        return pb<system::Description>{std::move(result)};
      },
      [self](const directory_actor& directory) {
        self->state.directory = directory;
        self->state.door = nullptr;
        find_door(self);
      },
  };
}

} // namespace troupe
