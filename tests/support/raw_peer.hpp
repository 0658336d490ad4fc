#pragma once

#include "runtime/net/socket.hpp"
#include "runtime/transport/tls_files.hpp"

#include <openssl/ssl.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

namespace troupe::test {

/// One end of a connection that says what a test wants, with or without TLS
/// and certificates. On loopback; blocks.
class raw_peer {
public:
  using milliseconds = std::chrono::milliseconds;

  /// TCP only.
  explicit raw_peer(uint16_t port);

  /// Speaks TLS from now on: with this protocol, "" for none, and with the
  /// certificate of `files`, unless that is "". Returns whether the other side
  /// agreed.
  bool greet(const secure_files& files, const std::string& protocol);

  /// Returns whether all was taken; false when the other side has closed, or
  /// takes nothing for a second.
  bool send(const std::string& bytes);

  /// Returns what comes, up to `size` bytes; less when there is no more.
  std::string read(size_t size, milliseconds patience = milliseconds(5'000));

  /// Reads all there is; returns whether the other side closes by then.
  bool is_closed(milliseconds patience = milliseconds(10'000));

  int fd() const { return fd_.get(); }

private:
  struct freed {
    void operator()(SSL* x) const { SSL_free(x); }
    void operator()(SSL_CTX* x) const { SSL_CTX_free(x); }
  };

  int read_some(char* to, int size, milliseconds patience);
  bool wait(short events, milliseconds patience) const;

  net::unique_fd fd_;
  std::unique_ptr<SSL_CTX, freed> context_;
  std::unique_ptr<SSL, freed> ssl_;
};

} // namespace troupe::test
