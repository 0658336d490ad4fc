#include "runtime/store/simulated_disk.hpp"

#include "runtime/system/chance.hpp"

#include <leveldb/helpers/memenv.h>

namespace troupe::store {

using leveldb::Status;

namespace {

Status power_failure() {
  return Status::IOError("simulated disk", "the power is off");
}

} // namespace

/// A file that is being written.
class simulated_disk::file : public leveldb::WritableFile {
public:
  file(simulated_disk& disk, leveldb::WritableFile* inner, extent_ptr size)
      : disk_(disk), inner_(inner), extent_(std::move(size)) {
    // nop
  }

  Status Append(const leveldb::Slice& data) override {
    auto torn = false;
    if (auto status = disk_.begin_change(torn); !status.ok())
      return status;
    std::lock_guard guard{disk_.mutex_};
    auto count =
        torn ? next_chance(disk_.chance_) % (data.size() + 1) : data.size();
    auto status = inner_->Append({data.data(), count});
    extent_->size += status.ok() ? count : 0;
    return torn ? power_failure() : status;
  }

  Status Sync() override {
    auto torn = false;
    if (auto status = disk_.begin_change(torn); !status.ok())
      return status;
    if (torn)
      return power_failure();
    std::lock_guard guard{disk_.mutex_};
    extent_->synced = extent_->size;
    return inner_->Sync();
  }

  Status Flush() override { return inner_->Flush(); }
  Status Close() override { return inner_->Close(); }

private:
  simulated_disk& disk_;
  std::unique_ptr<leveldb::WritableFile> inner_;
  extent_ptr extent_;
};

simulated_disk::simulated_disk(uint64_t seed)
    : EnvWrapper(leveldb::NewMemEnv(leveldb::Env::Default())),
      memory_(target()),
      chance_(seed) {
  // nop
}

simulated_disk::~simulated_disk() = default;

void simulated_disk::power_off() {
  std::lock_guard guard{mutex_};
  off_ = true;
}

void simulated_disk::power_off_after(uint64_t changes) {
  std::lock_guard guard{mutex_};
  left_ = changes;
}

bool simulated_disk::is_off() const {
  std::lock_guard guard{mutex_};
  return off_;
}

void simulated_disk::power_on() {
  std::lock_guard guard{mutex_};
  for (auto& [name, known] : files_) {
    auto kept = known->synced
                + next_chance(chance_) % (known->size - known->synced + 1);
    if (kept == known->size)
      continue;
    std::string content;
    if (!leveldb::ReadFileToString(target(), name, &content).ok())
      continue;
    content.resize(kept);
    leveldb::WriteStringToFile(target(), content, name);
    known->size = kept;
  }
  for (auto& [name, known] : files_)
    known->synced = known->size;
  off_ = false;
  left_.reset();
}

Status simulated_disk::begin_change(bool& torn) {
  std::lock_guard guard{mutex_};
  if (off_)
    return power_failure();
  if (left_ && (*left_)-- == 0) {
    off_ = true;
    torn = true;
  }
  return Status::OK();
}

Status simulated_disk::open(const std::string& name, bool fresh,
                            leveldb::WritableFile** result) {
  auto torn = false;
  *result = nullptr;
  if (auto status = begin_change(torn); !status.ok())
    return status;
  if (torn)
    return power_failure();
  std::lock_guard guard{mutex_};
  leveldb::WritableFile* inner = nullptr;
  // LevelDB's disk in memory cannot append to a file that is not there.
  auto status = fresh || !target()->FileExists(name)
                    ? target()->NewWritableFile(name, &inner)
                    : target()->NewAppendableFile(name, &inner);
  if (!status.ok())
    return status;
  auto& known = files_[name];
  if (fresh || !known)
    known = std::make_shared<extent>();
  *result = new file{*this, inner, known};
  return status;
}

Status simulated_disk::NewWritableFile(const std::string& name,
                                       leveldb::WritableFile** result) {
  return open(name, true, result);
}

Status simulated_disk::NewAppendableFile(const std::string& name,
                                         leveldb::WritableFile** result) {
  return open(name, false, result);
}

Status simulated_disk::RemoveFile(const std::string& name) {
  auto torn = false;
  if (auto status = begin_change(torn); !status.ok())
    return status;
  if (torn)
    return power_failure();
  std::lock_guard guard{mutex_};
  files_.erase(name);
  return target()->RemoveFile(name);
}

Status simulated_disk::RenameFile(const std::string& from,
                                  const std::string& to) {
  auto torn = false;
  if (auto status = begin_change(torn); !status.ok())
    return status;
  if (torn)
    return power_failure();
  std::lock_guard guard{mutex_};
  auto status = target()->RenameFile(from, to);
  if (auto known = files_.find(from); status.ok() && known != files_.end()) {
    files_[to] = known->second;
    files_.erase(known);
  }
  return status;
}

} // namespace troupe::store
