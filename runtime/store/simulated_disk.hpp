#pragma once

#include <leveldb/env.h>

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

namespace troupe::store {

/// A disk in memory that keeps what was synced. When the power fails, any part
/// of what was appended to a file since its last sync may be missing from its
/// end; every change of names has reached the disk.
///
/// Thread-safe, as LevelDB wants it.
class simulated_disk : public leveldb::EnvWrapper {
public:
  explicit simulated_disk(uint64_t seed);
  ~simulated_disk() override;

  /// From now on nothing can be changed: every attempt fails.
  void power_off();

  /// The power fails in the middle of the change after so many more.
  void power_off_after(uint64_t changes);

  bool is_off() const;

  /// The machine starts again, with what has stayed. Precondition: nobody has
  /// a file open.
  void power_on();

  leveldb::Status NewWritableFile(const std::string& name,
                                  leveldb::WritableFile** result) override;
  leveldb::Status NewAppendableFile(const std::string& name,
                                    leveldb::WritableFile** result) override;
  leveldb::Status RemoveFile(const std::string& name) override;
  leveldb::Status RenameFile(const std::string& from,
                             const std::string& to) override;

private:
  class file;

  /// How much of a file there is, and how much of that is safe.
  struct extent {
    uint64_t size = 0;
    uint64_t synced = 0;
  };
  using extent_ptr = std::shared_ptr<extent>;

  /// Counts a change. Returns whether it can be made, and in `torn` whether
  /// the power fails while it is.
  leveldb::Status begin_change(bool& torn);
  leveldb::Status open(const std::string& name, bool fresh,
                       leveldb::WritableFile** result);

  std::unique_ptr<leveldb::Env> memory_;
  mutable std::mutex mutex_; ///< guards the following
  uint64_t chance_;
  bool off_ = false;
  std::optional<uint64_t> left_; ///< changes until the power fails
  std::map<std::string, extent_ptr> files_;
};

} // namespace troupe::store
