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
    caf::actor_cast<caf::strong_actor_ptr>(self->state.ways.one()->handle)
        ->enqueue(caf::make_mailbox_element(sender, id, {}, msg),
                  self->context());
  };
  if (st.ways.waiting() < most_waiting)
    st.ways.when_open(std::move(forward));
}

} // namespace

gate_actor::behavior_type gate(pointer self, std::vector<std::string> paths) {
  auto& st = self->state;
  st.requests = calls{self};
  st.ways = doors{self, st.requests, std::move(paths)};
  self->set_down_handler([self](const caf::down_msg& down) {
    self->state.requests.on_down(down);
    self->state.ways.on_down(down);
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
                         + std::to_string(self->state.ways.waiting()));
        return pb<system::Description>{std::move(result)};
      },
      [self](const directory_actor& directory) {
        self->state.ways.look_in(directory);
      },
  };
}

} // namespace troupe
