#include "cli/directory_lock.hpp"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <fstream>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>

namespace troupe::cli {

namespace {

std::string file_in(const std::filesystem::path& data_dir) {
  return (data_dir / "lock").string();
}

/// The whole file, for this open file alone: whoever asks for the holder takes
/// nothing, so that it is in nobody's way.
struct flock whole_file() {
  struct flock range {};
  range.l_type = F_WRLCK;
  range.l_whence = SEEK_SET;
  return range;
}

} // namespace

directory_lock::~directory_lock() {
  if (fd_ >= 0)
    close(fd_);
}

caf::error directory_lock::take(const std::filesystem::path& data_dir,
                                std::chrono::milliseconds patience) {
  fd_ = open(file_in(data_dir).c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0600);
  if (fd_ < 0)
    return make_error(ec::forbidden, "cannot write in " + data_dir.string()
                                         + ": " + std::strerror(errno));
  auto deadline = std::chrono::steady_clock::now() + patience;
  auto taken = [this] {
    auto range = whole_file();
    return fcntl(fd_, F_OFD_SETLK, &range) == 0;
  };
  auto mine = taken();
  while (!mine && std::chrono::steady_clock::now() < deadline) {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
    mine = taken();
  }
  if (!mine)
    return make_error(ec::conflict, "a cluster is running already in "
                                        + data_dir.string()
                                        + " (troupe down ends it)");
  if (ftruncate(fd_, 0) != 0 || dprintf(fd_, "%d\n", getpid()) < 0)
    return make_error(ec::internal_error, "cannot write the lock file");
  return caf::none;
}

directory_holder holder_of(const std::filesystem::path& data_dir) {
  directory_holder result;
  auto fd = open(file_in(data_dir).c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0)
    return result;
  result.known = true;
  struct stat facts {};
  if (fstat(fd, &facts) == 0)
    result.since = time_point{std::chrono::seconds{facts.st_mtim.tv_sec}};
  auto range = whole_file();
  auto asked = fcntl(fd, F_OFD_GETLK, &range) == 0;
  close(fd);
  if (asked && range.l_type != F_UNLCK)
    std::ifstream{file_in(data_dir)} >> result.pid;
  return result;
}

} // namespace troupe::cli
