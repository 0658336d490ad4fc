#pragma once

#include "messages/errors.hpp"

#include <leveldb/db.h>
#include <leveldb/env.h>

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace leveldb {
class Cache;
class FilterPolicy;
} // namespace leveldb

namespace troupe::store {

/// How one database is opened.
struct database_options {
  std::string path;
  leveldb::Env* env = nullptr; ///< nullptr for the machine's own disk
  size_t write_buffer = size_t{1} << 20;
  size_t block_cache = size_t{1} << 20;
  bool bloom_filter = false; ///< pays where absent keys are looked up
  /// It is written without sync, and what a crash of the machine takes from its
  /// end can be made again.
  bool unsynced = false;
};

/// One open LevelDB whose every read verifies checksums. Damage is an error
/// that says what is wrong and how to restore; it is never repaired in place.
class database {
public:
  /// Opens it, and creates it if it does not exist.
  static expected<std::shared_ptr<database>> open(const database_options&);

  ~database();
  database(const database&) = delete;
  database& operator=(const database&) = delete;

  leveldb::DB& db() { return *db_; }
  const std::string& path() const { return path_; }

  /// The value of a key, or false if there is none.
  expected<bool> get(std::string_view key, std::string& value,
                     const leveldb::Snapshot* = nullptr);
  caf::error write(leveldb::WriteBatch& batch, bool sync);
  /// Makes everything written so far durable.
  caf::error sync();
  /// Options for reads of one caller: verified, of `snapshot` if given.
  static leveldb::ReadOptions reading(const leveldb::Snapshot* = nullptr);
  /// Tells a failed status in words: ec::internal_error for damage,
  /// ec::service_unavailable for what may pass (a full disk, another process);
  /// no error for one that is ok.
  caf::error failure(const leveldb::Status& status) const;
  /// What to say of content that no program of ours has written.
  caf::error damaged(std::string_view what) const;
  /// Bytes on disk, roughly.
  uint64_t size();

private:
  database() = default;

  std::string path_;
  leveldb::Env* env_ = nullptr;
  std::unique_ptr<leveldb::Cache> cache_;
  std::unique_ptr<const leveldb::FilterPolicy> filter_;
  std::unique_ptr<leveldb::DB> db_;
};

/// The error for damaged content: what is wrong, and how to restore.
caf::error make_damage(const std::string& what);

/// Returns whether it is one of those, and of what.
bool is_damage(const caf::error& err);
std::string damage_of(const caf::error& err);

/// A disk in memory, for simulations and tests.
std::shared_ptr<leveldb::Env> make_memory_disk();

/// A place where one database lives, and the right to have it open: an owner
/// that was restarted may find its dying predecessor still at work.
/// Thread-safe; outlives all owners.
class database_slot : public std::enable_shared_from_this<database_slot> {
public:
  explicit database_slot(database_options options,
                         std::shared_ptr<leveldb::Env> env = nullptr);

  /// Opens the database. While an earlier owner still has it open, answers
  /// nullptr, and calls `freed` once, from any thread, when that has ended.
  expected<std::shared_ptr<database>> open(std::function<void()> freed);

  const database_options& options() const { return options_; }

  /// Deletes the database, as soon as nobody has it open.
  void discard();

private:
  void release();
  void destroy() const;

  std::shared_ptr<leveldb::Env> env_; ///< kept alive for a simulated disk
  database_options options_;
  std::mutex mutex_;
  bool taken_ = false;
  bool discarded_ = false;
  std::vector<std::function<void()>> waiting_;
};

/// The places of a store's state: one is present, another may be on its way.
/// Thread-safe.
class state_places {
public:
  /// `options` are those of number 0; the others lie beside it.
  explicit state_places(database_options options);

  std::shared_ptr<database_slot> at(uint64_t number);
  /// A number that is not in use.
  uint64_t fresh();
  /// The only one that exists, 0 if there is none; nothing if there are more.
  std::optional<uint64_t> only() const;
  /// Deletes all others.
  void discard_others(uint64_t number);

private:
  std::string path(uint64_t number) const;
  std::set<uint64_t> present() const;

  database_options options_;
  std::mutex mutex_;
  std::map<uint64_t, std::shared_ptr<database_slot>> slots_;
};

} // namespace troupe::store
