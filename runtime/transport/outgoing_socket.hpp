#pragma once

#include "runtime/net/socket.hpp"
#include "runtime/transport/tls_session.hpp"

#include <chrono>
#include <cstdint>
#include <string>

namespace troupe {

/// For who may block: waits no longer than a point in time, nor once another
/// descriptor can be read.
class patience {
public:
  using clock = std::chrono::steady_clock;

  explicit patience(clock::time_point until, int stop = -1)
      : until_(until), stop_(stop) {
    // nop
  }

  /// The same, but no longer than `most` from now.
  patience at_most(std::chrono::milliseconds most) const;

  /// Waits for POLLIN or POLLOUT. Returns whether it came.
  bool wait(int fd, short events) const;

private:
  clock::time_point until_;
  int stop_;
};

/// Returns a socket that does not block, connected to the first address of
/// `host` that takes it. Looking up a name takes as long as it takes.
expected<net::unique_fd> connect_to(const std::string& host, uint16_t port,
                                    const patience& how_long);

/// Goes on until both sides have proved themselves.
caf::error prove(tls_session& session, int fd, const patience& how_long);

} // namespace troupe
