#pragma once

#include "messages/errors.hpp"
#include "runtime/raft/configuration.hpp"
#include "runtime/raft/output.hpp"
#include "runtime/raft/settings.hpp"
#include "runtime/store/database.hpp"

#include <leveldb/write_batch.h>

#include <memory>

namespace troupe::store {

/// The entries that are not yet part of the durable state, and all else that
/// Raft must not forget, in a database of their own. Each write is synced.
/// Indices have no gaps and each entry has a checksum; whatever else is found
/// at opening is damage, but for a tail that is torn or cut off: LevelDB leaves
/// it out, and nothing in here tells whether it was ever synced. What the state
/// holds, and what this member has told the others (runtime/raft), is missed
/// all the same; see check_fit().
class log {
public:
  /// Checks every entry.
  static expected<std::unique_ptr<log>> open(std::shared_ptr<database> db);

  /// What was found at opening, but for what the state holds. Once.
  raft::restored take_restored() { return std::move(restored_); }

  /// Whose log this is; 0 until founded.
  raft::member_id self() const { return self_; }
  /// Stages that this is the log of `self`, which founds a group with those
  /// members, or is to be told everything if there are none. Entries of a log
  /// that was kept before there were groups stay. Precondition: self() is 0.
  void found(raft::member_id self, const raft::configuration& members);

  /// Which group's log this is; 0 where that was not noted.
  uint64_t group() const { return group_; }
  void stage_group(uint64_t number);

  /// The number of the state that goes with the log.
  uint64_t state_number() const { return state_; }
  /// Stages that from now on it is another.
  void stage_state(uint64_t number);

  /// The entry before the first one kept.
  uint64_t start() const { return start_; }
  /// The last entry, start() if there is none.
  uint64_t last() const { return last_; }

  /// Stages one write, behind those staged before. An error means that its
  /// entries do not follow the last one.
  caf::error stage(const raft::write& what);
  /// Writes what is staged. After an error the log must not be used again:
  /// what is on disk is not known.
  caf::error commit();

private:
  explicit log(std::shared_ptr<database> db);
  caf::error load_marks();
  caf::error load_start();
  caf::error load_entries();
  caf::error check_end() const;
  void stage(const raft::snapshot_mark& start, bool reset);
  caf::error stage(const raft::entry& what);
  void stage(const raft::hard_state& hard);
  void stage_last(raft::position last);
  void erase(uint64_t first, uint64_t last);

  std::shared_ptr<database> db_;
  leveldb::WriteBatch batch_;
  raft::restored restored_;
  raft::position written_; ///< the end of the log, as it says itself
  raft::member_id self_ = 0;
  uint64_t group_ = 0;
  uint64_t state_ = 0;
  uint64_t start_ = 0;
  uint64_t last_ = 0;
};

/// An error, naming what is lost, if a state that holds the entries up to
/// `applied` cannot go on with a log that keeps those after `start` up to
/// `last`.
caf::error check_fit(uint64_t applied, uint64_t start, uint64_t last);

} // namespace troupe::store
