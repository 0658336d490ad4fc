#pragma once

#include "messages/errors.hpp"
#include "runtime/raft/entry.hpp"
#include "runtime/store/database.hpp"
#include "runtime/store/snapshot.hpp"

#include <iosfwd>
#include <memory>
#include <string>

namespace troupe::store {

/// A state as it is at one moment, as the bytes of a file, part by part:
/// "troupe-snapshot-1" and a line's end, then blocks of length4, CRC-32C4 and a
/// `SnapshotChunk` of raft.proto. Their numbers follow one another, the last
/// one says so, and they hold every key of the state in order.
class snapshot_writer {
public:
  static expected<std::unique_ptr<snapshot_writer>>
  open(std::shared_ptr<database> state);

  /// Of the state that is being written.
  uint64_t revision() const { return revision_; }
  bool done() const { return done_; }
  /// The next part, about 64 KB. Precondition: not done().
  expected<std::string> next();

private:
  snapshot_writer() = default;

  std::unique_ptr<snapshot_source> source_;
  uint64_t revision_ = 0;
  uint64_t number_ = 0; ///< of the last chunk written
  std::string last_;    ///< and its last key
  bool done_ = false;
};

/// What a restored store is.
struct restored_store {
  uint64_t revision = 0;
  raft::member_id member = 0; ///< the only one, with an id of its own
};

/// Makes a new store of such a file: another group of one member, at
/// `address`, with an id that the old group never had. Revisions, terms and
/// leases go on where the file has them. Nothing must be at either place yet.
/// The file is checked on the way; after an error, as after a crash in between,
/// what is there is not taken for a store.
expected<restored_store> restore(std::istream& from,
                                 const database_options& state,
                                 const database_options& log,
                                 const std::string& address);

} // namespace troupe::store
