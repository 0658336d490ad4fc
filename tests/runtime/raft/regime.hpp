#pragma once

#include "runtime/raft/settings.hpp"
#include "tests/runtime/raft/chance.hpp"

#include <cstddef>
#include <cstdint>

namespace troupe::raft::sim {

/// One tick of a member, in units of simulated time.
constexpr uint64_t tick_length = 100;

/// What a run is like. Drawn from its seed, so that some runs are calm and full
/// of work and others are a chain of disasters, some have tiny limits and
/// others hardly any.
struct regime {
  settings set; ///< of every member, but for what of() changes
  size_t voters = 3;
  uint64_t founded = 0; ///< the group begins at this index

  // Links. Chances are of a thousand, times in units.
  uint64_t delay = 10;
  uint64_t lost = 0;
  uint64_t twice = 0;
  uint64_t late = 0; ///< takes many times as long
  bool in_order = false;

  uint64_t disk = 5; ///< one sync
  uint64_t apply = 2;
  uint64_t sync = 50;   ///< of the state
  uint64_t fetch = 100; ///< a whole state

  size_t clients = 4;
  uint64_t think = 20;
  size_t value_bytes = 16;

  /// Time between two faults, on average, and the share of each kind.
  uint64_t fault_every = 1000;
  uint64_t crash = 0;
  uint64_t debut = 0; ///< of a thousand leaders: gone as soon as they lead
  uint64_t cut = 0;
  uint64_t slow = 0;   ///< a disk, for a while
  uint64_t storm = 0;  ///< many messages are lost, for a while
  uint64_t change = 0; ///< of the configuration
  uint64_t transfer = 0;
  uint64_t hint = 0;       ///< a connection seems to be down
  uint64_t pause = 0;      ///< a member stands still for a while, unaware of it
  uint64_t checkpoint = 0; ///< one that nobody asked for
  uint64_t destroy = 0;    ///< a member is lost for ever, and replaced
};

regime draw(chance& by);

/// The settings of one member: how much log it keeps is its own affair.
settings of(const regime& with, member_id id, chance& by);

} // namespace troupe::raft::sim
