#pragma once

#include "messages/errors.hpp"

#include <string>

namespace leveldb {
class Env;
} // namespace leveldb

namespace troupe::store {

/// Cuts the write-ahead files of a closed LevelDB under `path` where their
/// unbroken beginning ends, and removes the files after that place. For a
/// database that is written without sync: a crash of the machine may leave any
/// part of what was not synced, and LevelDB would either refuse all of it or go
/// on behind a gap. Whoever calls this must notice if more is gone than can be
/// made again. Returns whether anything was cut.
expected<bool> cut_write_ahead(leveldb::Env& env, const std::string& path);

} // namespace troupe::store
