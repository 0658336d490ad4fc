#pragma once

#include "messages/system.pb.h"

namespace troupe {

/// Begins what an actor tells of itself: how many messages wait for it. Only
/// the actor itself may count them.
template <class Pointer>
system::Description begin_description(Pointer self) {
  system::Description result;
  result.set_mailbox(self->mailbox().size());
  return result;
}

} // namespace troupe
