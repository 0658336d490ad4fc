#pragma once

#include "runtime/system/wire_edge.hpp"

#include <caf/actor_clock.hpp>
#include <caf/actor_system.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace troupe {

/// Connections within one actor system that has one thread and a virtual
/// clock. Every component is apart from every other, each node's from all, as
/// if each were a process.
///
/// Messages on a connection arrive in order, each after its delay. A lost
/// message is the end of its connection. While two groups are cut off from
/// each other, what was sent waits; each end gives up when it has heard nothing
/// for `patience`, one a little earlier than the other.
class simulated_wires : public wire_edge {
public:
  using duration = std::chrono::nanoseconds;

  struct conditions {
    duration shortest{0}; ///< delay of a message
    duration longest{0};
    /// How many messages in a million are lost, and their connection with
    /// them.
    uint32_t losses = 0;
    /// What heartbeats take to find a silent connection dead.
    duration patience = std::chrono::seconds(10);
  };

  simulated_wires(caf::actor_system& system, uint64_t seed);
  ~simulated_wires() override;

  /// From now on.
  void set(const conditions& how);

  /// Cuts off the actors at or below one path from those at or below another;
  /// "" is everybody.
  void cut(const std::string& one, const std::string& other);

  /// Nobody is cut off any more.
  void heal();

  /// Breaks the connections between them at once; they may be made anew.
  void reset(const std::string& one, const std::string& other);

  /// Connections that at least one end thinks alive.
  size_t connections() const;

  bool apart(const std::string& one, const std::string& other) const override;
  caf::strong_actor_ptr dial(const caf::strong_actor_ptr& owner,
                             const std::string& from, const std::string& to,
                             const caf::strong_actor_ptr& target) override;

private:
  class carrier;
  class connection;
  class far_actor;

  bool is_cut(const connection& what) const;
  uint64_t random();
  caf::actor_clock::time_point now() const;
  /// Runs `what` at an instant, in the thread of the clock.
  void at(caf::actor_clock::time_point when, std::function<void()> what);
  void forget(const connection& what);

  caf::actor_system& system_;
  uint64_t state_; ///< of the random numbers
  conditions how_;
  std::vector<std::pair<std::string, std::string>> cuts_;
  std::vector<std::shared_ptr<connection>> all_;
  caf::strong_actor_ptr carrier_;
};

} // namespace troupe
