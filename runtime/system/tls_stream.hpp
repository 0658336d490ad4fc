#pragma once

#include "messages/errors.hpp"
#include "runtime/system/secure_network.hpp"

#include <caf/io/network/default_multiplexer.hpp>
#include <caf/io/network/stream.hpp>
#include <caf/io/scribe.hpp>
#include <openssl/ssl.h>

#include <memory>

namespace troupe {

/// One TLS connection over a socket that does not block.
class tls_session {
public:
  using socket = caf::io::network::native_socket;
  using state = caf::io::network::rw_state;

  enum class side { client, server };

  /// Fails when the files cannot be read.
  static expected<tls_session> make(const secure_files& files, socket fd,
                                    side who);

  /// Whether both sides have proved themselves. Until then nothing can be
  /// written, and reading goes on with the proof.
  bool ready() const { return SSL_is_init_finished(ssl_.get()) == 1; }

  /// Says the first word; for the client.
  void greet();

  // What CAF's streams want of a protocol.
  state read_some(size_t& result, socket fd, void* buffer, size_t size);
  state write_some(size_t& result, socket fd, const void* buffer, size_t size);
  bool must_read_more(socket fd, size_t threshold);

private:
  struct freed {
    void operator()(SSL* x) const { SSL_free(x); }
    void operator()(SSL_CTX* x) const { SSL_CTX_free(x); }
  };

  state outcome(int returned, size_t& result);

  std::unique_ptr<SSL_CTX, freed> context_;
  std::unique_ptr<SSL, freed> ssl_;
};

/// A connection as CAF's brokers use it.
class tls_scribe : public caf::io::scribe {
public:
  tls_scribe(caf::io::network::default_multiplexer& loop,
             caf::io::network::native_socket fd, tls_session session);

  void configure_read(caf::io::receive_policy::config config) override;
  void ack_writes(bool enable) override;
  std::vector<char>& wr_buf() override { return stream_.wr_buf(); }
  std::vector<char>& rd_buf() override { return stream_.rd_buf(); }
  void flush() override;
  void graceful_shutdown() override;
  std::string addr() const override;
  uint16_t port() const override;
  void add_to_loop() override;
  void remove_from_loop() override;

private:
  class stream : public caf::io::network::stream {
  public:
    stream(caf::io::network::default_multiplexer& loop,
           caf::io::network::native_socket fd, tls_session session,
           tls_scribe& owner);
    void handle_event(caf::io::network::operation op) override;

    tls_session session;

  private:
    tls_scribe& owner_;
  };

  stream stream_;
  bool launched_ = false;
  bool held_ = false; ///< there is something to write once that is possible
};

} // namespace troupe
