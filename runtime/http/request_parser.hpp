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
};

/// Takes requests of HTTP/1.1 out of a stream of bytes, one after the other.
/// What could be read in two ways (two lengths, a length with chunks, spaces
/// before a colon) is refused: there may be another server in front.
class request_parser {
public:
  enum class outcome {
    incomplete, ///< more bytes are needed
    ready,      ///< a whole request
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

  /// Takes the next request.
  outcome next(request& out);

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

  request_limits limits_;
  std::string buffer_;
  std::unique_ptr<machine> machine_;
  reason refusal_;
};

} // namespace troupe::http
