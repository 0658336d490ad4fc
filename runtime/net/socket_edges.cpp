#include "runtime/net/socket_edges.hpp"

#include "runtime/net/forwarder.hpp"
#include "runtime/net/prober.hpp"

namespace troupe::net {

namespace {

struct shared_thread {
  loop thread;
  prober probes{thread};
  forwarder services{thread};
};

} // namespace

socket_edges make_socket_edges() {
  auto all = std::make_shared<shared_thread>();
  return {{all, &all->probes}, {all, &all->services}, {all, &all->thread}};
}

} // namespace troupe::net
