#pragma once

#include "runtime/net/chunk_socket.hpp"

#include <atomic>
#include <unordered_map>

namespace troupe::net {

/// What happened to a socket of `stream_sockets`.
struct socket_news {
  enum class kind : uint8_t { connected, data, ended, written, over };

  uint64_t socket = 0;
  kind what = kind::over;
  std::string text; ///< data: the chunk; over: the problem, if there was one
};

/// Sockets for actors: bytes travel in chunks under credit (chunk_socket.hpp).
/// Calls may come from any thread and return at once; those about a socket that
/// is over do nothing.
class stream_sockets {
public:
  /// Called on the loop's thread, for one socket in the order of the events;
  /// the last one is `over`.
  using listener = std::function<void(socket_news)>;

  /// `on` outlives this.
  explicit stream_sockets(loop& on) : loop_(on) {}
  /// Resets all.
  ~stream_sockets();

  /// Begins to connect; `connected` or `over` tell how that went. Returns the
  /// socket's number, which no other has had. With `network`, the path of a
  /// network namespace, in that one.
  uint64_t connect(protocol kind, const endpoint& to, listener tell,
                   const std::string& network = {});
  /// Takes one that is connected.
  uint64_t adopt(unique_fd fd, protocol kind, listener tell);

  void allow(uint64_t socket, uint32_t chunks);
  void write(uint64_t socket, std::string chunk);
  void end(uint64_t socket);
  void finish(uint64_t socket);
  void abandon(uint64_t socket);

private:
  using socket_ptr = std::shared_ptr<chunk_socket>;

  chunk_socket::callbacks callbacks_for(uint64_t socket, const listener& tell);
  void with(uint64_t socket, std::function<void(chunk_socket&)> act);

  loop& loop_;
  std::atomic<uint64_t> last_{0};
  std::unordered_map<uint64_t, socket_ptr> open_; ///< the loop's thread alone
};

} // namespace troupe::net
