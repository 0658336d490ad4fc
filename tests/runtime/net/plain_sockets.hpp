#pragma once

#include "runtime/net/socket.hpp"

#include <gtest/gtest.h>

#include <cerrno>
#include <string>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

namespace troupe::net {

/// Plain blocking sockets with a deadline of ten seconds, as a stranger's
/// program would use them.
inline unique_fd plain_socket(int type = SOCK_STREAM) {
  unique_fd fd{::socket(AF_INET, type | SOCK_CLOEXEC, 0)};
  timeval deadline{10, 0};
  ::setsockopt(fd.get(), SOL_SOCKET, SO_RCVTIMEO, &deadline, sizeof(deadline));
  ::setsockopt(fd.get(), SOL_SOCKET, SO_SNDTIMEO, &deadline, sizeof(deadline));
  return fd;
}

inline ipv4 loopback() {
  return {0x7f000001};
}

inline bool bind_to(const unique_fd& fd, const endpoint& at) {
  auto address = to_sockaddr(at);
  return ::bind(fd.get(), reinterpret_cast<sockaddr*>(&address),
                sizeof(address))
         == 0;
}

/// A socket at a free port of 127.0.0.1 (or of `address`), listening.
inline unique_fd plain_listener(ipv4 address = loopback()) {
  auto fd = plain_socket();
  EXPECT_TRUE(bind_to(fd, {address, 0}));
  EXPECT_EQ(::listen(fd.get(), 64), 0);
  return fd;
}

inline unique_fd plain_datagram_socket() {
  auto fd = plain_socket(SOCK_DGRAM);
  EXPECT_TRUE(bind_to(fd, {loopback(), 0}));
  return fd;
}

/// A place where nobody listens at the moment.
inline endpoint free_place(int type = SOCK_STREAM) {
  auto fd = plain_socket(type);
  EXPECT_TRUE(bind_to(fd, {loopback(), 0}));
  return local_endpoint(fd.get());
}

/// Returns 0 or the error.
inline int connect_to(const unique_fd& fd, const endpoint& to) {
  auto address = to_sockaddr(to);
  auto code = ::connect(fd.get(), reinterpret_cast<sockaddr*>(&address),
                        sizeof(address));
  return code == 0 ? 0 : errno;
}

inline unique_fd connected(const endpoint& to) {
  auto fd = plain_socket();
  EXPECT_EQ(connect_to(fd, to), 0);
  return fd;
}

inline unique_fd accepted(const unique_fd& listening) {
  unique_fd fd{::accept4(listening.get(), nullptr, nullptr, SOCK_CLOEXEC)};
  EXPECT_TRUE(fd) << "nobody came";
  timeval deadline{10, 0};
  ::setsockopt(fd.get(), SOL_SOCKET, SO_RCVTIMEO, &deadline, sizeof(deadline));
  return fd;
}

inline bool send_text(const unique_fd& fd, std::string_view text) {
  while (!text.empty()) {
    auto sent = ::send(fd.get(), text.data(), text.size(), MSG_NOSIGNAL);
    if (sent < 0)
      return false;
    text.remove_prefix(static_cast<size_t>(sent));
  }
  return true;
}

/// Reads `size` bytes, fewer when the other side ends or the deadline passes.
inline std::string receive_text(const unique_fd& fd, size_t size) {
  std::string out(size, '\0');
  size_t have = 0;
  while (have < size) {
    auto got = ::recv(fd.get(), out.data() + have, size - have, 0);
    if (got <= 0)
      break;
    have += static_cast<size_t>(got);
  }
  out.resize(have);
  return out;
}

/// "end" for an orderly end, "reset", "timeout", or "data".
inline std::string next_event(const unique_fd& fd) {
  char byte = 0;
  auto got = ::recv(fd.get(), &byte, 1, 0);
  if (got == 0)
    return "end";
  if (got > 0)
    return "data";
  return errno == ECONNRESET ? "reset" : "timeout";
}

} // namespace troupe::net
