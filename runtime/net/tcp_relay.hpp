#pragma once

#include "runtime/net/far_ways.hpp"
#include "runtime/net/loop.hpp"

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace troupe::net {

/// Carries one TCP connection to the first of its targets that answers, then
/// bytes both ways until both sides are done. The end of one direction is
/// passed on as such, a reset as a reset. Holds at most one piece of 64 KB per
/// direction, and none while nothing waits. Lives on the loop's thread.
class tcp_relay : public std::enable_shared_from_this<tcp_relay> {
public:
  struct callbacks {
    /// The target that answered.
    std::function<void(const endpoint&)> connected;
    /// The relay is over; false when no target answered.
    std::function<void(bool reached)> ended;
  };

  /// `ways` lead to targets to which there is no route; they outlive the relay.
  /// Null for none.
  tcp_relay(loop& on, unique_fd client, std::vector<endpoint> targets,
            far_ways* ways = nullptr);

  void start(callbacks tell);

  /// Resets both sides without telling.
  void abandon();

private:
  struct side {
    unique_fd fd;
    uint64_t watch = 0;
    bool read_ended = false;  ///< the peer sends no more
    bool write_ended = false; ///< we told the peer that no more comes
    std::string pending;      ///< read from the other side, not yet taken
    size_t taken = 0;         ///< bytes of `pending` that were sent
  };

  void dial_next();
  bool dial(const endpoint& target);
  void dial_far(const endpoint& target);
  void on_far(size_t dial, unique_fd fd);
  bool watch_target(uint32_t events);
  void reach();
  void on_dialled(uint32_t events);
  void on_ready(side& here, side& there, uint32_t events);
  bool read_some(side& from, side& to);
  bool flush(side& to, side& from);
  bool send_now(side& to, const char* data, size_t size);
  void update(side& here, side& there);
  void end(bool reset);

  loop& loop_;
  callbacks tell_;
  std::vector<endpoint> targets_;
  far_ways* ways_;
  size_t next_target_ = 0;
  uint64_t timer_ = 0;
  bool reached_ = false;
  bool over_ = false;
  side client_;
  side target_;
};

} // namespace troupe::net
