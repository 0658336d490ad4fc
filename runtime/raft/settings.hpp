#pragma once

#include "runtime/raft/configuration.hpp"
#include "runtime/raft/entry.hpp"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace troupe::raft {

/// Limits and times of one member. All members should have the same times.
struct settings {
  member_id self = 0;

  /// A voter asks for votes when it has not heard of a leader for this many
  /// ticks, or by chance for up to twice as many. A leader gives up when it has
  /// not heard of a majority for this many.
  uint64_t election_ticks = 10;
  uint64_t heartbeat_ticks = 1;

  /// Of one append; a single entry may be larger.
  size_t append_bytes = size_t{1} << 20;
  size_t append_entries = 1024;
  /// Appends to one member that wait for their answers.
  size_t window_bytes = size_t{8} << 20;
  size_t window_appends = 64;

  /// Proposals are refused while this much is proposed and not committed.
  size_t uncommitted_bytes = size_t{32} << 20;

  /// After this much new log a checkpoint is asked for.
  size_t checkpoint_bytes = size_t{16} << 20;
  uint64_t checkpoint_entries = 100'000;
  /// Kept behind a checkpoint, so that who is a little behind needs no
  /// snapshot.
  size_t trailing_bytes = size_t{8} << 20;
  /// More is not kept for anybody, and a follower takes no more entries until
  /// a checkpoint made room. More than trailing_bytes and uncommitted_bytes
  /// together.
  size_t log_bytes = size_t{128} << 20;

  /// A learner may be promoted when it is this close to what is committed.
  uint64_t promote_lag = 1000;

  /// Rounds that confirm reads and have no answer yet; further reads share the
  /// next one.
  uint64_t read_rounds = 4;
};

/// What a member finds on its disk.
struct restored {
  hard_state hard;
  snapshot_mark start;        ///< where the log begins
  std::vector<entry> entries; ///< those after `start`, without a gap
  /// The state holds entries up to here, at least `start`. They are committed.
  uint64_t applied = 0;
};

} // namespace troupe::raft
