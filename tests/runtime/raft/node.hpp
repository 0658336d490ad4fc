#pragma once

#include "tests/runtime/raft/checks.hpp"
#include "tests/runtime/raft/disk.hpp"

#include <deque>
#include <functional>
#include <optional>
#include <vector>

namespace troupe::raft::sim {

/// One member with all that a real one has around its core: a disk with the
/// log, a state that is written without sync, a place beside it for a fetched
/// one. It does what the core's driver must do, and nothing else.
struct node {
  settings set;
  std::function<uint64_t()> entropy;
  checks* watch;

  // What a crash leaves.
  disk log;
  machine_state durable;                ///< the state as of its last sync
  std::optional<machine_state> fetched; ///< complete, waits to be installed

  // What it takes.
  std::optional<core> raft;
  uint64_t life = 0; ///< counts starts
  machine_state state;
  std::deque<entry> to_apply;
  std::vector<read_state> reads; ///< wait for the state to get there
  status seen;                   ///< after the last step

  node(const settings& with, machine_state founded,
       std::function<uint64_t()> chances, checks& all);

  member_id id() const { return set.self; }
  bool up() const { return raft.has_value(); }
  bool leads() const { return up() && seen.now == role::leader; }

  void start();
  /// Keeps the first `writes` of those on their way to the disk, and what was
  /// applied since the last sync or not.
  void crash(size_t writes, bool keeps_state);

  /// Takes what follows from the last step: writes and committed entries go
  /// where they belong, the rest is the caller's. `to_write` says only that
  /// there was one.
  output drive();
  /// Finishes writes.
  void persist(size_t writes);
  /// Applies the next entry and returns it; nothing if there is none.
  std::optional<entry> apply();
  /// Reads whose time has come.
  std::vector<read_state> due_reads();
  /// Syncs the state and lets the core drop what it holds.
  void checkpoint();
  /// A state has come from another member. Returns whether it was of use.
  bool receive_state(const machine_state& other);

private:
  void install(const snapshot_mark& mark);
  disk::watcher watcher();
};

} // namespace troupe::raft::sim
