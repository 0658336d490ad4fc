#pragma once

#include <cstdint>

namespace troupe {

/// Returns the next number of a stream of random ones (SplitMix64): the same
/// from the same state, everywhere.
inline uint64_t next_chance(uint64_t& state) {
  auto z = (state += 0x9e3779b97f4a7c15ULL);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
  return z ^ (z >> 31);
}

} // namespace troupe
