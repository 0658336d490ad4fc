#pragma once

#include "runtime/net/address.hpp"

#include <utility>

namespace troupe::net {

/// Closes a descriptor when it goes out of scope.
class unique_fd {
public:
  unique_fd() = default;
  explicit unique_fd(int fd) : fd_(fd) {}
  unique_fd(unique_fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

  unique_fd& operator=(unique_fd&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }

  ~unique_fd() { reset(); }

  void reset();
  int get() const { return fd_; }
  /// Gives it to the caller.
  int release() { return std::exchange(fd_, -1); }
  explicit operator bool() const { return fd_ >= 0; }

private:
  int fd_ = -1;
};

enum class protocol { tcp, udp };

std::string_view to_string(protocol x);

/// Whether other processes of the same user may open the same address.
enum class sharing : bool { no, yes };

/// Returns a non-blocking socket that listens (TCP) or is bound (UDP) at
/// `at`. The error's text is the system's reason.
expected<unique_fd> open_listener(protocol kind, const endpoint& at,
                                  sharing with = sharing::yes);

/// Returns the lowest port that this process may listen at; 0 when there is no
/// such limit.
int lowest_open_port();

/// Returns a non-blocking socket that is connected to `to` or about to be.
expected<unique_fd> start_connect(protocol kind, const endpoint& to);

/// Returns 0 once a started connect has succeeded, else the system's error.
int connect_error(int fd);

/// Lets bytes of a TCP connection go at once, and a peer whose machine vanished
/// be noticed within three minutes.
void tune_connection(int fd);

/// Makes the next close send a reset instead of an orderly end.
void reset_on_close(int fd);

/// Returns where a socket is bound.
endpoint local_endpoint(int fd);

} // namespace troupe::net
