#pragma once

#include "runtime/transport/peer.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace troupe {

/// What connections may cost a process. Each limit is for who means ill; the
/// cluster's own processes stay far below.
struct transport_limits {
  /// Of one identity.
  struct shares {
    /// At the same time.
    size_t connections;
    /// Bytes of one message that comes in. The largest in use are an object of
    /// 3 MiB with what asks for it to be written, and a page of a list or a
    /// batch of a watch, which end soon after they are larger than 1 MiB; of
    /// servers also what they tell each other of their logs.
    size_t frame;
    /// Bytes that wait until the other side reads; above it is taken for one
    /// that does not. Each watch keeps 4 MiB of many objects under way.
    size_t backlog;
    /// Its actors that we know of on one connection, each about 500 bytes.
    size_t actors;
  };

  shares servers{256, size_t{64} << 20, size_t{64} << 20, 262'144};
  /// Many command lines run as the administrator.
  shares users{256, size_t{8} << 20, size_t{16} << 20, 16'384};
  /// While a process comes back, the connections of before are still there.
  shares nodes{8, size_t{8} << 20, size_t{32} << 20, 65'536};
  shares components{8, size_t{8} << 20, size_t{64} << 20, 65'536};

  /// Connections that have not proved themselves, the oldest of which give way
  /// to new ones; of all, and from one address.
  size_t strangers = 512;
  size_t strangers_of_address = 256;
  /// All that have.
  size_t connections = 4'096;

  /// Until both sides have proved themselves, and again until the first
  /// message.
  std::chrono::milliseconds handshake{5'000};
  /// Until another machine takes a connection.
  std::chrono::milliseconds dial{2'000};

  // Who wants to join has no certificate yet.
  size_t join_request = size_t{64} << 10; ///< bytes, also of the answer
  std::chrono::milliseconds join{10'000}; ///< from the beginning to the end
  size_t joins_per_second = 20;           ///< requests that are heard

  const shares& of(peer_role role) const {
    switch (role) {
      case peer_role::server:
        return servers;
      case peer_role::node:
        return nodes;
      case peer_role::component:
        return components;
      default:
        return users;
    }
  }
};

/// How many connections there are, and were.
struct transport_counts {
  uint64_t connections = 0; ///< whose sides have proved themselves
  uint64_t strangers = 0;   ///< that have not
  uint64_t refused = 0;     ///< since the beginning, for whatever reason
};

} // namespace troupe
