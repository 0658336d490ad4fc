#pragma once

#include "runtime/transport/peer.hpp"
#include "runtime/transport/wire_reader.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

namespace troupe {

/// The beginning of each of BASP's frames, CAF's protocol between processes.
struct frame_header {
  static constexpr size_t size = 32;

  uint8_t operation = 0;
  uint8_t flags = 0;
  uint32_t payload = 0; ///< bytes that follow
  uint64_t data = 0;
  uint64_t source = 0;
  uint64_t target = 0;
};

/// Stands between a connection and CAF for what comes in: cuts it into frames
/// and lets through what this peer may say. CAF believes whatever it reads:
/// that a message of 4 GiB follows, that an actor of its own is to exit, that
/// the peer is somebody else.
///
/// Pure. What is kept of a frame that is not whole yet grows with the bytes
/// that came, not with those that were announced.
class frame_guard {
public:
  struct settings {
    peer_role role = peer_role::user;
    bool dialled = false; ///< by us
    size_t most_bytes = 0;
    size_t most_actors = 0;
    std::string own_node; ///< our identity, as on the wire
  };

  enum class verdict : uint8_t {
    more,   ///< the frame is not whole
    frame,  ///< it is, and may pass
    skip,   ///< it is whole and of no use
    broken, ///< the peer must go; `reason` says why
  };

  explicit frame_guard(settings how);

  /// Takes bytes off `in`, up to the end of a frame.
  verdict take(std::string_view& in);

  /// The frame that was found whole, until `next`.
  const std::vector<char>& header() const { return header_; }
  std::vector<char>& payload() { return payload_; }
  bool is_handshake() const { return parsed_.operation < 2; }
  /// The frame says that the client uses this connection, and no other.
  bool selects() const { return is_handshake() && greetings_ > 1; }

  /// Begins the next frame.
  void next();

  /// The peer has said who it is.
  bool greeted() const { return !node_.empty(); }
  /// Its identity, as on the wire.
  const std::string& node() const { return node_; }

  const std::string& reason() const { return reason_; }
  /// Actors of the peer that CAF knows of.
  size_t actors() const { return actors_.size(); }

private:
  verdict broken(std::string why);
  bool check_header();
  bool check_order();
  verdict check_payload();
  verdict check_greeting(wire_reader& in);
  verdict check_notice(wire_reader& in);
  verdict check_message(wire_reader& in);
  verdict check_spawner(wire_reader& in);
  bool check_value(wire_reader& in, std::string_view type);
  bool check_handle(wire_reader& in);
  bool remember(uint64_t actor);

  settings how_;
  std::vector<char> header_;
  std::vector<char> payload_;
  frame_header parsed_;
  std::string node_;
  int greetings_ = 0;
  std::unordered_set<uint64_t> actors_;
  std::string reason_;
};

} // namespace troupe
