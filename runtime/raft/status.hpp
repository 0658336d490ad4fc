#pragma once

#include "runtime/raft/entry.hpp"

#include <cstdint>
#include <vector>

namespace troupe::raft {

enum class role : uint8_t {
  follower,
  pre_candidate, ///< asks whether it could win an election
  candidate,
  leader,
};

/// How a member sees itself.
struct status {
  role now = role::follower;
  uint64_t term = 0;
  member_id voted_for = 0; ///< in this term
  member_id leader = 0;    ///< of this term, as far as known
  position start;          ///< the log begins after it
  position last;
  uint64_t commit = 0;
  uint64_t stable = 0;        ///< the log is durable up to here, at least
  uint64_t handed = 0;        ///< the last entry handed out to be applied
  uint64_t members_since = 0; ///< the change that made the configuration
  member_id transferee = 0;   ///< whom leadership is being handed to
  bool removed = false;       ///< it was a member, and is none any more
  size_t log_bytes = 0;
  size_t uncommitted_bytes = 0; ///< of a leader
};

/// How a leader sees another member.
struct peer_status {
  member_id id = 0;
  uint64_t match = 0;
  bool replicating = false;
  bool fetching = false; ///< needs a state first
  uint64_t silent = 0;   ///< ticks since its last answer
};

} // namespace troupe::raft
