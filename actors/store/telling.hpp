#pragma once

#include "actors/store/local.hpp"
#include "runtime/store/database.hpp"

#include <caf/actor_cast.hpp>

#include <utility>

namespace troupe {

/// For who reads a state and knows whose it is. Tells the owner when an error
/// means that it is damaged, and returns the error: what is damaged is not
/// served, and neither is the rest of it; by chance one read met it first.
template <class Pointer>
caf::error told(Pointer self, caf::error why) {
  auto& st = self->state;
  if (store::is_damage(why))
    if (auto to = caf::actor_cast<caf::actor>(st.owner))
      self->send(caf::actor_cast<fault_listener_actor>(to),
                 store_fault{why, st.state});
  return why;
}

} // namespace troupe
