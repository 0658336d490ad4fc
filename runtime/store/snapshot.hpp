#pragma once

#include "messages/errors.hpp"
#include "messages/raft.pb.h"
#include "runtime/raft/configuration.hpp"
#include "runtime/store/database.hpp"

#include <leveldb/iterator.h>

#include <memory>
#include <string>
#include <string_view>

namespace troupe::store {

/// A state as it is at one moment, in chunks of about 64 KB. Holds a snapshot
/// of LevelDB, which costs space while the state changes.
class snapshot_source {
public:
  static expected<std::unique_ptr<snapshot_source>>
  open(std::shared_ptr<database> state);

  ~snapshot_source();
  snapshot_source(const snapshot_source&) = delete;
  snapshot_source& operator=(const snapshot_source&) = delete;

  /// What the state holds there, and who takes part.
  const raft::snapshot_mark& mark() const { return mark_; }

  /// A mark of the state, 0 if it is not there.
  expected<uint64_t> number(std::string_view key) const;

  /// The chunk `number`. Unless it is the one that follows the last, it begins
  /// behind the key `after`.
  expected<raft_api::SnapshotChunk> chunk(uint64_t number,
                                          const std::string& after);

private:
  explicit snapshot_source(std::shared_ptr<database> state);
  caf::error load_mark();

  std::shared_ptr<database> state_;
  const leveldb::Snapshot* snapshot_;
  std::unique_ptr<leveldb::Iterator> it_;
  raft::snapshot_mark mark_;
  uint64_t next_ = 0; ///< the number of the chunk that follows
};

/// A state that is being put together from chunks, in a database that was
/// empty.
class snapshot_target {
public:
  explicit snapshot_target(std::shared_ptr<database> state);

  /// The next chunk that is wanted, and the last key that is here.
  uint64_t next() const { return next_; }
  const std::string& last() const { return last_; }
  bool complete() const { return complete_; }
  const std::shared_ptr<database>& state() const { return state_; }

  /// Takes the next chunk; one that is here already changes nothing. The last
  /// one makes all of it durable. Fails if it was altered on the way.
  caf::error take(const raft_api::SnapshotChunk& chunk);

private:
  std::shared_ptr<database> state_;
  uint64_t next_ = 1;
  std::string last_;
  bool complete_ = false;
};

} // namespace troupe::store
