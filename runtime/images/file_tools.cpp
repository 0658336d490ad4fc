#include "runtime/images/file_tools.hpp"

#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

namespace troupe::images {

namespace fs = std::filesystem;

namespace {

/// Whether the name still leads to the file that was locked: its last holder
/// may have removed it meanwhile.
bool is_still(int fd, const fs::path& path) {
  struct stat locked {};
  struct stat named {};
  return fstat(fd, &locked) == 0 && stat(path.c_str(), &named) == 0
         && locked.st_ino == named.st_ino && locked.st_dev == named.st_dev;
}

} // namespace

caf::error file_error(const std::string& what, const fs::path& path) {
  auto number = errno;
  auto code = number == ENOSPC || number == EDQUOT || number == EIO
                  ? ec::service_unavailable
                  : ec::forbidden;
  if (number == ENOENT)
    code = ec::not_found;
  return make_error(code, "cannot " + what + " " + path.string() + ": "
                              + std::strerror(number));
}

expected<unique_fd> open_file(const fs::path& path, int flags, unsigned mode) {
  unique_fd fd{open(path.c_str(), flags | O_CLOEXEC, mode)};
  if (fd.get() < 0)
    return file_error((flags & O_CREAT) != 0 ? "make" : "open", path);
  return fd;
}

expected<std::string> read_small(const fs::path& path, size_t most) {
  auto fd = open_file(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  if (!fd)
    return fd.error();
  std::string result;
  auto err = read_pieces(fd->get(), [&](std::string_view piece) {
    if (result.size() + piece.size() > most)
      return make_error(ec::invalid, path.string() + " is larger than "
                                         + std::to_string(most) + " bytes");
    result += piece;
    return caf::error{};
  });
  if (err)
    return err;
  return result;
}

caf::error
read_pieces(int fd, const std::function<caf::error(std::string_view)>& take) {
  std::array<char, 64 * 1024> buffer;
  for (;;) {
    auto n = read(fd, buffer.data(), buffer.size());
    if (n < 0 && errno == EINTR)
      continue;
    if (n < 0)
      return file_error("read", "");
    if (n == 0)
      return {};
    if (auto err = take({buffer.data(), static_cast<size_t>(n)}))
      return err;
  }
}

void sync_folder(const fs::path& folder) {
  unique_fd fd{open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  if (fd.get() >= 0)
    fsync(fd.get());
}

caf::error remove_tree(const fs::path& path) {
  std::error_code problem;
  // A folder without the right to write would keep what is in it; root does
  // not care.
  if (geteuid() != 0 && fs::is_directory(fs::symlink_status(path, problem))) {
    chmod(path.c_str(), 0700);
    for (fs::recursive_directory_iterator
             at{path, fs::directory_options::skip_permission_denied, problem},
         end;
         at != end; at.increment(problem)) {
      if (problem)
        break;
      if (at->is_directory(problem) && !at->is_symlink(problem))
        chmod(at->path().c_str(), 0700);
    }
  }
  fs::remove_all(path, problem);
  if (!problem)
    return {};
  errno = problem.value();
  return file_error("remove", path);
}

disk_use use_of(const fs::path& path) {
  disk_use result;
  auto add = [&](const fs::path& each) {
    struct stat info {};
    if (lstat(each.c_str(), &info) != 0)
      return;
    // A file with several names is counted with its share of each.
    result.bytes += static_cast<uint64_t>(info.st_blocks) * 512
                    / (S_ISDIR(info.st_mode) ? 1 : info.st_nlink);
    ++result.inodes;
  };
  add(path);
  std::error_code ignored;
  for (fs::recursive_directory_iterator
           at{path, fs::directory_options::skip_permission_denied, ignored},
       end;
       at != end; at.increment(ignored))
    add(at->path());
  return result;
}

expected<file_lock> file_lock::take(const fs::path& path, int how) {
  for (;;) {
    auto fd = open_file(path, O_RDWR | O_CREAT);
    if (!fd)
      return fd.error();
    if (flock(fd->get(), how) != 0) {
      if (errno == EINTR)
        continue;
      if (errno == EWOULDBLOCK)
        return file_lock{};
      return file_error("lock", path);
    }
    if (!is_still(fd->get(), path))
      continue;
    file_lock result;
    result.fd_ = std::move(*fd);
    result.path_ = path;
    return result;
  }
}

expected<file_lock> file_lock::take(const fs::path& path) {
  return take(path, LOCK_EX);
}

expected<file_lock> file_lock::try_take(const fs::path& path) {
  return take(path, LOCK_EX | LOCK_NB);
}

void file_lock::release_and_remove() {
  if (!*this)
    return;
  unlink(path_.c_str());
  fd_ = unique_fd{};
}

} // namespace troupe::images
