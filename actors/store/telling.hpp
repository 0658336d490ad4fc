#pragma once

#include "actors/store/local.hpp"
#include "runtime/store/database.hpp"

#include <caf/actor_addr.hpp>
#include <caf/actor_cast.hpp>

#include <utility>

namespace troupe {

/// Tells who owns the state when an error means that it is damaged, and returns
/// the error: what is damaged is not served, and neither is the rest of it; by
/// chance one read met it first.
template <class Pointer>
caf::error told(Pointer self, const caf::actor_addr& owner, caf::error why) {
  if (store::is_damage(why))
    if (auto to = caf::actor_cast<caf::actor>(owner))
      self->send(caf::actor_cast<fault_listener_actor>(to), store_fault{why});
  return why;
}

} // namespace troupe
