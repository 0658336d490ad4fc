#pragma once

#include "messages/codec.hpp"
#include "messages/container_interface.hpp"

#include <caf/fwd.hpp>
#include <caf/system_messages.hpp>

#include <vector>

namespace troupe {

/// Who hears what happens in a container runtime, each once and for as long as
/// it lives. Part of the runtime's state, which passes every `down_msg` on.
class container_listeners {
public:
  void add(caf::scheduled_actor* self, const container_listener_actor& one);
  void tell(caf::scheduled_actor* self, const pb<container::Event>& event);
  void on_down(const caf::down_msg& down);

private:
  std::vector<container_listener_actor> all_;
};

} // namespace troupe
