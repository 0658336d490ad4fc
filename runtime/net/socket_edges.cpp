#include "runtime/net/socket_edges.hpp"

#include "runtime/net/forwarder.hpp"
#include "runtime/net/joined_node.hpp"
#include "runtime/net/prober.hpp"
#include "runtime/net/stream_sockets.hpp"

namespace troupe::net {

namespace {

struct shared_thread {
  loop thread;
  far_ways ways{network_identity()};
  prober probes{thread};
  stream_sockets streams{thread};
  forwarder services{thread, &ways};
};

} // namespace

socket_edges make_socket_edges() {
  auto all = std::make_shared<shared_thread>();
  return {{all, &all->probes},
          {all, &all->services},
          {all, &all->ways},
          {all, &all->streams},
          {all, &all->thread}};
}

} // namespace troupe::net
