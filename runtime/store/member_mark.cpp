#include "runtime/store/member_mark.hpp"

#include <leveldb/env.h>

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <memory>
#include <unistd.h>
#include <utility>

namespace troupe::store {

namespace {

/// Makes the names in a folder of this machine durable.
leveldb::Status sync_folder(const std::string& path) {
  auto fd = open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  auto good = fd >= 0 && fsync(fd) == 0;
  auto why = std::strerror(errno);
  if (fd >= 0)
    close(fd);
  return good ? leveldb::Status::OK() : leveldb::Status::IOError(path, why);
}

} // namespace

member_mark::member_mark(leveldb::Env* disk, std::string path)
    : disk_(disk != nullptr ? disk : leveldb::Env::Default()),
      path_(std::move(path)) {
  // nop
}

bool member_mark::is_set() const {
  return set_ || (!path_.empty() && disk_->FileExists(path_));
}

caf::error member_mark::set() {
  if (set_ || path_.empty())
    return caf::none;
  // Asked with every write: the disk is looked at once in each life. One that
  // is there may be so in memory only.
  auto folder = path_.substr(0, path_.rfind('/'));
  // What fails is told by what follows.
  disk_->CreateDir(folder);
  leveldb::WritableFile* opened = nullptr;
  auto status = disk_->NewWritableFile(path_, &opened);
  std::unique_ptr<leveldb::WritableFile> file{opened};
  if (status.ok())
    status = file->Append("member of a group\n");
  if (status.ok())
    status = file->Sync();
  if (status.ok())
    status = file->Close();
  if (status.ok() && disk_ == leveldb::Env::Default())
    for (auto& each : {folder, folder.substr(0, folder.rfind('/'))})
      if (status.ok())
        status = sync_folder(each);
  if (!status.ok())
    return make_error(ec::service_unavailable,
                      path_ + " cannot be written: " + status.ToString());
  set_ = true;
  return caf::none;
}

} // namespace troupe::store
