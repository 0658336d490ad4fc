#pragma once

#include "messages/codec.hpp"
#include "messages/system.pb.h"

#include <caf/actor_addr.hpp>
#include <caf/actor_cast.hpp>
#include <caf/send.hpp>

#include <functional>

namespace troupe {

/// What to call when a predecessor has let go of a database: a tick to
/// `self`, if it still lives.
template <class Pointer>
std::function<void()> when_freed(Pointer self) {
  return [addr = self->address()] {
    if (auto waiting = caf::actor_cast<caf::actor>(addr))
      caf::anon_send(waiting, pb<system::Tick>{});
  };
}

} // namespace troupe
