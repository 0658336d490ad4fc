#pragma once

#include "runtime/raft/output.hpp"
#include "runtime/raft/settings.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>

namespace troupe::raft::sim {

/// The disk under one member's log: writes become durable in order and take
/// their time; a crash takes what is not durable, or a part of it.
class disk {
public:
  /// Called for each entry that becomes durable, with the place before it.
  using watcher = std::function<void(const entry&, position)>;

  disk() = default;
  explicit disk(snapshot_mark start, hard_state hard);

  void begin(write x) { flying_.push_back(std::move(x)); }
  bool busy() const { return !flying_.empty(); }
  size_t queued() const { return flying_.size(); }
  const write& newest() const { return flying_.back(); }
  /// The first `count` writes are durable. Returns the number of the last one.
  uint64_t finish(size_t count, const watcher& seen);
  /// The first `kept` writes got there, the others did not.
  void crash(size_t kept, const watcher& seen);

  /// Forgets the last `count` entries, though they were durable.
  void forget(size_t count);

  const hard_state& hard() const { return hard_; }
  const snapshot_mark& start() const { return start_; }
  position last() const {
    return entries_.empty() ? start_.at : entries_.back().at;
  }
  /// The last configuration, with what is on its way.
  configuration members() const;
  /// What a restart finds.
  restored read() const;

private:
  void apply(write& x, const watcher& seen);

  hard_state hard_;
  snapshot_mark start_;
  std::deque<entry> entries_;
  std::deque<write> flying_;
};

} // namespace troupe::raft::sim
