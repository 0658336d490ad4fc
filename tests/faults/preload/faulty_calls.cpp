// Preloaded into the servers and nodes of a test: lets calls of the operating
// system fail as a bad machine would. TROUPE_FAULTS names a folder; in it, the
// file of a server's or node's name says what is wrong with its machine, a word
// for each:
//   sync   nothing can be synced
//   space  no file of a store, or of what a node keeps, grows
//   clock  the time of day is an hour ahead
// Without the file all is well.

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <dlfcn.h>
#include <fcntl.h>
#include <string>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

namespace {

template <class F>
F real(const char* name) {
  return reinterpret_cast<F>(dlsym(RTLD_NEXT, name));
}

/// The name of the server or node in this process; the first server has none.
std::string own_name() {
  std::string result = "server-1";
  auto fd = open("/proc/self/cmdline", O_RDONLY | O_CLOEXEC);
  char words[4096];
  auto size = fd < 0 ? 0 : read(fd, words, sizeof(words) - 1);
  if (fd >= 0)
    close(fd);
  words[size > 0 ? size : 0] = '\0';
  for (auto* word = words; word < words + size; word += std::strlen(word) + 1)
    if (std::strcmp(word, "--name") == 0)
      result = word + std::strlen(word) + 1;
  return result;
}

const std::string& file_of_faults() {
  static const std::string result = [] {
    auto* folder = std::getenv("TROUPE_FAULTS");
    return folder == nullptr ? std::string{} : folder + ("/" + own_name());
  }();
  return result;
}

bool is_wrong(const char* what) {
  auto& file = file_of_faults();
  if (file.empty() || access(file.c_str(), R_OK) != 0)
    return false;
  char words[256] = {};
  auto fd = open(file.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0)
    return false;
  auto got = read(fd, words, sizeof(words) - 1);
  close(fd);
  return got > 0 && std::strstr(words, what) != nullptr;
}

/// Whether a file belongs to a store's database, or is kept by a node that
/// joined.
bool is_kept(int fd) {
  char path[4096];
  char link[64];
  std::snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
  auto size = readlink(link, path, sizeof(path) - 1);
  path[size > 0 ? size : 0] = '\0';
  return std::strstr(path, "/store/") != nullptr
         || std::strstr(path, "/processes/") != nullptr;
}

/// Asked again and again, so looked at ten times a second only.
bool clock_is_wrong() {
  static std::atomic<int64_t> looked = 0;
  static std::atomic<bool> result = false;
  timespec now{};
  static const auto get = real<int (*)(clockid_t, timespec*)>("clock_gettime");
  get(CLOCK_MONOTONIC_COARSE, &now);
  int64_t tenths = now.tv_sec * 10 + now.tv_nsec / 100'000'000;
  if (looked.exchange(tenths) != tenths)
    result = is_wrong("clock");
  return result;
}

constexpr time_t ahead = 3600;

} // namespace

extern "C" {

int fsync(int fd) {
  static const auto call = real<int (*)(int)>("fsync");
  if (is_wrong("sync")) {
    errno = EIO;
    return -1;
  }
  return call(fd);
}

int fdatasync(int fd) {
  static const auto call = real<int (*)(int)>("fdatasync");
  if (is_wrong("sync")) {
    errno = EIO;
    return -1;
  }
  return call(fd);
}

ssize_t write(int fd, const void* bytes, size_t count) {
  static const auto call = real<ssize_t (*)(int, const void*, size_t)>("write");
  if (is_wrong("space") && is_kept(fd)) {
    errno = ENOSPC;
    return -1;
  }
  return call(fd, bytes, count);
}

ssize_t writev(int fd, const iovec* parts, int count) {
  static const auto call = real<ssize_t (*)(int, const iovec*, int)>("writev");
  if (is_wrong("space") && is_kept(fd)) {
    errno = ENOSPC;
    return -1;
  }
  return call(fd, parts, count);
}

int clock_gettime(clockid_t which, timespec* now) {
  static const auto call = real<int (*)(clockid_t, timespec*)>("clock_gettime");
  auto result = call(which, now);
  if (result == 0 && which == CLOCK_REALTIME && clock_is_wrong())
    now->tv_sec += ahead;
  return result;
}

int gettimeofday(timeval* __restrict now, void* __restrict zone) {
  static const auto call = real<int (*)(timeval*, void*)>("gettimeofday");
  auto result = call(now, zone);
  if (result == 0 && clock_is_wrong())
    now->tv_sec += ahead;
  return result;
}

} // extern "C"
