#include "runtime/process/shim.hpp"

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace troupe::process::shim {

namespace {

/// An init that does not end its container in this time is killed itself.
constexpr int64_t force_after_ms = 2000;

/// What is left to read when the shim itself is gone.
void write_state(const container& c) {
  char path[4200];
  char fresh[4200];
  snprintf(path, sizeof(path), "%s/state", c.folder);
  snprintf(fresh, sizeof(fresh), "%s/state.new", c.folder);
  auto fd = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (fd < 0)
    return;
  dprintf(fd, "%u %lld %lld %lld %lld %lld %s\n%s\n",
          static_cast<unsigned>(c.state), static_cast<long long>(c.pid),
          static_cast<long long>(c.started), static_cast<long long>(c.finished),
          static_cast<long long>(c.code), static_cast<long long>(c.signal),
          c.reason[0] == '\0' ? "-" : c.reason, c.message);
  close(fd);
  rename(fresh, path);
}

void answer_stops(container& c) {
  wire_reader tags{c.stop_tags.data(), c.stop_tags.data() + c.stop_tags.size()};
  while (tags.at < tags.end)
    answer(tags.u32());
  c.stop_tags.wipe();
}

void answer_starts(container& c) {
  c.starting = false;
  wire_reader tags{c.start_tags.data(),
                   c.start_tags.data() + c.start_tags.size()};
  while (tags.at < tags.end)
    answer_start(c, tags.u32());
  c.start_tags.wipe();
}

/// OCI runtimes make terminals of their own; until one comes there is nothing.
failure open_nothing(int streams[3]) {
  for (int i = 0; i < 3; ++i)
    if (streams[i] = open("/dev/null", O_RDWR | O_CLOEXEC); streams[i] < 0)
      return fail(errno, "/dev/null: %s", strerror(errno));
  return {};
}

void on_main_exited(container& c, int status, bool out_of_memory) {
  if (c.main_ended)
    return;
  c.main_ended = true;
  c.finished = now_ns();
  c.signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
  c.code = WIFSIGNALED(status) ? 128 + c.signal : WEXITSTATUS(status);
  c.reason = c.code == 0 ? "Completed" : "Error";
  // Kubernetes: only what ended the container counts, not what it survived.
  if (out_of_memory && c.code == 128 + SIGKILL)
    c.reason = "OOMKilled";
}

void on_main_failed(container& c, const init_message& message) {
  c.main_ended = true;
  c.finished = now_ns();
  c.code = 128;
  c.reason = "StartError";
  snprintf(c.message, sizeof(c.message), "%s", message.text);
}

void on_main_started(container& c, int64_t pid) {
  c.state = container_state::running;
  c.pid = pid;
  c.started = now_ns();
  write_state(c);
  answer_starts(c);
}

void on_message(container& c, const init_message& message, int64_t pid) {
  if (message.id != 0)
    return on_exec_message(message);
  if (message.what == init_message::started)
    on_main_started(c, pid);
  else if (message.what == init_message::failed)
    on_main_failed(c, message);
  else if (message.what == init_message::exited)
    on_main_exited(c, message.value, message.flags != 0);
}

/// Its own ends stay in `c`, those of its init go to `streams`.
failure open_streams(container& c, int streams[3]) {
  if ((c.flags & with_tty) && (c.flags & by_runtime))
    return open_nothing(streams);
  if (c.flags & with_tty) {
    auto master = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC);
    int unlock = 0;
    if (master < 0 || ioctl(master, TIOCSPTLCK, &unlock) != 0)
      return fail(errno, "terminal: %s", strerror(errno));
    c.output[0] = master;
    c.input = fcntl(master, F_DUPFD_CLOEXEC, 3);
    for (int i = 0; i < 3; ++i)
      streams[i] = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
  } else {
    for (int i = 0; i < 2; ++i) {
      int ends[2];
      if (pipe2(ends, O_CLOEXEC) != 0)
        return fail(errno, "pipe: %s", strerror(errno));
      c.output[i] = ends[0];
      streams[i + 1] = ends[1];
      // A program that opens /dev/stdout anew must be its owner.
      if (c.config.user >= 0
          && fchown(ends[1], static_cast<uid_t>(c.config.user),
                    static_cast<gid_t>(-1))
                 != 0)
        errno = 0;
    }
    if (c.flags & with_stdin) {
      int ends[2];
      if (pipe2(ends, O_CLOEXEC) != 0)
        return fail(errno, "pipe: %s", strerror(errno));
      streams[0] = ends[0];
      c.input = ends[1];
    } else {
      streams[0] = open("/dev/null", O_RDONLY | O_CLOEXEC);
    }
  }
  for (auto fd : {c.output[0], c.output[1], c.input})
    if (fd >= 0)
      set_nonblocking(fd);
  return {};
}

} // namespace

void answer_start(const container& c, uint32_t tag) {
  if (c.started == 0)
    return answer(tag, fail(ECHILD, "%s",
                            c.message[0] ? c.message : "killed at its start"));
  auto begin = begin_frame(frame_kind::answer, tag);
  wire_writer<buffer>{state.out}.u32(0).text("").i64(c.pid).i64(c.started);
  end_frame(begin);
}

void forget_askers() {
  // Another one's questions may have the same numbers.
  state.ending_tag = 0;
  for (auto c = state.containers; c != nullptr; c = c->next) {
    c->start_tags.wipe();
    c->stop_tags.wipe();
  }
}

void put_exit(buffer& out, const container& c) {
  wire_writer<buffer>{out}
      .text(c.id)
      .i64(c.pid)
      .i64(c.started)
      .i64(c.finished)
      .i64(c.code)
      .i64(c.signal)
      .text(c.reason)
      .text(c.message);
}

void tell_exit(container& c) {
  c.state = container_state::exited;
  write_state(c);
  auto begin = begin_frame(frame_kind::exited, 0);
  put_exit(state.out, c);
  end_frame(begin);
}

void finish_container(container& c) {
  for (int channel = 1; channel <= 2; ++channel) {
    on_output(c, channel);
    close_fd(c.output[channel - 1]);
  }
  end_log(c.log);
  close_log(c.log);
  close_fd(c.input);
  close_fd(c.channel);
  c.init = 0;
  c.kill_at = c.force_at = 0;
  // Its init has done it, unless it was killed.
  if (c.groups != nullptr) {
    kill_groups(c.groups, SIGKILL);
    remove_groups(c.groups);
  }
  if (!c.main_ended) {
    c.code = 128 + SIGKILL;
    c.signal = SIGKILL;
    c.reason = "Error";
    c.finished = now_ns();
  }
  tell_exit(c);
  answer_starts(c);
  answer_stops(c);
  end_streams(c);
}

failure launch_container(container& c) {
  int streams[3] = {-1, -1, -1};
  int channel[2] = {-1, -1};
  auto result = open_log(c.log, c.config.log_path, c.config.log_bytes,
                         c.config.log_files);
  if (!result)
    result = open_streams(c, streams);
  if (!result
      && socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, channel) != 0)
    result = fail(errno, "socketpair: %s", strerror(errno));
  int back = -1;
  auto separate = (state.flags & use_processes) != 0;
  if (!result && separate && (c.flags & shared_processes))
    result = enter_shared_processes(back);
  if (c.flags & by_runtime) {
    c.groups = copy_groups(c.config.groups_of_it);
    if (!result && (c.flags & shared_processes))
      result = start_pause();
  }
  if (!result) {
    unsigned long flags = SIGCHLD;
    if (separate && (c.flags & own_processes))
      flags |= CLONE_NEWPID;
    int on = 1;
    setsockopt(channel[0], SOL_SOCKET, SO_PASSCRED, &on, sizeof(on));
    c.init = static_cast<pid_t>(
        syscall(SYS_clone, flags, nullptr, nullptr, nullptr, nullptr));
    if (c.init == 0)
      run_init(c.config, state.flags, channel[1], streams);
    if (c.init < 0)
      result = fail(errno, "clone: %s", strerror(errno));
  }
  if (back >= 0)
    setns(back, CLONE_NEWPID);
  close_fd(back);
  for (auto& fd : streams)
    close_fd(fd);
  close_fd(channel[1]);
  c.channel = channel[0];
  return result;
}

container* find_container(const char* id) {
  for (auto c = state.containers; c != nullptr; c = c->next)
    if (strcmp(c->id, id) == 0)
      return c;
  return nullptr;
}

bool tell_init(container& c, const init_message& message,
               const int* descriptors, size_t count) {
  if (c.channel < 0)
    return false;
  auto copy = message;
  iovec part{&copy, sizeof(copy)};
  msghdr header{};
  header.msg_iov = &part;
  header.msg_iovlen = 1;
  alignas(cmsghdr) char space[CMSG_SPACE(4 * sizeof(int))] = {};
  if (count > 0) {
    header.msg_control = space;
    header.msg_controllen = CMSG_SPACE(count * sizeof(int));
    auto control = CMSG_FIRSTHDR(&header);
    control->cmsg_level = SOL_SOCKET;
    control->cmsg_type = SCM_RIGHTS;
    control->cmsg_len = CMSG_LEN(count * sizeof(int));
    memcpy(CMSG_DATA(control), descriptors, count * sizeof(int));
  }
  return sendmsg(c.channel, &header, MSG_NOSIGNAL | MSG_DONTWAIT) > 0;
}

void on_init_readable(container& c) {
  for (;;) {
    init_message message;
    iovec part{&message, sizeof(message)};
    alignas(cmsghdr) char
        space[CMSG_SPACE(sizeof(ucred)) + CMSG_SPACE(sizeof(int))] = {};
    msghdr header{};
    header.msg_iov = &part;
    header.msg_iovlen = 1;
    header.msg_control = space;
    header.msg_controllen = sizeof(space);
    auto size = recvmsg(c.channel, &header, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    if (size != sizeof(message)) {
      // At the end of the channel its death is told by SIGCHLD.
      if (size == 0)
        close_fd(c.channel);
      return;
    }
    auto pid = message.pid;
    int terminal = -1;
    for (auto control = CMSG_FIRSTHDR(&header); control != nullptr;
         control = CMSG_NXTHDR(&header, control)) {
      ucred who{};
      if (control->cmsg_type == SCM_RIGHTS)
        memcpy(&terminal, CMSG_DATA(control), sizeof(terminal));
      else if ((state.flags & use_processes)
               && (c.flags & (own_processes | shared_processes)) != 0
               && control->cmsg_type == SCM_CREDENTIALS) {
        memcpy(&who, CMSG_DATA(control), sizeof(who));
        pid = who.pid;
      }
    }
    if (message.what == init_message::terminal)
      take_terminal(c, message.id, terminal);
    else
      on_message(c, message, pid);
  }
}

void take_terminal(container& c, uint32_t id, int fd) {
  if (fd < 0)
    return;
  set_nonblocking(fd);
  if (id != 0) {
    if (!take_exec_terminal(id, fd))
      close(fd);
    return;
  }
  c.output[0] = fd;
  c.input = fcntl(fd, F_DUPFD_CLOEXEC, 3);
}

void on_output(container& c, int channel) {
  auto& fd = c.output[channel - 1];
  static char bytes[32 * 1024];
  while (fd >= 0) {
    auto size = read(fd, bytes, sizeof(bytes));
    if (size < 0 && errno == EINTR)
      continue;
    if (size < 0 && errno == EAGAIN)
      return;
    if (size <= 0)
      return close_fd(fd);
    copy_to_attached(c, channel, bytes, static_cast<size_t>(size));
    write_log(c.log, channel, bytes, static_cast<size_t>(size));
    // Others wait too; what has ended is read to its end.
    if (c.init != 0 && !c.main_ended)
      return;
  }
}

void on_init_gone(container& c, int) {
  if (c.channel >= 0)
    on_init_readable(c);
  if (!c.main_ended)
    sweep_strays();
  finish_container(c);
}

void kill_container(container& c) {
  init_message message;
  message.what = init_message::kill_all;
  c.kill_at = 0;
  c.force_at = now_ms() + force_after_ms;
  if (!tell_init(c, message))
    kill(c.init, SIGKILL);
}

void sweep_strays() {
  pid_t inits[512];
  size_t count = 0;
  if (state.pause > 0)
    inits[count++] = state.pause;
  for (auto c = state.containers; c != nullptr; c = c->next)
    if (c->init > 0 && count < sizeof(inits) / sizeof(inits[0]))
      inits[count++] = c->init;
  signal_descendants(getpid(), SIGKILL, inits, count);
}

} // namespace troupe::process::shim
