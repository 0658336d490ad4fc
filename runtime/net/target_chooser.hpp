#pragma once

#include "runtime/net/address.hpp"

#include <chrono>
#include <unordered_map>
#include <vector>

namespace troupe::net {

/// Decides which target a client gets: one after the other, or, with
/// affinity, the one it had. Pure; `now` is a monotonic time.
class target_chooser {
public:
  using time = std::chrono::steady_clock::time_point;

  /// Replaces the targets. Clients of a target that is gone lose it.
  void set(std::vector<endpoint> targets, std::chrono::seconds affinity);

  const std::vector<endpoint>& targets() const { return targets_; }

  /// Returns the target for a connection of `client` and those to try when it
  /// does not answer, in this order; empty when there are none.
  std::vector<endpoint> choose(ipv4 client, time now);

  /// Tells that `client` reached `target`, which need not be the first chosen.
  void keep(ipv4 client, const endpoint& target, time now);

  /// How many clients are remembered.
  size_t clients() const { return clients_.size(); }

  /// More clients than this are not remembered.
  static constexpr size_t max_clients = 65536;

private:
  struct bond {
    endpoint target;
    time last;
  };

  void forget_old(time now);

  std::vector<endpoint> targets_;
  std::chrono::seconds affinity_{0};
  size_t next_ = 0;
  time next_purge_{};
  std::unordered_map<uint32_t, bond> clients_;
};

} // namespace troupe::net
