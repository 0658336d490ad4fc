#pragma once

#include "messages/errors.hpp"
#include "runtime/net/probe_edge.hpp"

#include <string>

namespace troupe::core::v1 {
class HTTPGetAction;
class LifecycleHandler;
class Pod;
class ProbeHandler;
class TCPSocketAction;
} // namespace troupe::core::v1

namespace troupe {

/// Returns what a probe or hook asks of the network, for container `i` of a
/// pod with this address. Fails for a port name that the container does not
/// have, and for handlers that are no network ones.
expected<net::probe_request> knock_of(const core::v1::Pod& pod, size_t i,
                                      const core::v1::ProbeHandler& handler,
                                      const std::string& ip);
expected<net::probe_request> knock_of(const core::v1::Pod& pod, size_t i,
                                      const core::v1::LifecycleHandler& handler,
                                      const std::string& ip);

} // namespace troupe
