#include "cli/process_end.hpp"

#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace troupe::cli {

namespace {

/// How long an end in order may take.
constexpr int patience_ms = 30'000;

} // namespace

bool end_process(int process) {
  syscall(SYS_pidfd_send_signal, process, SIGTERM, nullptr, 0);
  // One that was stopped hears of nothing until it goes on.
  syscall(SYS_pidfd_send_signal, process, SIGCONT, nullptr, 0);
  pollfd ended{process, POLLIN, 0};
  if (poll(&ended, 1, patience_ms) == 1)
    return true;
  syscall(SYS_pidfd_send_signal, process, SIGKILL, nullptr, 0);
  return poll(&ended, 1, patience_ms) == 1;
}

bool end_process_of(pid_t pid) {
  // A handle of the process itself, so that no other can be meant.
  auto process = static_cast<int>(syscall(SYS_pidfd_open, pid, 0));
  if (process < 0)
    return true;
  auto gone = end_process(process);
  close(process);
  return gone;
}

} // namespace troupe::cli
