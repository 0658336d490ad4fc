#include "actors/kubelet/container_listeners.hpp"

#include "messages/container.pb.h"

#include <caf/actor_cast.hpp>
#include <caf/mailbox_element.hpp>
#include <caf/scheduled_actor.hpp>

#include <algorithm>

namespace troupe {

void container_listeners::add(caf::scheduled_actor* self,
                              const container_listener_actor& one) {
  if (std::find(all_.begin(), all_.end(), one) != all_.end())
    return;
  all_.push_back(one);
  self->monitor(one);
}

void container_listeners::tell(caf::scheduled_actor* self,
                               const pb<container::Event>& event) {
  for (auto& one : all_)
    caf::actor_cast<caf::strong_actor_ptr>(one)->enqueue(
        caf::make_mailbox_element(self->ctrl(), caf::make_message_id(), {},
                                  event),
        self->context());
}

void container_listeners::on_down(const caf::down_msg& down) {
  std::erase_if(all_,
                [&](const auto& one) { return one.address() == down.source; });
}

} // namespace troupe
