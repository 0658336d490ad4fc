#pragma once

#include "runtime/http/http_message.hpp"

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

namespace troupe::http {

/// Bounds of one request.
struct request_limits {
  size_t head = 64u << 10; ///< request line and headers
  size_t body = 3u << 20;  ///< Kubernetes: 3 MiB
  /// Whether the body of a request (of which method and target are known) comes
  /// in pieces, however long it is; null: none does.
  bool (*in_pieces)(const request&) = nullptr;
};

/// Takes requests of HTTP/1.1 out of a stream of bytes, one after the other.
/// What could be read in two ways (two lengths, a length with chunks, spaces
/// before a colon, lines without a carriage return, codings other than chunks)
/// is refused: there may be another server in front. So is a request that does
/// not say once which host it is for (RFC 9112, 3.2).
class request_parser {
public:
  enum class outcome {
    incomplete, ///< more bytes are needed
    ready,      ///< a request, or a piece of its body
    ended,      ///< that was all of the body
    refused,    ///< no more of this stream; see `refusal`
  };

  /// Why a stream was refused, as the answer should say it.
  struct reason {
    int status = 400;
    std::string message;
  };

  explicit request_parser(request_limits limits = {});
  ~request_parser();
  request_parser(request_parser&&) noexcept;
  request_parser& operator=(request_parser&&) noexcept;

  /// Appends what came from the client.
  void add(std::string_view bytes);

  /// Takes the next request. After one whose body streams (see `in_body`) that
  /// is to be taken first.
  outcome next(request& out);

  /// Takes the next piece of the body of a request that streams.
  outcome next_piece(std::string& out);

  /// Whether there is more to come of such a body.
  bool in_body() const { return in_body_; }

  /// Whether something of a request is there, but not all of it.
  bool begun() const;

  /// Whether the client waits to be told that its body is welcome; true once
  /// for each request.
  bool take_expectation();

  /// How much waits to be looked at.
  size_t waiting() const;

  /// Takes the bytes that belong to no request: after an upgrade they are the
  /// other protocol's.
  std::string take_rest();

  const reason& refusal() const { return refusal_; }

private:
  class machine;

  outcome refuse(int status, std::string message);
  outcome parse();
  outcome take_head(request& out);

  request_limits limits_;
  std::string buffer_;
  std::unique_ptr<machine> machine_;
  reason refusal_;
  bool in_body_ = false; ///< of a request that streams
};

} // namespace troupe::http
