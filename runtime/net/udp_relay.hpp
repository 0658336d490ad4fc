#pragma once

#include "runtime/net/far_ways.hpp"
#include "runtime/net/loop.hpp"
#include "runtime/net/target_chooser.hpp"

#include <list>
#include <map>

namespace troupe::net {

/// Carries datagrams from one bound socket to targets and answers back. Each
/// client has a socket of its own towards its target until it was silent for
/// some time; above a thousand clients the most silent one makes room.
/// What a socket does not take at once is lost, as UDP allows. Lives on the
/// loop's thread.
class udp_relay {
public:
  /// `count` is told of each client that comes (1) or goes (-1); a client goes
  /// after `idle` of silence. `ways` as those of a tcp_relay.
  udp_relay(loop& on, unique_fd socket, target_chooser& chooser,
            std::function<void(int)> count, std::chrono::milliseconds idle,
            far_ways* ways = nullptr);
  ~udp_relay();

  udp_relay(const udp_relay&) = delete;
  udp_relay& operator=(const udp_relay&) = delete;

  /// Returns whether the loop serves the socket.
  bool start();

  /// Ends the flows whose target is no longer among the chooser's.
  void targets_changed();

  static constexpr size_t max_flows = 1024;

private:
  struct flow {
    endpoint client;
    endpoint target;
    unique_fd fd;
    uint64_t watch = 0;
    loop::clock::time_point last;
    loop::clock::time_point retry_at{}; ///< nobody answers until then
  };

  using flow_list = std::list<flow>; // the most silent first

  void on_requests();
  void on_answers(flow_list::iterator x, uint32_t events);
  flow_list::iterator open(const endpoint& client);
  expected<unique_fd> connect(const endpoint& target);
  void touch(flow_list::iterator x);
  void pause(flow_list::iterator x);
  void close(flow_list::iterator x);
  void plan_sweep();

  loop& loop_;
  unique_fd socket_;
  target_chooser& chooser_;
  std::function<void(int)> count_;
  std::chrono::milliseconds idle_;
  far_ways* ways_;
  uint64_t watch_ = 0;
  uint64_t timer_ = 0;
  flow_list flows_;
  std::map<endpoint, flow_list::iterator> by_client_;
};

} // namespace troupe::net
