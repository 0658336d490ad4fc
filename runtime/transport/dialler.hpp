#pragma once

#include "runtime/net/socket.hpp"
#include "runtime/transport/connection_book.hpp"

#include <caf/actor_system.hpp>
#include <caf/io/middleman_actor.hpp>

#include <memory>
#include <string>

namespace troupe {

/// What CAF's middleman does, over our connections: publishes actors and finds
/// those of others. Each search is in a thread of its own, so that a machine
/// that does not answer keeps nobody else waiting; whoever looks for the same
/// place meanwhile shares it. It begins with a new connection each time, so
/// that what is found is not what was there before the last one broke.
///
/// Dials under way end once `stop` can be read.
caf::io::middleman_actor start_dialler(caf::actor_system& system,
                                       std::shared_ptr<connection_book> book,
                                       std::shared_ptr<net::unique_fd> stop);

} // namespace troupe
