#include "child_program.hpp"

#include "tests/support/real_cluster.hpp"

#include <csignal>
#include <spawn.h>
#include <stdexcept>
#include <sys/wait.h>
#include <unistd.h>

extern char** environ;

namespace troupe::test {

child_program::child_program(std::string command, std::filesystem::path log)
    : command_("exec " + std::move(command) + " >>" + log.string()
               + " 2>&1 </dev/null"),
      log_(std::move(log)) {
  // nop
}

child_program::~child_program() {
  if (lives())
    end_by(SIGTERM);
}

void child_program::start() {
  if (lives())
    return;
  std::string words[] = {"sh", "-c", command_};
  char* args[] = {words[0].data(), words[1].data(), words[2].data(), nullptr};
  if (posix_spawn(&pid_, "/bin/sh", nullptr, nullptr, args, environ) != 0)
    throw std::runtime_error("cannot be started: " + command_);
}

bool child_program::lives() {
  int status = 0;
  if (pid_ == 0 || waitpid(pid_, &status, WNOHANG) == 0)
    return pid_ != 0;
  code_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  pid_ = 0;
  return false;
}

void child_program::signal(int which) const {
  if (pid_ != 0)
    kill(pid_, which);
}

void child_program::end_by(int which) {
  signal(which);
  signal(SIGCONT);
  if (!ends())
    throw std::runtime_error("does not end: " + command_);
}

bool child_program::ends() {
  return wait_until([&] { return !lives(); });
}

} // namespace troupe::test
