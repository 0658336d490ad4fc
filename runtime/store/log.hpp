#pragma once

#include "messages/errors.hpp"
#include "messages/store.pb.h"
#include "runtime/store/database.hpp"

#include <leveldb/write_batch.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace troupe::store {

/// The vote of a member: on disk before any message leaves that depends on it.
struct hard_state {
  uint64_t term = 0;
  uint64_t voted_for = 0;
};

/// The entries that are not yet part of the durable state, in a database of
/// their own. Each write is synced. Indices have no gaps and each entry has a
/// checksum; whatever else is found at opening is damage, but for a torn tail
/// that was never synced, which LevelDB leaves out and nobody has heard of.
class log {
public:
  /// Checks every entry.
  static expected<std::unique_ptr<log>> open(std::shared_ptr<database> db);

  /// The entry before the first one kept; 0 for a whole log.
  uint64_t start() const { return start_; }
  uint64_t start_term() const { return start_term_; }
  /// The last entry, start() if there is none.
  uint64_t last() const { return last_; }
  uint64_t last_term() const { return last_term_; }
  const hard_state& hard() const { return hard_; }

  /// Calls `visit` for each entry from `first` on until it returns an error.
  caf::error
  read(uint64_t first,
       const std::function<caf::error(store_api::LogEntry)>& visit) const;

  /// Collects what one synced write does: entries that follow the last one, or
  /// overwrite what follows their first one.
  caf::error stage(const store_api::LogEntry& entry);
  void stage(const hard_state& hard);
  /// Lets go of the entries up to `index`, which the state holds durably.
  void stage_trim(uint64_t index);
  /// Writes what is staged. After an error the log must not be used again:
  /// what is on disk is not known.
  caf::error commit();

private:
  explicit log(std::shared_ptr<database> db);
  caf::error load_marks();
  caf::error check_entries();

  std::shared_ptr<database> db_;
  leveldb::WriteBatch batch_;
  uint64_t start_ = 0;
  uint64_t start_term_ = 0;
  uint64_t last_ = 0;
  uint64_t last_term_ = 0;
  hard_state hard_;
};

/// An error, naming what is lost, if a state that holds the entries up to
/// `applied` cannot go on with a log that keeps those after `start` up to
/// `last`.
caf::error check_fit(uint64_t applied, uint64_t start, uint64_t last);

} // namespace troupe::store
