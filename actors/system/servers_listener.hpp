#pragma once

#include "messages/codec.hpp"
#include "messages/system.pb.h"

#include <caf/replies_to.hpp>
#include <caf/typed_actor.hpp>

namespace troupe {

/// Wants to know where the servers are.
using servers_listener_actor = caf::typed_actor<
    // They are there now.
    caf::reacts_to<pb<system::Servers>>>;

} // namespace troupe
