#include "runtime/net/inner_connect.hpp"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <sched.h>

namespace troupe::net {

expected<unique_fd> start_connect_in(const std::string& network, protocol kind,
                                     const endpoint& to) {
  unique_fd own{::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC)};
  unique_fd other{::open(network.c_str(), O_RDONLY | O_CLOEXEC)};
  if (!own || !other || ::setns(other.get(), CLONE_NEWNET) != 0)
    return make_error(ec::internal_error, std::strerror(errno));
  auto fd = start_connect(kind, to);
  // Whoever cannot go back would do everything else in the wrong place.
  if (::setns(own.get(), CLONE_NEWNET) != 0)
    std::abort();
  return fd;
}

} // namespace troupe::net
