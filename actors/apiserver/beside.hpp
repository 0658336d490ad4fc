#pragma once

#include "messages/system.pb.h"
#include "runtime/system/context.hpp"

#include <caf/actor.hpp>

#include <functional>
#include <string>

namespace troupe {

/// Finds another actor of the same server, as soon as it is there; monitors it
/// and gives it to `found`. The state has `ctx` and `requests`.
template <class Pointer>
void find_beside(Pointer self, const std::string& path,
                 std::function<void(const caf::actor&)> found) {
  system::Resolve msg;
  msg.set_path(self->state.ctx->beside(path));
  self->state.requests.template ask<caf::actor>(
      self->state.ctx->directory(),
      [self, found](const caf::actor& handle) {
        self->monitor(handle);
        found(handle);
      },
      // The directory's end is the end of all who use it.
      [](const caf::error&) {}, pb<system::Resolve>{std::move(msg)});
}

} // namespace troupe
