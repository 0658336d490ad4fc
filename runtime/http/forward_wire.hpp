#pragma once

#include "runtime/http/http_message.hpp"
#include "runtime/http/stream_channels.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

/// What the client of forwarded ports and its server say: over SPDY, over SPDY
/// in WebSocket's messages, or with a pair of WebSocket's channels for each
/// port.
namespace troupe::http {

/// What a client has said. Connections have numbers of the client's choice that
/// come once.
struct forward_news {
  enum class type : uint8_t {
    connect, ///< it wants a connection to `port`
    data,    ///< bytes for it; tell when they are consumed
    end,     ///< no more of them
    gone,    ///< nobody wants the connection any more
    goodbye, ///< the client is gone, or about to go
  };

  type kind = type::goodbye;
  uint64_t connection = 0;
  uint16_t port = 0;
  std::string data;
};

/// All forwarded connections of one client as bytes, after the upgrade.
class forward_wire {
public:
  virtual ~forward_wire() = default;

  /// Takes bytes of the client, none at the beginning; returns what they say.
  virtual std::vector<forward_news> receive(std::string_view bytes) = 0;

  virtual void say(uint64_t connection, std::string_view data) = 0;
  /// Nothing more comes from the pod.
  virtual void finish(uint64_t connection) = 0;
  /// The connection is over: in order, or with why not.
  virtual void close(uint64_t connection, std::string_view problem) = 0;

  virtual void consumed(uint64_t connection, size_t bytes) = 0;

  /// Bytes of a connection that wait until the client makes room.
  virtual size_t waiting(uint64_t connection) const = 0;

  /// Whether nothing can follow any more.
  virtual bool over() const = 0;

  /// Takes what is to be written to the client next, in a write of its own; ""
  /// when there is nothing.
  virtual std::string take_bytes() = 0;
};

/// How the server goes over to it.
struct forward_greeting {
  response_head head; ///< status 101
  std::unique_ptr<forward_wire> wire;
};

/// Accepts a request for forwarded ports. `ports` are those that the query
/// names, which clients need that use WebSocket's channels. Fails with
/// bad_request where neither fits.
expected<forward_greeting> greet_forward(const std::vector<header>& headers,
                                         const std::vector<std::string>& ports);

} // namespace troupe::http
