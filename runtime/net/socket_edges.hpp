#pragma once

#include <memory>

namespace troupe::net {

class far_ways;
class loop;
class probe_edge;
class service_edge;
class stream_sockets;

/// The edges that use real sockets, on one thread, which ends with the last of
/// them.
struct socket_edges {
  std::shared_ptr<probe_edge> probes;
  std::shared_ptr<service_edge> services;
  std::shared_ptr<far_ways> ways; ///< of the services
  std::shared_ptr<stream_sockets> streams;
  std::shared_ptr<loop> thread; ///< for edges that stand elsewhere
};

/// Throws std::system_error when the machine has no descriptors left.
socket_edges make_socket_edges();

} // namespace troupe::net
