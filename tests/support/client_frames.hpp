#pragma once

#include "runtime/http/spdy_headers.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

/// What clients of WebSocket and SPDY put on the wire.
namespace troupe::http::client {

/// A frame with a mask, as clients must have it.
std::string websocket(uint8_t opcode, std::string_view data, bool last = true);

/// The payload of the first frame of a server, taken off `bytes`; its opcode
/// goes to `opcode`. "" with opcode 0 when there is none.
std::string take_websocket(std::string& bytes, uint8_t& opcode);

/// All messages of a server, as "2:payload".
std::vector<std::string> websocket_messages(std::string bytes);

/// Headers of a handshake for these subprotocols.
std::vector<header> handshake(const std::string& protocols);

/// Headers of an upgrade to SPDY.
std::vector<header> spdy_upgrade(const std::string& version);

/// All that a server's side has to say.
template <class Wire>
std::string all_of(Wire& wire) {
  std::string result;
  for (auto piece = wire.take_bytes(); !piece.empty();
       piece = wire.take_bytes())
    result += piece;
  return result;
}

/// A SPDY session's client.
class spdy {
public:
  std::string open(uint32_t stream, const std::vector<header>& headers,
                   bool last = false);
  static std::string data(uint32_t stream, std::string_view bytes,
                          bool last = false);
  static std::string reset(uint32_t stream);
  static std::string window(uint32_t stream, uint32_t more);
  static std::string settings(uint32_t window);
  static std::string ping(uint32_t id);
  static std::string goaway();
  static std::string control(uint16_t type, uint8_t flags,
                             std::string_view body);

  /// What the server has sent, a line each: "reply 1", "data 1 abc",
  /// "data 1 abc fin", "reset 1 3", "window 1 5", "ping 1", "goaway 1".
  std::vector<std::string> read(std::string_view bytes);

private:
  spdy_header_writer writer_;
  spdy_header_reader reader_;
  std::string rest_;
};

} // namespace troupe::http::client
