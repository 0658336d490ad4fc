#include "runtime/transport/outgoing_socket.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>

namespace troupe {

namespace {

struct freed {
  void operator()(addrinfo* x) const { freeaddrinfo(x); }
};

net::unique_fd start(const addrinfo& where) {
  net::unique_fd fd{
      socket(where.ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)};
  if (fd && connect(fd.get(), where.ai_addr, where.ai_addrlen) != 0
      && errno != EINPROGRESS)
    fd.reset();
  return fd;
}

} // namespace

patience patience::at_most(std::chrono::milliseconds most) const {
  return patience{std::min(until_, clock::now() + most), stop_};
}

bool patience::wait(int fd, short events) const {
  while (true) {
    auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        until_ - clock::now());
    if (left.count() <= 0)
      return false;
    pollfd both[] = {{fd, events, 0}, {stop_, POLLIN, 0}};
    auto found = poll(both, 2, static_cast<int>(left.count()) + 1);
    if (found < 0 && errno != EINTR)
      return false;
    if (both[1].revents != 0)
      return false;
    if (found > 0)
      return true;
  }
}

expected<net::unique_fd> connect_to(const std::string& host, uint16_t port,
                                    const patience& how_long) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_ADDRCONFIG | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  auto name = host + ":" + std::to_string(port);
  if (auto code = getaddrinfo(host.c_str(), std::to_string(port).c_str(),
                              &hints, &found);
      code != 0)
    return make_error(ec::service_unavailable,
                      "cannot find " + host + ": " + gai_strerror(code));
  std::unique_ptr<addrinfo, freed> all{found};
  std::string why = "it does not answer";
  for (auto* each = found; each != nullptr; each = each->ai_next) {
    auto fd = start(*each);
    if (fd && !how_long.wait(fd.get(), POLLOUT))
      continue;
    auto code = fd ? net::connect_error(fd.get()) : errno;
    if (code == 0)
      return fd;
    why = std::strerror(code);
  }
  return make_error(ec::service_unavailable,
                    "cannot connect to " + name + ": " + why);
}

caf::error prove(tls_session& session, int fd, const patience& how_long) {
  while (true)
    switch (session.greet()) {
      case tls_session::state::success:
        return caf::none;
      case tls_session::state::failure:
        return make_error(ec::service_unavailable,
                          "the other side is no server of this cluster, or "
                          "does not know us");
      default:
        if (!how_long.wait(fd, session.wants_write() ? POLLOUT : POLLIN))
          return make_error(ec::service_unavailable,
                            "the other side does not answer");
    }
}

} // namespace troupe
