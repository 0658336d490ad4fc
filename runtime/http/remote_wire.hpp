#pragma once

#include "runtime/http/http_message.hpp"
#include "runtime/http/stream_channels.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

/// What the client of an exec or attach and its server say, over WebSocket or
/// SPDY.
namespace troupe::http {

/// Which streams a client wants.
struct remote_options {
  bool input = false;
  bool output = false;
  bool errors = false;
  bool tty = false;
};

/// What a client has said.
struct remote_news {
  enum class type : uint8_t {
    ready,     ///< all its streams are there: now it may be spoken to
    input,     ///< bytes; tell when they are consumed
    input_end, ///< no more of them
    resize,    ///< its terminal has another size
    goodbye,   ///< it is gone, or about to go
  };

  type kind = type::goodbye;
  std::string data;
  terminal_size size;
};

/// One exec or attach as bytes, after the upgrade.
class remote_wire {
public:
  virtual ~remote_wire() = default;

  /// Takes bytes of the client, none at the beginning; returns what they say.
  virtual std::vector<remote_news> receive(std::string_view bytes) = 0;

  /// Says something on the channel `output` or `errors`; what nobody asked for
  /// is dropped.
  virtual void say(remote_channel channel, std::string_view data) = 0;

  /// Says how it ended, and then nothing more. `text` is what clients get that
  /// want no JSON.
  virtual void finish(bool success, std::string_view json,
                      std::string_view text) = 0;

  /// So many bytes of input need no room any more.
  virtual void consumed(size_t bytes) = 0;

  /// Bytes that wait until the client makes room.
  virtual size_t waiting() const = 0;

  /// Takes what is to be written to the client next, in a write of its own; ""
  /// when there is nothing.
  virtual std::string take_bytes() = 0;
};

/// How the server goes over to it.
struct remote_greeting {
  response_head head; ///< status 101
  std::unique_ptr<remote_wire> wire;
};

/// Accepts a request for an exec or attach, over WebSocket or SPDY/3.1 as it
/// wishes. Fails with bad_request for one that wants neither, and where no
/// protocol fits.
expected<remote_greeting> greet_remote(const std::vector<header>& headers,
                                       const remote_options& options);

/// Chooses the first protocol that a client of SPDY asks for (header
/// X-Stream-Protocol-Version, each may name several) and that is served; fails
/// with bad_request when none fits. One that asks for none gets `without`.
expected<std::string>
choose_stream_protocol(const std::vector<header>& headers,
                       const std::vector<std::string>& served,
                       const std::string& without);

/// Returns the head of an answer that goes over to SPDY.
response_head spdy_head(const std::string& protocol);

/// The JSON by which a status is told: of success, of a command with an exit
/// code that is not 0, of anything else. Kubernetes' words.
std::string success_status();
std::string exit_status(int32_t code, std::string_view message);
std::string failure_status(std::string_view message);

/// Kubernetes' words for a command that failed.
std::string exit_message(const std::vector<std::string>& command, int32_t code);

} // namespace troupe::http
