#pragma once

#include <cstdint>

namespace troupe::raft::sim {

/// A stream of numbers that a seed determines, the same everywhere.
class chance {
public:
  explicit chance(uint64_t seed) : state_(seed) {}

  uint64_t next() {
    // SplitMix64.
    state_ += 0x9e3779b97f4a7c15;
    auto x = state_;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
    x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
    return x ^ (x >> 31);
  }

  uint64_t operator()() { return next(); }

  /// 0 .. n - 1; `n` is not 0.
  uint64_t below(uint64_t n) { return next() % n; }
  /// low .. high.
  uint64_t between(uint64_t low, uint64_t high) {
    return low + below(high - low + 1);
  }
  /// True in that many of a thousand cases.
  bool permille(uint64_t p) { return below(1000) < p; }

  template <class List>
  auto& of(List& list) {
    return list[below(list.size())];
  }

private:
  uint64_t state_;
};

} // namespace troupe::raft::sim
