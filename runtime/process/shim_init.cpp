#include "runtime/process/shim.hpp"

#include <climits>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

// The init of a container: everything that runs in the container is below it,
// also what was orphaned, because it is a subreaper or the first process of a
// process namespace. It ends when all of that has ended, and when the shim has.

namespace troupe::process::shim {

namespace {

struct child {
  pid_t pid = 0;
  uint32_t id = 0;
};

child children[1024];
size_t child_count = 0;
const container_config* config = nullptr;
bool own_namespace = false;
bool in_namespace = false; ///< its own, or one that it shares
pid_t main_pid = 0;
int main_status = 0;
bool main_over = false;

void keep_only(int channel, const int streams[3]) {
  int high[4];
  for (int i = 0; i < 4; ++i)
    high[i] = fcntl(i == 0 ? channel : streams[i - 1], F_DUPFD_CLOEXEC, 64);
  auto node = fcntl(state.node_mounts, F_DUPFD_CLOEXEC, 64);
  syscall(SYS_close_range, 3, 63, 0);
  if (node >= 0)
    dup3(node, node_fd, O_CLOEXEC);
  dup3(high[0], channel_fd, O_CLOEXEC);
  for (int i = 1; i < 4; ++i)
    dup3(high[i], stream_fd + i - 1, O_CLOEXEC);
  if (syscall(SYS_close_range, first_free_fd, ~0u, 0) != 0)
    for (int fd = first_free_fd; fd < 1024; ++fd)
      close(fd);
}

/// The pid is translated for the reader by the kernel.
void tell(init_message message) {
  iovec part{&message, sizeof(message)};
  msghdr header{};
  header.msg_iov = &part;
  header.msg_iovlen = 1;
  alignas(cmsghdr) char space[CMSG_SPACE(sizeof(ucred))] = {};
  if (message.what == init_message::started && in_namespace) {
    header.msg_control = space;
    header.msg_controllen = sizeof(space);
    auto control = CMSG_FIRSTHDR(&header);
    control->cmsg_level = SOL_SOCKET;
    control->cmsg_type = SCM_CREDENTIALS;
    control->cmsg_len = CMSG_LEN(sizeof(ucred));
    ucred who{static_cast<pid_t>(message.pid), geteuid(), getegid()};
    memcpy(CMSG_DATA(control), &who, sizeof(who));
  }
  while (sendmsg(channel_fd, &header, MSG_NOSIGNAL) < 0 && errno == EINTR) {
  }
}

void tell_failed(uint32_t id, const failure& why) {
  init_message message;
  message.what = init_message::failed;
  message.id = id;
  message.value = why.code;
  snprintf(message.text, sizeof(message.text), "%s", why.text);
  tell(message);
}

void tell_exited(uint32_t id, int status) {
  init_message message;
  message.what = init_message::exited;
  message.id = id;
  message.value = status;
  tell(message);
}

void tell_started(uint32_t id, pid_t pid) {
  init_message message;
  message.what = init_message::started;
  message.id = id;
  message.pid = pid;
  tell(message);
}

void on_ended(pid_t pid, int status) {
  if (pid == main_pid) {
    main_over = true;
    main_status = status;
    return;
  }
  for (size_t i = 0; i < child_count; ++i)
    if (children[i].pid == pid) {
      tell_exited(children[i].id, status);
      children[i] = children[--child_count];
      return;
    }
}

/// Returns whether there are children left.
bool reap() {
  for (;;) {
    int status = 0;
    auto pid = waitpid(-1, &status, WNOHANG);
    if (pid > 0)
      on_ended(pid, status);
    else
      return pid == 0;
  }
}

void signal_all(int signal) {
  if (own_namespace)
    kill(-1, signal);
  else
    signal_descendants(getpid(), signal);
}

[[noreturn]] void end_all() {
  // Stopped first, so that nothing forks away from under the walk.
  if (!own_namespace)
    for (int i = 0; i < 2; ++i)
      signal_all(SIGSTOP);
  for (int pause = 1; reap(); pause = pause < 100 ? pause * 2 : 100) {
    signal_all(SIGKILL);
    if (!reap())
      break;
    poll(nullptr, 0, pause);
  }
  if (main_pid != 0)
    tell_exited(0, main_over ? main_status : SIGKILL);
  _exit(0);
}

void on_exec(const init_message& message, const int fds[4]) {
  if (child_count == sizeof(children) / sizeof(children[0]))
    return tell_failed(message.id, fail(EAGAIN, "too many commands at once"));
  told_fields told{fds[0]};
  if (told.problem)
    return tell_failed(message.id, told.problem);
  auto arguments = parse_texts(told.fields);
  pid_t pid = 0;
  auto result =
      spawn(*config, arguments, (message.flags & with_tty) != 0, fds + 1, pid);
  free(arguments);
  if (result)
    return tell_failed(message.id, result);
  children[child_count++] = child{pid, message.id};
  tell_started(message.id, pid);
}

void on_signal(const init_message& message) {
  if (message.id == 0) {
    if (main_pid != 0 && !main_over)
      kill(main_pid, message.value);
    return;
  }
  for (size_t i = 0; i < child_count; ++i)
    if (children[i].id == message.id) {
      // It leads a session: its group holds what a shell started for it.
      kill(-children[i].pid, message.value);
      kill(children[i].pid, message.value);
    }
}

void start(uint32_t sandbox) {
  failure result;
  if ((sandbox & use_mounts) != 0)
    result = build_mounts(*config, in_namespace);
  int streams[3] = {stream_fd, stream_fd + 1, stream_fd + 2};
  if (!result)
    result = spawn(*config, config->arguments, (config->flags & with_tty) != 0,
                   streams, main_pid);
  if (result) {
    tell_failed(0, result);
    main_pid = 0;
    end_all();
  }
  for (auto fd : streams)
    close(fd);
  tell_started(0, main_pid);
}

} // namespace

void run_init(const container_config& asked, uint32_t sandbox, int channel,
              const int streams[3]) {
  config = &asked;
  own_namespace =
      (sandbox & use_processes) != 0 && (asked.flags & own_processes) != 0;
  in_namespace = own_namespace
                 || ((sandbox & use_processes) != 0
                     && (asked.flags & shared_processes) != 0);
  prctl(PR_SET_NAME, "troupe-init", 0, 0, 0);
  prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
  setsid();
  keep_only(channel, streams);
  sigset_t watched;
  sigemptyset(&watched);
  sigaddset(&watched, SIGCHLD);
  auto ready = signalfd(-1, &watched, SFD_CLOEXEC | SFD_NONBLOCK);
  if (ready != signal_fd) {
    dup3(ready, signal_fd, O_CLOEXEC);
    close(ready);
  }
  if (asked.flags & by_runtime)
    run_by_runtime(asked);
  start(sandbox);
  if (chdir("/") != 0)
    errno = 0;
  serve_init(
      {[] { reap(); }, [] { return main_over; }, end_all, on_exec, on_signal});
}

} // namespace troupe::process::shim
