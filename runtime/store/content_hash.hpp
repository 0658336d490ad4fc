#pragma once

#include "messages/errors.hpp"
#include "runtime/store/database.hpp"
#include "runtime/store/layout.hpp"

#include <leveldb/iterator.h>

#include <memory>
#include <string>

namespace troupe::store {

/// Works out the hash of what was current at a revision: keys in order, with
/// value, revisions, version and lease. Does not depend on how much of the
/// history is still there, nor on what has come since. Bit by bit, over one
/// consistent look at the state.
class content_hash {
public:
  /// 0 means the present. ec::expired for a revision that is compacted away,
  /// ec::bad_request for one that is yet to come.
  static expected<std::unique_ptr<content_hash>>
  open(std::shared_ptr<database> state, uint64_t revision);

  ~content_hash();
  content_hash(const content_hash&) = delete;
  content_hash& operator=(const content_hash&) = delete;

  /// Looks at so many more versions of keys. Returns whether that was all.
  expected<bool> step(size_t versions);

  uint64_t hash() const { return hash_; }
  uint64_t keys() const { return keys_; }

private:
  explicit content_hash(std::shared_ptr<database> state);
  expected<uint64_t> number(std::string_view key) const;
  caf::error take(const version_entry& version);

  std::shared_ptr<database> state_;
  const leveldb::Snapshot* snapshot_;
  std::unique_ptr<leveldb::Iterator> it_;
  uint64_t revision_ = 0;
  std::string key_;      ///< whose versions are being looked at
  bool settled_ = false; ///< its newest one was found
  uint64_t hash_ = 0;
  uint64_t keys_ = 0;
};

} // namespace troupe::store
