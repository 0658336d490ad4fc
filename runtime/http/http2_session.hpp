#pragma once

#include "runtime/http/http_edge.hpp"
#include "runtime/http/request_parser.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::http {

/// Bounds of one connection of HTTP/2.
struct http2_limits {
  request_limits request;       ///< of each request
  uint32_t streams = 250;       ///< open at once
  size_t held = 16u << 20;      ///< bytes of requests that are not told yet
  size_t unsent = 16u << 20;    ///< of answers; beyond, requests wait
  uint32_t window = 256u << 10; ///< bytes of a body that may be on their way
};

/// The server's side of one connection of HTTP/2 (RFC 9113), without a socket:
/// bytes of the client go in, events and bytes for the client come out. The
/// number of an exchange is that of its stream.
///
/// Answers go out as fast as the client's windows let them: a client that does
/// not take one stream holds up no other. Whose answers pile up gets no more of
/// them before it takes some. A client that floods with what costs
/// it nothing (resets, pings, settings, half requests) is cut off.
class http2_session {
public:
  using time_point = std::chrono::steady_clock::time_point;

  explicit http2_session(http2_limits limits = {});
  ~http2_session();

  http2_session(const http2_session&) = delete;
  http2_session& operator=(const http2_session&) = delete;

  /// Takes what came from the client, at this time. What it does wrong is told
  /// to it by `output`; see `is_over`.
  void take(std::string_view bytes, time_point now);

  /// Takes what has happened: requests, pieces taken, exchanges abandoned.
  std::vector<event> take_events();

  /// Takes the next bytes for the client, at most about `most` of them. Empty
  /// while there is nothing to say, or nothing that the client lets through.
  std::string output(size_t most, time_point now);

  /// As those of http_edge.
  void answer(uint64_t exchange, const response_head& head, std::string body);
  void begin(uint64_t exchange, const response_head& head);
  void send(uint64_t exchange, std::string piece);
  void end(uint64_t exchange, bool broken);
  void allow(uint64_t exchange, uint32_t pieces);

  /// Says goodbye: no more requests are taken.
  void finish();

  /// How many requests are there, whole or not, without their whole answer.
  size_t open() const;

  /// Since when the oldest request is not whole; none: all are. One whose body
  /// streams takes what time it wants, until it is answered.
  std::optional<time_point> waits_since() const;

  /// Since when the client has taken nothing of the answer that it neglects
  /// most; none: there is nothing to take.
  std::optional<time_point> stalled_since() const;

  /// Resets what the client has taken nothing of since then.
  void drop_stalled(time_point since);

  /// Nothing more will be taken, and nothing is left to say.
  bool is_over() const;

private:
  class machine;

  std::unique_ptr<machine> machine_;
};

} // namespace troupe::http
