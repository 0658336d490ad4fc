#pragma once

#include <cstdint>
#include <string>

namespace troupe::raft::sim {

/// What happened in a run: to see that it was worth something.
struct tally {
  uint64_t events = 0;
  uint64_t ticks = 0; ///< of time, over all
  uint64_t committed = 0;
  uint64_t terms = 0;
  uint64_t crashes = 0;
  uint64_t writes = 0;  ///< acknowledged to clients
  uint64_t dropped = 0; ///< told to clients
  uint64_t reads = 0;
  uint64_t changes = 0;
  uint64_t fetches = 0; ///< of whole states

  void add(const tally& x);
};

/// The line that repeats a run and shows every step.
std::string how_to_repeat(uint64_t seed, uint64_t events);
std::string show(const tally& x);

} // namespace troupe::raft::sim
