#pragma once

#include "runtime/raft/configuration.hpp"
#include "runtime/raft/entry.hpp"

#include <cstdint>
#include <variant>
#include <vector>

namespace troupe::raft {

/// From a leader: these entries follow `previous` (paper, 5.3). Without entries
/// it asks whether the logs agree there, and tells what is committed.
struct append_entries {
  position previous;
  std::vector<entry> entries;
  uint64_t commit = 0;
  /// So much of what is committed the receiver has said is on its disk.
  uint64_t promised = 0;
};

/// The answer to append_entries and install_snapshot.
struct append_result {
  bool accepted = false;
  /// Accepted: the logs agree up to here and that is on disk. Refused: the
  /// index of `previous` that did not match.
  uint64_t index = 0;
  /// Refused: the last place that may still agree.
  position hint;
  /// Accepted, but there is no room for more until a checkpoint.
  bool full = false;
};

/// From a candidate (paper, 5.2). A pre-vote carries the term that the election
/// would have and changes nothing at who hears it (thesis, 9.6).
struct request_vote {
  position last;         ///< end of the candidate's log
  bool pre = false;      ///< only asks whether it could win
  bool transfer = false; ///< the leader itself wants it (thesis, 4.2.3)
};

/// A pre-vote that is granted carries the term asked for; one that is refused
/// the own term, so that a candidate with an older term learns of it.
struct vote_result {
  bool granted = false;
  bool pre = false;
  /// It is known here that the candidate is no member any more.
  bool removed = false;
};

/// From a leader: it is there, and this much of what the receiver has is
/// committed. Beside appends, so that no window can hold it back.
struct heartbeat {
  uint64_t commit = 0;
  uint64_t round = 0;    ///< of reads that wait to be confirmed (thesis, 6.4)
  uint64_t durable = 0;  ///< so much of it is on the sender's disk
  uint64_t promised = 0; ///< as with append_entries
};

struct heartbeat_result {
  uint64_t round = 0; ///< of the heartbeat
};

/// From a leader whose log begins later than what the receiver needs: fetch a
/// state that is at least this new. The state itself does not pass through
/// here. Repeated with every heartbeat until it is answered.
struct install_snapshot {
  snapshot_mark mark;
};

/// From a leader that hands over: hold an election now (thesis, 3.10).
struct timeout_now {};

/// From a follower to its leader: up to where must a read wait?
struct read_index {
  uint64_t request = 0;
};

struct read_index_result {
  uint64_t request = 0;
  uint64_t index = 0;
};

using message_body =
    std::variant<append_entries, append_result, request_vote, vote_result,
                 heartbeat, heartbeat_result, install_snapshot, timeout_now,
                 read_index, read_index_result>;

/// What one member says to another. May be lost, delayed, doubled and
/// overtaken; must arrive as it was sent or not at all.
struct message {
  member_id from = 0;
  member_id to = 0;
  uint64_t term = 0;
  message_body body;
};

} // namespace troupe::raft
