#pragma once

#include <caf/actor_cast.hpp>
#include <caf/actor_control_block.hpp>
#include <caf/mailbox_element.hpp>

namespace troupe {

/// Takes the message that `self` is at, which consists of `xs`, from it: `self`
/// has nothing more to answer. Returns a function that gives it to another, now
/// or later and once, as from whoever sent it, who is answered directly.
template <class Pointer, class... Ts>
auto take_message(Pointer self, const Ts&... xs) {
  auto* element = self->current_mailbox_element();
  auto sender = element->sender;
  auto id = element->mid;
  element->mid.mark_as_answered();
  return [self, sender, id, xs...](const auto& to) {
    caf::actor_cast<caf::strong_actor_ptr>(to)->enqueue(
        caf::make_mailbox_element(sender, id, {}, xs...), self->context());
  };
}

} // namespace troupe
