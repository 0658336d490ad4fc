#include "runtime/process/shim.hpp"

#include <climits>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

// The init of a container that an OCI runtime makes. It calls the runtime, and
// since it is a subreaper what the runtime leaves behind is its child: the
// container's own process, and those of commands. How a call ended and how its
// process ended may be told in either order.

namespace troupe::process::shim {

namespace {

/// Until the groups of what has ended can be removed.
constexpr int most_removals = 100;

struct process {
  pid_t pid = 0;
  uint32_t id = 0;
};

/// A call of the runtime that has not ended.
struct call {
  pid_t pid = 0;
  uint32_t id = 0;   ///< of what it starts; 0 is the container's own process
  int listener = -1; ///< where its terminal comes
  int signal = 0;    ///< for what it starts
};

struct ending {
  pid_t pid = 0;
  int status = 0;
};

process commands[1024];
size_t command_count = 0;
call calls[256];
size_t call_count = 0;
ending strays[256]; ///< ended before it was told what they are
size_t stray_count = 0;
const container_config* config = nullptr;
pid_t main_pid = 0;
int main_status = 0;
bool main_over = false;
bool gave_up = false;

void tell(const init_message& message, int fd = -1) {
  auto copy = message;
  iovec part{&copy, sizeof(copy)};
  msghdr header{};
  header.msg_iov = &part;
  header.msg_iovlen = 1;
  alignas(cmsghdr) char space[CMSG_SPACE(sizeof(int))] = {};
  if (fd >= 0) {
    header.msg_control = space;
    header.msg_controllen = sizeof(space);
    auto control = CMSG_FIRSTHDR(&header);
    control->cmsg_level = SOL_SOCKET;
    control->cmsg_type = SCM_RIGHTS;
    control->cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(control), &fd, sizeof(fd));
  }
  while (sendmsg(channel_fd, &header, MSG_NOSIGNAL) < 0 && errno == EINTR) {
  }
}

void tell(init_message::kind what, uint32_t id, int value, int64_t pid = 0) {
  init_message message;
  message.what = what;
  message.id = id;
  message.value = value;
  message.pid = pid;
  tell(message);
}

void tell_failed(uint32_t id, const failure& why) {
  init_message message;
  message.what = init_message::failed;
  message.id = id;
  message.value = why.code;
  snprintf(message.text, sizeof(message.text), "%s", why.text);
  tell(message);
}

// -- the end ------------------------------------------------------------------

bool was_out_of_memory() {
  auto file = fopen(config->oom_file, "re");
  if (file == nullptr)
    return false;
  char line[128];
  unsigned long long count = 0;
  while (fgets(line, sizeof(line), file) != nullptr
         && sscanf(line, "oom_kill %llu", &count) != 1) {
  }
  fclose(file);
  return count > 0;
}

void on_ended(pid_t pid, int status);

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

[[noreturn]] void end_all() {
  gave_up = true;
  for (int pause = 1;; pause = pause < 100 ? pause * 2 : 100) {
    auto met = kill_groups(config->groups_of_it, SIGKILL);
    if (reap())
      met += signal_descendants(getpid(), SIGKILL);
    if (!reap() && met == 0)
      break;
    poll(nullptr, 0, pause);
  }
  init_message message;
  message.what = init_message::exited;
  message.value = main_over ? main_status : SIGKILL;
  message.flags = was_out_of_memory() ? 1 : 0;
  if (main_pid != 0)
    tell(message);
  for (int i = 0; i < most_removals && !remove_groups(config->groups_of_it);
       ++i)
    poll(nullptr, 0, i / 10 + 1);
  _exit(0);
}

// -- calls of the runtime -----------------------------------------------------

struct names {
  char pid_file[32];
  char log[32];
  char terminal[32];
  char command[32];

  explicit names(uint32_t id) {
    snprintf(pid_file, sizeof(pid_file), "pid-%u", id);
    snprintf(log, sizeof(log), "log-%u", id);
    snprintf(terminal, sizeof(terminal), "terminal-%u", id);
    snprintf(command, sizeof(command), "command-%u", id);
  }

  void remove() const {
    for (auto name : {pid_file, log, terminal, command})
      unlink(name);
  }
};

/// Calls the runtime to start the container (id 0) or a command in it.
failure begin_call(uint32_t id, bool tty, const int streams[3]) {
  if (call_count == sizeof(calls) / sizeof(calls[0]))
    return fail(EAGAIN, "too many commands at once");
  names n{id};
  char log[64];
  char pid_file[64];
  char terminal[64];
  char command[64];
  snprintf(log, sizeof(log), "--log=%s", n.log);
  snprintf(pid_file, sizeof(pid_file), "--pid-file=%s", n.pid_file);
  snprintf(terminal, sizeof(terminal), "--console-socket=%s", n.terminal);
  snprintf(command, sizeof(command), "--process=%s", n.command);
  const char* arguments[12] = {
      config->runtime, "--root=state", log,      "--log-format=json",
      "run",           "--detach",     pid_file, "--bundle=."};
  size_t count = 8;
  if (id != 0) {
    arguments[4] = "exec";
    arguments[7] = command;
  }
  call c;
  c.id = id;
  if (tty) {
    if (auto result = await_terminal(n.terminal, c.listener))
      return result;
    arguments[count++] = terminal;
  }
  arguments[count++] = config->id;
  arguments[count] = nullptr;
  auto result = call_runtime(arguments, streams, c.pid);
  if (result)
    close_fd(c.listener);
  else
    calls[call_count++] = c;
  return result;
}

pid_t read_pid(const char* path) {
  auto fd = open(path, O_RDONLY | O_CLOEXEC);
  char text[32] = {0};
  auto size = fd >= 0 ? read(fd, text, sizeof(text) - 1) : 0;
  close_fd(fd);
  return size > 0 ? atoi(text) : 0;
}

/// What the call started runs, or has ended already.
void on_running(const call& c, pid_t pid) {
  if (c.listener >= 0) {
    init_message message;
    message.what = init_message::terminal;
    message.id = c.id;
    auto terminal = take_terminal_of(c.listener);
    tell(message, terminal);
    close_fd(terminal);
  }
  tell(init_message::started, c.id, 0, pid);
  if (c.id == 0)
    main_pid = pid;
  else
    commands[command_count++] = process{pid, c.id};
  if (c.signal != 0)
    kill(pid, c.signal);
  for (size_t i = 0; i < stray_count; ++i)
    if (strays[i].pid == pid) {
      auto status = strays[i].status;
      strays[i] = strays[--stray_count];
      return on_ended(pid, status);
    }
}

void finish_call(call c, int status) {
  names n{c.id};
  auto pid = status == 0 ? read_pid(n.pid_file) : 0;
  if (gave_up) {
    if (pid > 0)
      kill(pid, SIGKILL);
  } else if (pid > 0) {
    on_running(c, pid);
  } else {
    auto result = fail(EINVAL, "%s ends with status %d", config->runtime,
                       WIFEXITED(status) ? WEXITSTATUS(status) : status);
    read_complaint(n.log, result);
    tell_failed(c.id, result);
  }
  close_fd(c.listener);
  n.remove();
  if (c.id == 0 && pid == 0 && !gave_up)
    end_all();
}

void on_ended(pid_t pid, int status) {
  if (pid == main_pid) {
    main_over = true;
    main_status = status;
    return;
  }
  for (size_t i = 0; i < call_count; ++i)
    if (calls[i].pid == pid) {
      auto c = calls[i];
      calls[i] = calls[--call_count];
      finish_call(c, status);
      if (call_count == 0)
        stray_count = 0;
      return;
    }
  for (size_t i = 0; i < command_count; ++i)
    if (commands[i].pid == pid) {
      tell(init_message::exited, commands[i].id, status);
      commands[i] = commands[--command_count];
      return;
    }
  if (call_count > 0 && stray_count < sizeof(strays) / sizeof(strays[0]))
    strays[stray_count++] = ending{pid, status};
}

// -- what the shim asks for ---------------------------------------------------

void on_exec(const init_message& message, const int fds[4]) {
  if (command_count + call_count >= sizeof(commands) / sizeof(commands[0]))
    return tell_failed(message.id, fail(EAGAIN, "too many commands at once"));
  told_fields told{fds[0]};
  if (told.problem)
    return tell_failed(message.id, told.problem);
  auto words = parse_texts(told.fields);
  auto tty = (message.flags & with_tty) != 0;
  buffer description;
  put_command(description, words, config->command, tty);
  free(words);
  names n{message.id};
  auto fd = open(n.command, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  auto written =
      fd >= 0 ? write(fd, description.data(), description.size()) : -1;
  failure result;
  if (written != static_cast<ssize_t>(description.size()))
    result = fail(errno, "command: %s", strerror(errno));
  close_fd(fd);
  if (!result)
    result = begin_call(message.id, tty, fds + 1);
  if (result) {
    n.remove();
    tell_failed(message.id, result);
  }
}

void on_signal(const init_message& message) {
  // What is about to start gets it then.
  for (size_t i = 0; i < call_count; ++i)
    if (calls[i].id == message.id)
      calls[i].signal = message.value;
  if (message.id == 0 && main_pid != 0 && !main_over)
    kill(main_pid, message.value);
  for (size_t i = 0; i < command_count && message.id != 0; ++i)
    if (commands[i].id == message.id) {
      // It leads a session: its group holds what a shell started for it.
      kill(-commands[i].pid, message.value);
      kill(commands[i].pid, message.value);
    }
}

void begin() {
  int streams[3] = {stream_fd, stream_fd + 1, stream_fd + 2};
  auto result = build_bundle(*config, node_fd, state.pause);
  close(node_fd);
  if (!result)
    result = begin_call(0, (config->flags & with_tty) != 0, streams);
  for (auto fd : streams)
    close(fd);
  if (result) {
    tell_failed(0, result);
    end_all();
  }
}

} // namespace

void run_by_runtime(const container_config& asked) {
  config = &asked;
  begin();
  serve_init(
      {[] { reap(); }, [] { return main_over; }, end_all, on_exec, on_signal});
}

} // namespace troupe::process::shim
