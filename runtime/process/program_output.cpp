#include "runtime/process/program_output.hpp"

#include <cerrno>
#include <fcntl.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

namespace troupe::process {

namespace {

/// A file in memory, read from its beginning.
int file_of(const std::string& bytes) {
  auto fd = memfd_create("input", MFD_CLOEXEC);
  if (fd < 0)
    return -1;
  auto size = write(fd, bytes.data(), bytes.size());
  if (size == static_cast<ssize_t>(bytes.size()) && lseek(fd, 0, SEEK_SET) == 0)
    return fd;
  close(fd);
  return -1;
}

std::string read_all(int fd) {
  std::string result;
  char bytes[512];
  for (ssize_t size; (size = read(fd, bytes, sizeof(bytes))) != 0;)
    if (size > 0)
      result.append(bytes, static_cast<size_t>(size));
    else if (errno != EINTR)
      break;
  return result;
}

} // namespace

std::string output_of(const std::string& program, const char* option,
                      const std::string& input) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0)
    return {};
  auto from = file_of(input);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  if (from >= 0)
    posix_spawn_file_actions_adddup2(&actions, from, 0);
  posix_spawn_file_actions_adddup2(&actions, ends[1], 1);
  posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_RDWR, 0);
  std::string name = program;
  std::string first = option;
  char* arguments[] = {name.data(), first.data(), nullptr};
  char* environment[] = {nullptr};
  pid_t pid = 0;
  auto code = from < 0 ? EIO
                       : posix_spawn(&pid, program.c_str(), &actions, nullptr,
                                     arguments, environment);
  posix_spawn_file_actions_destroy(&actions);
  close(ends[1]);
  if (from >= 0)
    close(from);
  auto result = code == 0 ? read_all(ends[0]) : std::string{};
  close(ends[0]);
  int status = 0;
  if (code == 0)
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
  return result;
}

} // namespace troupe::process
