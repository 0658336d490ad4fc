#pragma once

#include "runtime/net/socket.hpp"

#include <string>

namespace troupe::net {

/// As `start_connect`, in the network namespace at a path. The calling thread
/// is in it meanwhile, and nobody else.
expected<unique_fd> start_connect_in(const std::string& network, protocol kind,
                                     const endpoint& to);

} // namespace troupe::net
