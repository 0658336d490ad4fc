#pragma once

#include "runtime/raft/configuration.hpp"
#include "runtime/raft/entry.hpp"

#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

namespace troupe::raft {

/// The entries after a mark, and the configurations among them. A change of
/// configuration holds from the moment it is appended (thesis, 4.1); when it is
/// cut off, the one before it holds again.
class log {
public:
  log() = default;
  /// Throws if the entries do not follow the mark without a gap, or a
  /// configuration among them is unreadable.
  log(snapshot_mark start, std::vector<entry> entries);

  const snapshot_mark& start() const { return start_; }
  position last() const;
  /// The term of the entry at `index`; nothing if it is not known here.
  std::optional<uint64_t> term_at(uint64_t index) const;
  /// Whether this log has what was at that place (paper, 5.3).
  bool matches(position at) const { return term_at(at.index) == at.term; }
  /// The last place up to `index` whose term is `term` or less.
  position last_up_to(uint64_t index, uint64_t term) const;
  /// Throws if it is not here.
  const entry& at(uint64_t index) const;
  /// Entries from `first` on: one if there is one, and more within limits.
  std::vector<entry> slice(uint64_t first, size_t bytes, size_t count) const;

  /// What counts now: the last one, committed or not.
  const configuration_ptr& members() const { return changes_.back().members; }
  /// The index of the change that made it.
  uint64_t members_since() const { return changes_.back().at.index; }
  /// What counted before that change; if that is forgotten, what counts now.
  const configuration_ptr& members_before() const {
    return changes_[changes_.size() < 2 ? 0 : changes_.size() - 2].members;
  }
  /// The mark for the place of an entry that is here.
  snapshot_mark mark_at(uint64_t index) const;

  size_t bytes() const { return bytes_; }

  /// Requires that it follows the last one.
  void append(entry next);
  /// Drops the entries from `first` on.
  void cut(uint64_t first);
  /// Drops the entries up to `index`, which is here.
  void compact(uint64_t index);
  /// Drops all and begins at the mark.
  void reset(snapshot_mark start);
  /// The first index whose later entries are at most `bytes` together.
  uint64_t trailing(size_t bytes) const;

private:
  void note_change(const entry& change);

  snapshot_mark start_;
  std::deque<entry> entries_;
  /// By index; the first one is what the log begins with.
  std::deque<snapshot_mark> changes_{snapshot_mark{}};
  size_t bytes_ = 0;
};

} // namespace troupe::raft
