#pragma once

#include "runtime/raft/entry.hpp"
#include "runtime/raft/settings.hpp"

#include <cstdint>
#include <deque>
#include <optional>

namespace troupe::raft {

/// Appends on their way to one member: how many and how large.
class append_window {
public:
  bool full(const settings& set) const {
    return sent_.size() >= set.window_appends || bytes_ >= set.window_bytes;
  }
  void add(uint64_t last, size_t bytes);
  /// Those up to `index` are answered.
  void free_to(uint64_t index);
  void clear();

private:
  struct sent {
    uint64_t last = 0;
    size_t bytes = 0;
  };

  std::deque<sent> sent_;
  size_t bytes_ = 0;
};

/// What a leader knows of one member, itself not included.
struct peer {
  enum class mode : uint8_t {
    probe,     ///< where the logs agree is being found out, one append a time
    replicate, ///< they agree up to `match`; appends follow one another
    snapshot,  ///< it needs a state first
  };

  member_id id = 0;
  mode now = mode::probe;
  uint64_t match = 0;       ///< on its disk as on ours, up to here
  uint64_t next = 1;        ///< the first entry to send
  uint64_t commit_told = 0; ///< with the last append
  bool waits = false;       ///< a probe is out
  bool full = false;        ///< it has no room: nothing but empty probes
  uint64_t snapshot = 0;    ///< the index it was told to fetch
  uint64_t heard = 0;       ///< tick of the last answer
  uint64_t round = 0;       ///< the last round of reads it confirmed
  append_window window;
  /// It is removed by the change at this index, and is sent the log until it
  /// knows; it has no say.
  std::optional<uint64_t> leaving;

  void probe(uint64_t from);
  void replicate();
  /// It has no room. A heartbeat's answer leads to the next probe.
  void hold_off();
  void fetch(uint64_t index);

  bool paused(const settings& set) const;
  /// An append left, whose last entry has this index.
  void sent(uint64_t last, size_t bytes);
  /// The logs agree up to `index`. Returns whether that is news.
  bool accepted(uint64_t index);
};

} // namespace troupe::raft
