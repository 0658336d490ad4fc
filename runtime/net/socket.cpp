#include "runtime/net/socket.hpp"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

namespace troupe::net {

namespace {

constexpr int backlog = 1024;

void set_option(int fd, int level, int option, int value) {
  ::setsockopt(fd, level, option, &value, sizeof(value));
}

caf::error system_error(int code) {
  return make_error(ec::internal_error, std::strerror(code));
}

unique_fd open_socket(protocol kind) {
  auto type = kind == protocol::tcp ? SOCK_STREAM : SOCK_DGRAM;
  return unique_fd{::socket(AF_INET, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)};
}

} // namespace

void unique_fd::reset() {
  if (fd_ >= 0)
    ::close(std::exchange(fd_, -1));
}

std::string_view to_string(protocol x) {
  return x == protocol::tcp ? "TCP" : "UDP";
}

expected<unique_fd> open_listener(protocol kind, const endpoint& at,
                                  sharing with) {
  auto fd = open_socket(kind);
  if (!fd)
    return system_error(errno);
  // After a restart, connections of the former process still linger.
  if (kind == protocol::tcp)
    set_option(fd.get(), SOL_SOCKET, SO_REUSEADDR, 1);
  // Several processes of one cluster on one machine serve the same addresses.
  if (with == sharing::yes)
    set_option(fd.get(), SOL_SOCKET, SO_REUSEPORT, 1);
  auto address = to_sockaddr(at);
  if (::bind(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address))
          != 0
      || (kind == protocol::tcp && ::listen(fd.get(), backlog) != 0))
    return system_error(errno);
  return fd;
}

int lowest_open_port() {
  // Asking the system itself covers capabilities, namespaces and settings.
  auto fd = open_socket(protocol::tcp);
  auto at = to_sockaddr({ipv4{0x7ffffffe}, 1});
  if (!fd || ::bind(fd.get(), reinterpret_cast<sockaddr*>(&at), sizeof(at)) == 0
      || errno != EACCES)
    return 0;
  int lowest = 1024;
  std::ifstream{"/proc/sys/net/ipv4/ip_unprivileged_port_start"} >> lowest;
  return lowest;
}

expected<unique_fd> start_connect(protocol kind, const endpoint& to) {
  auto fd = open_socket(kind);
  if (!fd)
    return system_error(errno);
  if (kind == protocol::tcp)
    set_option(fd.get(), IPPROTO_TCP, TCP_NODELAY, 1);
  auto address = to_sockaddr(to);
  if (::connect(fd.get(), reinterpret_cast<sockaddr*>(&address),
                sizeof(address))
          != 0
      && errno != EINPROGRESS)
    return system_error(errno);
  return fd;
}

int connect_error(int fd) {
  int code = 0;
  socklen_t size = sizeof(code);
  if (::getsockopt(fd, SOL_SOCKET, SO_ERROR, &code, &size) != 0)
    return errno;
  return code;
}

void tune_connection(int fd) {
  auto set = [fd](int level, int option, int value) {
    ::setsockopt(fd, level, option, &value, sizeof(value));
  };
  set(IPPROTO_TCP, TCP_NODELAY, 1);
  set(SOL_SOCKET, SO_KEEPALIVE, 1);
  set(IPPROTO_TCP, TCP_KEEPIDLE, 90);
  set(IPPROTO_TCP, TCP_KEEPINTVL, 15);
  set(IPPROTO_TCP, TCP_KEEPCNT, 6);
}

void reset_on_close(int fd) {
  linger now{1, 0};
  ::setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
}

endpoint local_endpoint(int fd) {
  sockaddr_in address{};
  socklen_t size = sizeof(address);
  ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size);
  return from_sockaddr(address);
}

} // namespace troupe::net
