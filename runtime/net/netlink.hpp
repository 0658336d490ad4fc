#pragma once

#include "runtime/net/address.hpp"
#include "runtime/net/socket.hpp"

#include <functional>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <string>
#include <vector>

namespace troupe::net {

/// A message to the kernel's routing tables, built piece by piece.
class netlink_request {
public:
  netlink_request(uint16_t type, uint16_t flags);

  /// Appends the fixed part that the type wants.
  template <class T>
  void body(const T& x) {
    append(&x, sizeof(x));
  }

  void attribute(uint16_t type, std::string_view bytes);
  void attribute(uint16_t type, uint32_t value);
  void attribute(uint16_t type, ipv4 x);

  /// Everything until `close` is inside of an attribute of this type.
  size_t open(uint16_t type);
  void close(size_t opened);

  /// Returns the message with its length filled in.
  std::string finish(uint32_t sequence) const;

private:
  void append(const void* data, size_t size);

  std::string bytes_;
};

/// Returns the bytes of an attribute among those that follow a fixed part of
/// `skip` bytes; empty when it is not there.
std::string_view find_attribute(const nlmsghdr* message, size_t skip,
                                uint16_t type);

/// A conversation with the kernel about one network namespace.
class netlink {
public:
  /// The namespace of the calling thread.
  static expected<netlink> open();

  /// The namespace behind `fd`; works with root only.
  static expected<netlink> open_in(int fd);

  /// Sends `x`, with NLM_F_ACK, and waits for the kernel's word. Errors are
  /// ec::forbidden, ec::already_exists, ec::not_found or ec::internal_error,
  /// with the system's text.
  expected<void> run(const netlink_request& x);

  /// Sends `x`, which asks for a list, and calls `each` for each entry.
  expected<void> list(const netlink_request& x,
                      const std::function<void(const nlmsghdr*)>& each);

private:
  explicit netlink(unique_fd fd) : fd_(std::move(fd)) {}

  expected<void> converse(const netlink_request& x,
                          const std::function<void(const nlmsghdr*)>& each);

  unique_fd fd_;
  uint32_t sequence_ = 0;
};

} // namespace troupe::net
