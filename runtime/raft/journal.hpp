#pragma once

#include "runtime/raft/entry.hpp"
#include "runtime/raft/message.hpp"
#include "runtime/raft/output.hpp"

#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

namespace troupe::raft {

/// What is on its way to the disk, and the messages that wait for it. Writes
/// have numbers and become durable in their order; a message names the last
/// write it depends on and leaves no sooner.
///
/// A member may go on in its memory meanwhile: to the others it is then one
/// that is slow, and after a crash one that had not got as far. No promise (a
/// vote, an acknowledgement) is heard of before it is kept.
class journal {
public:
  /// The log on disk ends at `last`.
  explicit journal(uint64_t last = 0) : last_(last), stable_(last) {}

  void put(const hard_state& hard);
  /// An entry that follows the last one, or takes the place of another.
  void put(const entry& next);
  /// The log begins at the mark; with `reset` there is nothing else in it.
  void put(const snapshot_mark& start, bool reset);

  /// The write that makes the last hard state durable.
  uint64_t hard_write() const { return hard_write_; }
  /// The write after which the log is durable up to `index`.
  uint64_t write_of(uint64_t index) const;

  /// What has come together since the last time.
  std::optional<write> take();
  /// Every write up to this number is durable.
  void persisted(uint64_t number);

  /// The log on disk agrees with the one in memory up to here, at least.
  uint64_t stable() const { return stable_; }
  bool durable(uint64_t number) const { return number <= persisted_; }

  /// Holds a message back until `number` is durable. One too many is lost, as
  /// any message may be.
  void hold(message x, uint64_t number);
  /// Takes out what need not wait.
  void release(std::vector<message>& to);

private:
  struct flying {
    uint64_t number = 0;
    uint64_t last = 0; ///< what it makes stable, if it still counts
  };

  struct held {
    uint64_t number = 0;
    message what;
  };

  uint64_t next_number() const { return taken_ + 1; }
  void cut(uint64_t first);

  write next_;
  bool waiting_ = false; ///< next_ has something in it
  uint64_t taken_ = 0;
  uint64_t persisted_ = 0;
  uint64_t hard_write_ = 0;
  uint64_t last_ = 0; ///< of the log once all is written
  uint64_t stable_ = 0;
  std::deque<flying> flying_;
  std::vector<held> held_;
};

} // namespace troupe::raft
