#pragma once

#include "messages/errors.hpp"
#include "runtime/http/http_message.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

/// The server's side of WebSocket, RFC 6455.
namespace troupe::http {

/// Returns whether a request wants to go over to this protocol, in any case.
bool wants_upgrade(const std::vector<header>& headers, std::string_view to);

/// Returns whether a request wants to go over to any protocol.
bool wants_upgrade(const std::vector<header>& headers);

/// How the server goes over to WebSocket.
struct websocket_greeting {
  response_head head;   ///< of the answer, status 101
  std::string protocol; ///< chosen; "" when the client named none
};

/// Returns the subprotocols that a client offers, those it prefers first.
/// Kubernetes: one that carries a bearer token is no protocol.
std::vector<std::string> offered_protocols(const std::vector<header>& headers);

/// Accepts a request (RFC 6455, 4.2) with the first subprotocol offered that is
/// in `served`; one who offers none gets "", where that is served. Fails with
/// bad_request for what is no handshake, forbidden where no subprotocol fits.
expected<websocket_greeting>
greet_websocket(const std::vector<header>& headers,
                const std::vector<std::string>& served);

enum class websocket_kind : uint8_t {
  text = 1,
  binary = 2,
  close = 8,
  ping = 9,
  pong = 10,
};

/// Codes of a close, RFC 6455, 7.4.1.
enum class websocket_code : uint16_t {
  normal = 1000,
  going_away = 1001,
  protocol_error = 1002,
  unsupported = 1003,
  no_status = 1005,
  bad_text = 1007,
  too_big = 1009,
  internal = 1011,
};

/// A whole message.
struct websocket_message {
  websocket_kind kind = websocket_kind::binary;
  std::string data;
  websocket_code code = websocket_code::no_status; ///< of a close
};

/// Takes a client's messages out of a stream of bytes, put together from their
/// fragments. What the RFC forbids (frames without a mask, reserved bits,
/// fragmented control frames, text that is no UTF-8) ends the stream, and so
/// does a message above the limit.
class websocket_reader {
public:
  enum class outcome {
    incomplete, ///< more bytes are needed
    ready,
    failed, ///< no more of this stream; `problem` is what to close it with
  };

  explicit websocket_reader(size_t most_bytes = size_t{32} << 20);

  void add(std::string_view bytes);

  /// Takes the next message. Control frames come between the fragments of
  /// others.
  outcome next(websocket_message& out);

  websocket_code problem() const { return problem_; }

private:
  struct frame {
    bool last = false;
    uint8_t opcode = 0;
    size_t begin = 0;  ///< of the payload in the buffer
    uint64_t size = 0; ///< of the payload
    uint8_t mask[4]{};
  };

  outcome read_head(frame& out);
  outcome fail(websocket_code why);
  outcome take_control(const frame& f, websocket_message& out);
  outcome take_data(const frame& f, websocket_message& out);
  std::string payload_of(const frame& f);

  size_t most_;
  std::string buffer_;
  size_t at_ = 0; ///< what is before it was taken
  std::string partial_;
  uint8_t opcode_ = 0; ///< of the message that has begun; 0: none has
  websocket_code problem_ = websocket_code::normal;
  bool failed_ = false;
};

/// Frames that are to be written, each in a write of its own: some clients wait
/// for what the system has for them while TLS holds the next frame already.
class websocket_frames {
public:
  void operator+=(std::string frame) { all_.push_back(std::move(frame)); }

  /// Takes the next one; "" when there is none.
  std::string take() {
    if (all_.empty())
      return {};
    auto result = std::move(all_.front());
    all_.pop_front();
    return result;
  }

private:
  std::deque<std::string> all_;
};

/// Returns a message in one frame, not masked as the server's are.
std::string websocket_frame(websocket_kind kind, std::string_view data);

/// Returns the frame that says goodbye. A reason longer than a control frame
/// may be is cut.
std::string websocket_goodbye(websocket_code code,
                              std::string_view reason = {});

} // namespace troupe::http
