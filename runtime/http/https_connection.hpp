#pragma once

#include "runtime/http/http2_session.hpp"
#include "runtime/http/https_edge.hpp"
#include "runtime/http/request_parser.hpp"

#include <openssl/ssl.h>

#include <chrono>
#include <deque>
#include <memory>
#include <optional>
#include <string>

namespace troupe::http {

/// One connection of the edge: socket, TLS, and requests, of HTTP/1.1 one after
/// the other, of HTTP/2 many at a time. Everything happens on the edge's
/// thread.
///
/// While a request of HTTP/1.1 is being answered the next ones wait; more than
/// a little of them is not read. Of HTTP/2 nothing is read while much waits to
/// be written. An answer that cannot be written for long, a handshake or
/// a request that does not come to its end, and silence between requests end
/// the connection.
class https_connection : public std::enable_shared_from_this<https_connection> {
public:
  static std::shared_ptr<https_connection>
  make(https_edge& edge, uint64_t id, net::unique_fd fd, SSL_CTX* context);

  https_connection(https_edge& edge, uint64_t id, net::unique_fd fd);

  void start();
  void serve(http_edge::on_event tell);
  void answer(uint64_t exchange, response_head head, std::string body);
  void begin(uint64_t exchange, response_head head);
  void send(uint64_t exchange, std::string piece);
  void end(uint64_t exchange, bool broken);
  void upgrade(uint64_t exchange, response_head head);
  void allow(uint64_t exchange, uint32_t pieces);

  /// Ends once what was sent is written.
  void finish();

  /// Ends at once.
  void abort();

  const peer& who() const { return who_; }

  /// The client's certificate is no longer good, for this reason: who serves
  /// is told; a connection that nobody serves yet ends.
  void distrust(const std::string& why);

  /// Of the client's certificate; "" without one.
  const std::string& serial() const { return serial_; }

private:
  enum class phase : uint8_t { handshake, serving, raw, lingering, closed };

  struct piece {
    std::string bytes;
    uint64_t exchange = 0; ///< whose piece it is; 0 for what nobody counts
  };

  struct freed {
    void operator()(SSL* x) const { SSL_free(x); }
  };

  /// What is being answered.
  struct present {
    uint64_t exchange = 0; ///< 0 when there is none
    framing body = framing::none;
    bool begun = false;
    bool head_only = false;
    bool keep_alive = true;
    bool old = false; ///< HTTP/1.0
  };

  void on_ready(uint32_t events = 0);
  void shake_hands();
  void learn_peer();
  void choose_protocol();
  void read_some();
  void take_bytes(std::string_view bytes);
  void take_requests();
  void pass_body();
  void refuse();
  void begin_linger();
  void linger();
  void pump();
  void put(std::string bytes, uint64_t exchange = 0);
  void write_some();
  void tell_taken();
  void done();
  /// Whether a result of OpenSSL's is an end; notes what is waited for.
  bool failed(int result);
  void wait();
  bool may_read() const;
  bool is_present(uint64_t exchange) const;

  // How long the present state may last.
  struct term {
    net::loop::clock::time_point since;
    std::chrono::seconds patience;
  };

  term present_term() const;
  void touch();
  void watch_time();
  void end_term();

  https_edge& edge_;
  uint64_t id_;
  net::unique_fd fd_;
  std::unique_ptr<SSL, freed> ssl_;
  uint64_t watch_ = 0;
  phase phase_ = phase::handshake;
  peer who_;
  std::string serial_;
  http_edge::on_event tell_;
  std::unique_ptr<http2_session> second_; ///< of a client that speaks HTTP/2
  request_parser parser_;
  present now_;
  uint64_t last_exchange_ = 0;
  bool asked_ = false; ///< there was a request
  std::deque<piece> out_;
  size_t written_ = 0;       ///< of the first piece
  bool wants_write_ = false; ///< TLS cannot go on before it may write
  bool write_blocked_ = false;
  bool finishing_ = false;
  bool lingering_ = false; ///< once all is written, the rest is heard out
  size_t lingered_ = 0;    ///< bytes of that
  bool end_seen_ = false;  ///< the client sends no more
  uint32_t allowed_ = 0;   ///< pieces of what is read as it is allowed
  uint32_t taken_ = 0;     ///< not told yet
  net::loop::clock::time_point since_{}; ///< of the present state
  uint64_t timer_ = 0;
  net::loop::clock::time_point timer_due_{};
};

} // namespace troupe::http
