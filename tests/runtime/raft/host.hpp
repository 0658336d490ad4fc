#pragma once

#include "tests/runtime/raft/network.hpp"
#include "tests/runtime/raft/node.hpp"
#include "tests/runtime/raft/regime.hpp"

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>

namespace troupe::raft::sim {

/// A client's proposal that is not decided yet.
struct waiter {
  uint64_t term = 0;
  size_t client = 0;
  uint64_t turn = 0;
  std::string value;
};

/// A member and what is under way around it.
struct host {
  std::unique_ptr<node> member;
  uint64_t tick = tick_length; ///< no two clocks are alike
  uint64_t slow = 1;           ///< its disk takes so many times as long
  bool persisting = false;
  bool applying = false;
  bool gone = false;  ///< for ever
  uint64_t ticks = 0; ///< by its own clock
  uint64_t since = 0; ///< when it did not lead yet in its present term
  uint64_t wakes = 0; ///< stands still until then
  std::array<uint64_t, most_members + 1> heard{}; ///< when, from whom
  uint64_t fetch = 0; ///< the number of the fetch that counts
  state_fetch wanted;
  machine_state coming;                    ///< the state that is being fetched
  std::multimap<uint64_t, waiter> waiting; ///< by index
};

/// One who writes and reads, one thing after the other.
struct client {
  uint64_t turn = 0; ///< events of an earlier one are void
  bool waits = false;
  uint64_t begun = 0;
};

} // namespace troupe::raft::sim
