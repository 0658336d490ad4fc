#pragma once

#include "runtime/net/address.hpp"

#include <string>

namespace troupe::net {

/// Returns the first IPv4 address of a host, as the machine looks it up. Fails
/// with NotFound, the name and the system's reason. Blocks.
expected<ipv4> find_ipv4(const std::string& host);

} // namespace troupe::net
