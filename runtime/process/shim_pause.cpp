#include "runtime/process/shim.hpp"

#include <climits>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

// The process namespace that all containers of a pod share, where they do.

namespace troupe::process::shim {

namespace {

/// Does nothing but be the first process of a namespace, until the shim ends.
[[noreturn]] void hold_processes(int life) {
  prctl(PR_SET_NAME, "troupe-pause", 0, 0, 0);
  setsid();
  // Whatever is orphaned here is nobody's any more.
  signal(SIGCHLD, SIG_IGN);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  dup2(life, 0);
  if (syscall(SYS_close_range, 1, ~0u, 0) != 0)
    for (int fd = 1; fd < 1024; ++fd)
      close(fd);
  char byte;
  while (read(0, &byte, 1) < 0 && errno == EINTR) {
  }
  _exit(0);
}

} // namespace

failure start_pause() {
  if (state.pause > 0)
    return {};
  int life[2];
  if (pipe2(life, O_CLOEXEC) != 0)
    return fail(errno, "pipe: %s", strerror(errno));
  auto pid = static_cast<pid_t>(syscall(SYS_clone, CLONE_NEWPID | SIGCHLD,
                                        nullptr, nullptr, nullptr, nullptr));
  if (pid == 0)
    hold_processes(life[0]);
  auto code = errno;
  close(life[0]);
  if (pid < 0) {
    close(life[1]);
    return fail(code, "new process namespace: %s", strerror(code));
  }
  state.pause = pid;
  state.pause_life = life[1];
  return {};
}

failure enter_shared_processes(int& back) {
  if (auto result = start_pause())
    return result;
  char path[64];
  snprintf(path, sizeof(path), "/proc/%d/ns/pid", state.pause);
  back = open("/proc/self/ns/pid", O_RDONLY | O_CLOEXEC);
  auto shared = open(path, O_RDONLY | O_CLOEXEC);
  failure result;
  if (back < 0 || shared < 0 || setns(shared, CLONE_NEWPID) != 0)
    result = fail(errno, "processes of the pod: %s", strerror(errno));
  close_fd(shared);
  return result;
}

} // namespace troupe::process::shim
