#pragma once

#include "runtime/net/loop.hpp"
#include "runtime/net/socket.hpp"

#include <deque>
#include <functional>
#include <memory>
#include <string>

namespace troupe::net {

/// A socket for somebody who is not on the loop's thread: what comes is read in
/// chunks of at most 64 KiB, as many as were allowed; what goes is written in
/// the order of the calls. Of TCP the end of one direction is passed on as
/// such; of UDP a chunk is one datagram, empty ones and those that the system
/// does not take are lost. Lives on the loop's thread.
class chunk_socket : public std::enable_shared_from_this<chunk_socket> {
public:
  struct callbacks {
    /// It stands; only where it was not connected.
    std::function<void()> connected;
    std::function<void(std::string chunk)> data;
    /// The peer sends no more.
    std::function<void()> ended;
    /// The system has taken one chunk.
    std::function<void()> written;
    /// The last call: both directions have ended, or the problem says why not.
    /// One for datagrams has no orderly end.
    std::function<void(const std::string& problem)> over;
  };

  /// So many chunks may wait for the system; who writes more loses the socket.
  static constexpr size_t most_waiting = 16;

  chunk_socket(loop& on, unique_fd fd, protocol kind);

  /// For one that is connected.
  void start(callbacks tell);
  /// For one that is about to be; gives up after two seconds.
  void start_connecting(callbacks tell);

  void allow(uint32_t chunks);
  void write(std::string chunk);
  /// Nothing more is written.
  void end();
  /// Nothing more is read either; over once all is written.
  void finish();
  /// Closes it at once, with a reset, without telling.
  void abandon();

private:
  bool watch(uint32_t events);
  void on_dialled();
  void on_ready(uint32_t events);
  bool read_some();
  bool write_some();
  bool is_over() const;
  void update(uint32_t events);
  void end_with(const std::string& problem);

  loop& loop_;
  unique_fd fd_;
  protocol kind_;
  callbacks tell_;
  uint64_t watch_ = 0;
  uint64_t timer_ = 0;
  uint32_t allowed_ = 0;
  std::deque<std::string> waiting_;
  size_t taken_ = 0; ///< bytes of the first of them
  bool connected_ = false;
  bool read_ended_ = false;
  bool write_ended_ = false; ///< no more is to be written
  bool told_end_ = false;    ///< and the peer knows
  bool over_ = false;
};

} // namespace troupe::net
