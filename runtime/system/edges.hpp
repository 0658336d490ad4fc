#pragma once

#include <memory>

namespace leveldb {
class Env;
} // namespace leveldb

namespace troupe {

/// The outside world, each part of it behind an interface with a simulated
/// twin. A null edge means that this process has no use for it.
struct edges {
  /// Where the store keeps its files; never null. Not owned.
  leveldb::Env* disk = nullptr;
};

} // namespace troupe
