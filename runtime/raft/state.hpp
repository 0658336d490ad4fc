#pragma once

#include "runtime/raft/journal.hpp"
#include "runtime/raft/log.hpp"
#include "runtime/raft/output.hpp"
#include "runtime/raft/peer.hpp"
#include "runtime/raft/settings.hpp"
#include "runtime/raft/status.hpp"

#include <algorithm>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <vector>

namespace troupe::raft {

/// A vote that came in.
struct ballot {
  member_id from = 0;
  bool granted = false;
};

/// A read that waits: our driver's own (from 0), or a follower's question.
struct waiting_read {
  member_id from = 0;
  uint64_t token = 0;
  uint64_t index = 0; ///< what was committed when its round began
  uint64_t round = 0;
};

/// Reads on their way to being confirmed (thesis, 6.4).
struct read_queue {
  std::vector<waiting_read> waiting;   ///< not part of a round yet
  std::deque<waiting_read> confirming; ///< by round
  uint64_t round = 0;                  ///< the last one begun
  // As a follower.
  std::vector<waiting_read> asked; ///< the leader has been asked about these
  uint64_t request = 0;            ///< the number of that question
  uint64_t asked_at = 0;           ///< its tick
};

/// Proposals of one term of ours: the log had them at first .. last.
struct own_proposals {
  uint64_t term = 0;
  uint64_t first = 0;
  uint64_t last = 0;
};

/// A fetched state whose mark is on its way to the disk.
struct pending_install {
  snapshot_mark mark;
  uint64_t write = 0;
};

/// All that a member knows. The functions in steps.hpp work on it.
struct state {
  settings set;
  std::function<uint64_t()> entropy;

  hard_state hard;
  log entries;
  journal disk;

  role now = role::follower;
  member_id leader = 0;
  uint64_t commit = 0;
  uint64_t handed = 0;

  uint64_t clock = 0;   ///< ticks
  uint64_t elapsed = 0; ///< ticks since a leader was heard, or the vote begun
  uint64_t timeout = 0; ///< of `elapsed`; by chance

  /// Up to where a member has told, in its present life or an earlier one, that
  /// what is committed is on its disk. One whose disk forgets is found by it.
  std::map<member_id, uint64_t> promised;
  /// It may have heard a leader just before it ended.
  bool restarted = false;

  std::vector<ballot> ballots;
  bool removed = false; ///< others say so; they know more than this log

  // As a leader.
  std::vector<peer> peers;
  uint64_t since_heartbeat = 0;
  uint64_t term_start = 0; ///< the entry that began the term
  size_t uncommitted = 0;  ///< bytes
  member_id transferee = 0;
  uint64_t transfer_until = 0;

  read_queue reads;
  std::deque<own_proposals> proposals;

  std::optional<member_id> fetching; ///< a fetch from this member is running
  std::optional<pending_install> install;

  // Of the log, since the last checkpoint.
  size_t grown_bytes = 0;
  uint64_t grown_entries = 0;
  uint64_t checkpoint = 0;       ///< its index
  bool checkpoint_asked = false; ///< and not made yet

  output out;

  const configuration& members() const { return *entries.members(); }
  bool voter() const { return members().has_voter(set.self); }
  peer* find_peer(member_id id);
  const peer* find_peer(member_id id) const;
  /// Whether the log takes no more until a checkpoint has made room. What is
  /// not committed cannot make room, and must never stand in the way of what
  /// commits it.
  bool full() const {
    return entries.bytes() >= set.log_bytes
           && commit > entries.start().at.index;
  }
  void note_promise(member_id id, uint64_t index) {
    auto& known = promised[id];
    known = std::max(known, index);
  }
  /// Whether a message came from there within an election timeout.
  bool heard(const peer& x) const {
    return clock - x.heard < set.election_ticks;
  }
};

} // namespace troupe::raft
