#pragma once

#include "actors/controllers/reconciler.hpp"
#include "actors/system/describing.hpp"
#include "messages/interfaces.hpp"
#include "messages/system.pb.h"

#include <caf/typed_event_based_actor.hpp>

namespace troupe {

/// What every controller hears.
using controller_actor = caf::typed_actor<
    // There are keys to look at, or a timer is due.
    caf::reacts_to<pb<system::Tick>>>
    // An object that it follows was added, changed or deleted.
    ::extend_with<watcher_actor>
    // Why is this object the way it is?
    ::extend_with<explain_actor>
    // What `topology` shows.
    ::extend_with<describe_actor>;

/// The behaviour of a controller whose state has a `loop`.
template <class Pointer>
controller_actor::behavior_type controller(Pointer self) {
  self->set_down_handler(
      [self](const caf::down_msg& down) { self->state.loop.on_down(down); });
  return {
      [self](const pb<system::Tick>& msg) { self->state.loop.on_tick(*msg); },
      [self](const changes& batch) { self->state.loop.on_changes(batch); },
      [self](const pb<system::Explain>& msg) {
        return pb<system::Explanation>{self->state.loop.explain(msg->key())};
      },
      [self](const pb<system::Describe>&) {
        auto result = begin_description(self);
        result.MergeFrom(self->state.loop.describe());
        return pb<system::Description>{std::move(result)};
      },
  };
}

} // namespace troupe
