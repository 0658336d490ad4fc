#pragma once

#include "runtime/transport/tls_session.hpp"

#include <caf/intrusive_ptr.hpp>
#include <caf/io/network/default_multiplexer.hpp>
#include <caf/io/network/event_handler.hpp>
#include <caf/ref_counted.hpp>

#include <memory>
#include <string_view>
#include <vector>

namespace troupe {

/// Whom a stream tells what happens. What it does in a call may be the end of
/// the stream.
class stream_user {
public:
  virtual ~stream_user() = default;

  /// Both sides have proved themselves. Nothing else comes before.
  virtual void on_proved() = 0;
  virtual void on_bytes(std::string_view bytes) = 0;
  /// The last that is heard: the other side went, or what it says is no TLS.
  virtual void on_lost() = 0;
};

/// A socket with its TLS, in the thread of CAF's loop. Until the other side
/// says something it costs no more than the socket.
///
/// A stream that was opened stays in the loop, and keeps itself and its user,
/// until it is closed.
class tls_stream : public caf::io::network::event_handler,
                   public std::enable_shared_from_this<tls_stream> {
public:
  using loop = caf::io::network::default_multiplexer;
  using native_socket = caf::io::network::native_socket;

  /// Takes the socket. One that was accepted gets its TLS from `files` once
  /// something comes.
  tls_stream(loop& where, native_socket fd, std::shared_ptr<tls_files> files);
  /// One whose sides have proved themselves.
  tls_stream(loop& where, native_socket fd, tls_session session);

  /// From now on `user` is told; `keep` is what it lives in.
  void use(stream_user& user, caf::intrusive_ptr<caf::ref_counted> keep);
  void open();

  /// Leaves the loop; the user hears no more. With `goodbye`, after one
  /// attempt to write what waits.
  void close(bool goodbye = false);
  bool closed() const { return user_ == nullptr; }

  /// What is to be written with the next `flush`.
  std::vector<char>& outgoing() { return outgoing_; }
  void flush();
  /// Closes, with `on_lost`, once all is written.
  void finish();
  /// Bytes that wait to be written.
  size_t waiting() const { return outgoing_.size() + sending_.size() - sent_; }

  const tls_session* session() const { return session_.get(); }

  void handle_event(caf::io::network::operation op) override;
  void removed_from_loop(caf::io::network::operation op) override;
  void graceful_shutdown() override { close(true); }

private:
  using state = tls_session::state;

  bool begin();
  void read();
  bool prove();
  void write();
  state write_some();
  void want_write(bool wish);
  void let_go(std::shared_ptr<tls_stream>& held, int mask);
  void lose();

  std::shared_ptr<tls_files> files_;
  std::unique_ptr<tls_session> session_;
  stream_user* user_ = nullptr;
  caf::intrusive_ptr<caf::ref_counted> keep_;
  std::vector<char> outgoing_;
  std::vector<char> sending_;
  size_t sent_ = 0; ///< of `sending_`
  bool proved_ = false;
  bool finishing_ = false;
  bool writing_ = false;               ///< in the loop for writing
  std::shared_ptr<tls_stream> reads_;  ///< itself, while it is in the loop
  std::shared_ptr<tls_stream> writes_; ///< the same
};

} // namespace troupe
