#pragma once

#include "messages/errors.hpp"

#include <string>

namespace leveldb {
class Env;
} // namespace leveldb

namespace troupe::store {

/// A note outside of a store's folder that the store takes part in a group of
/// several. A member that has lost its store has lost its vote and what it
/// promised, too: the note keeps it from being taken for one that never was.
class member_mark {
public:
  member_mark() = default;
  /// Without a path none is kept. `disk` is the machine's if null.
  member_mark(leveldb::Env* disk, std::string path);

  bool is_set() const;

  /// Returns once it is on the disk. A no-op when it is set.
  caf::error set();

  const std::string& path() const { return path_; }

private:
  leveldb::Env* disk_ = nullptr;
  std::string path_;
  bool set_ = false; ///< known to be there
};

} // namespace troupe::store
