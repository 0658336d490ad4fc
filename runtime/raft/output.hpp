#pragma once

#include "runtime/raft/configuration.hpp"
#include "runtime/raft/entry.hpp"
#include "runtime/raft/message.hpp"

#include <cstdint>
#include <optional>
#include <vector>

namespace troupe::raft {

/// Why something is not done. Nothing has changed then.
enum class refusal : uint8_t {
  none,
  not_leader,       ///< ask the leader, if one is known
  transferring,     ///< the leader is handing over; soon there is another
  busy,             ///< too much is proposed and not committed; come later
  change_pending,   ///< the change before this one is not committed yet
  term_too_young,   ///< the leader has not committed anything of its term yet
  no_such_change,   ///< the step makes no sense in this configuration
  not_caught_up,    ///< the learner's log is too far behind
  would_lose_quorum ///< too few of the voters that would remain are there
};

/// Where a proposal went, if it was taken. It is committed if and only if an
/// entry with this very position is.
struct proposal {
  refusal why = refusal::none;
  position at;

  explicit operator bool() const { return why == refusal::none; }
};

/// What is to be made durable, as one unit or in the order of its members, and
/// after every write with a smaller number.
struct write {
  uint64_t number = 0;
  /// The log begins here: entries up to it may go. With `reset` all of them
  /// must.
  std::optional<snapshot_mark> start;
  bool reset = false;
  /// Each takes the place of what has its index, and of all that follows.
  std::vector<entry> entries;
  std::optional<hard_state> hard;
};

/// A state is to be fetched from a member, at least as new as the mark.
struct state_fetch {
  member_id from = 0;
  snapshot_mark mark;
};

/// Whoever waits with this token may read once the state holds `index`.
struct read_state {
  uint64_t token = 0;
  uint64_t index = 0;
};

/// What is to be done after what has happened.
struct output {
  /// May be sent now: what they depend on is durable.
  std::vector<message> messages;
  std::optional<write> to_write;
  /// The fetched state takes the place of the present one, before `committed`.
  std::optional<snapshot_mark> install;
  /// To be applied in this order. On this disk and on those of a majority.
  std::vector<entry> committed;
  /// Proposals of this member that another entry has taken the place of.
  std::vector<position> dropped;
  std::vector<read_state> reads;
  /// Replaces any earlier one that still runs.
  std::optional<state_fetch> fetch;
  /// The log has grown: make the state durable, then call compact().
  bool checkpoint = false;
};

} // namespace troupe::raft
