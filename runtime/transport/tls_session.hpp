#pragma once

#include "runtime/transport/peer.hpp"
#include "runtime/transport/tls_files.hpp"

#include <caf/io/network/native_socket.hpp>
#include <caf/io/network/rw_state.hpp>
#include <openssl/ssl.h>

#include <memory>
#include <string>

namespace troupe {

/// One TLS connection over a socket that does not block.
class tls_session {
public:
  using socket = caf::io::network::native_socket;
  using state = caf::io::network::rw_state;

  enum class side { client, server };

  /// The socket stays its owner's. A client speaks the actors' protocol.
  static expected<tls_session> make(std::shared_ptr<const tls_context> context,
                                    socket fd, side who);

  /// Whether both sides have proved themselves. Until then nothing can be
  /// written, and reading goes on with the proof.
  bool ready() const { return SSL_is_init_finished(ssl_.get()) == 1; }

  /// Whether the proof waits until the socket can be written to.
  bool wants_write() const { return SSL_want_write(ssl_.get()); }

  /// Goes on with the proof; for the client also the first word.
  state greet();

  /// Once ready: the protocol that the sides agreed on, "" for none.
  std::string protocol() const;

  /// Once ready: who is there. Fails when it showed no certificate.
  expected<peer> other_side() const;

  /// Tells the other side that nothing more comes.
  void say_goodbye();

  state read_some(size_t& result, void* buffer, size_t size);
  state write_some(size_t& result, const void* buffer, size_t size);

private:
  struct freed {
    void operator()(SSL* x) const { SSL_free(x); }
  };

  state outcome(int returned, size_t& result);

  std::shared_ptr<const tls_context> context_;
  std::unique_ptr<SSL, freed> ssl_;
};

} // namespace troupe
