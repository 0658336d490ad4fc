#pragma once

#include "messages/container_interface.hpp"
#include "runtime/net/stream_sockets.hpp"

#include <caf/actor_addr.hpp>
#include <caf/scheduled_actor.hpp>

#include <map>
#include <memory>
#include <string>
#include <utility>

namespace troupe::tunnel {
class SocketNews;
} // namespace troupe::tunnel

namespace troupe {

/// So many chunks may be on their way in one direction. The near end may send
/// as many before it is given credit, the far end none: what it sent might be
/// here before the news that the stream is open.
inline constexpr uint32_t tunnel_window = 8;

/// Which end of its tunnels an actor is.
enum class tunnel_side : uint8_t { near, far };

/// Tells an actor what happens to sockets, for as long as it lives.
net::stream_sockets::listener socket_listener(caf::scheduled_actor* self);

/// The connections at one end of tunnels: each joins a socket of this machine
/// to a stream. A value in an actor's state, which passes on what it hears of
/// them. When it goes, so do the sockets.
class tunnel_streams {
public:
  tunnel_streams() = default;
  tunnel_streams(caf::scheduled_actor* self, tunnel_side side,
                 std::shared_ptr<net::stream_sockets> sockets);
  ~tunnel_streams();

  tunnel_streams(tunnel_streams&&) = default;
  tunnel_streams& operator=(tunnel_streams&&) = default;

  /// Joins a connected socket to the stream that `peer` knows by `number`.
  void add(uint64_t socket, uint64_t number, caf::strong_actor_ptr peer);

  void on_news(const tunnel::SocketNews& news);

  // From the other end. Who is not the peer of that stream is not heard.
  void on_data(const container::StreamData& msg);
  void on_credit(const container::StreamCredit& msg);
  /// It is over for the other end: orderly, so that what is here is still
  /// delivered, or at once.
  void on_over(uint64_t number, bool orderly);
  /// Returns whether that was a peer.
  bool on_down(const caf::actor_addr& gone);

  size_t size() const { return open_.size(); }
  uint64_t passed() const { return passed_; }

private:
  struct joined {
    uint64_t number = 0;
    caf::strong_actor_ptr peer;
  };

  /// By whom the stream is known by its number.
  using stream_key = std::pair<caf::actor_addr, uint64_t>;

  uint64_t socket_of_sender(uint64_t number);
  void remove(uint64_t socket);
  void tell_over(const joined& x, const std::string& problem);
  template <class T>
  void say(const joined& x, T msg);

  caf::scheduled_actor* self_ = nullptr;
  tunnel_side side_ = tunnel_side::near;
  std::shared_ptr<net::stream_sockets> sockets_;
  std::map<uint64_t, joined> open_;
  std::map<stream_key, uint64_t> sockets_by_stream_;
  uint64_t passed_ = 0; ///< chunks
};

} // namespace troupe
