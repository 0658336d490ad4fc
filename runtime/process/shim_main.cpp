#include "runtime/process/shim.hpp"

#include <climits>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

namespace troupe::process::shim {

shim_state state;

size_t begin_frame(frame_kind kind, uint32_t tag) {
  auto begin = state.out.size();
  frame_header header;
  header.kind = kind;
  header.tag = tag;
  wire_writer<buffer>{state.out}.number(header);
  return begin;
}

void end_frame(size_t begin) {
  if (state.control < 0)
    return state.out.wipe();
  auto size = state.out.size() - begin - sizeof(frame_header);
  auto raw = static_cast<uint32_t>(size);
  memcpy(state.out.data() + begin, &raw, sizeof(raw));
}

void answer(uint32_t tag, const failure& result) {
  auto begin = begin_frame(frame_kind::answer, tag);
  wire_writer<buffer>{state.out}
      .u32(static_cast<uint32_t>(result.code))
      .text(result.text);
  end_frame(begin);
}

failure map_identity() {
  auto put = [](const char* path, const char* text) {
    auto fd = open(path, O_WRONLY | O_CLOEXEC);
    auto written = fd >= 0 && write(fd, text, strlen(text)) > 0;
    if (fd >= 0)
      close(fd);
    return written;
  };
  auto uid = geteuid();
  auto gid = getegid();
  if (unshare(CLONE_NEWUSER) != 0)
    return fail(errno, "user namespace: %s", strerror(errno));
  char user[64];
  char group[64];
  snprintf(user, sizeof(user), "%u %u 1", uid, uid);
  snprintf(group, sizeof(group), "%u %u 1", gid, gid);
  if (!put("/proc/self/setgroups", "deny") || !put("/proc/self/uid_map", user)
      || !put("/proc/self/gid_map", group))
    return fail(errno, "map the user into its namespace: %s", strerror(errno));
  return {};
}

namespace {

constexpr int inherited_control = 3;

failure raise_loopback() {
  auto fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0)
    return {};
  ifreq request{};
  strcpy(request.ifr_name, "lo");
  auto done = ioctl(fd, SIOCGIFFLAGS, &request) == 0;
  request.ifr_flags |= IFF_UP | IFF_RUNNING;
  done = done && ioctl(fd, SIOCSIFFLAGS, &request) == 0;
  auto code = errno;
  close(fd);
  return done ? failure{} : fail(code, "loopback: %s", strerror(code));
}

failure join_network(const char* path) {
  auto fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0 || setns(fd, CLONE_NEWNET) != 0) {
    auto code = errno;
    if (fd >= 0)
      close(fd);
    return fail(code, "network namespace %s: %s", path, strerror(code));
  }
  close(fd);
  return {};
}

failure separate(const char* hostname, const char* network_path) {
  if (state.flags & use_user_namespace)
    if (auto result = map_identity())
      return result;
  if (state.flags & own_network) {
    if (unshare(CLONE_NEWNET) != 0)
      return fail(errno, "network namespace: %s", strerror(errno));
    if (auto result = raise_loopback())
      return result;
  } else if (network_path[0] != '\0') {
    if (auto result = join_network(network_path))
      return result;
  }
  // Without rights the host's name stays; HOSTNAME says the pod's.
  if (hostname[0] != '\0' && unshare(CLONE_NEWUTS) == 0)
    if (sethostname(hostname, strlen(hostname)) != 0)
      return fail(errno, "hostname %s: %s", hostname, strerror(errno));
  return {};
}

failure listen_here() {
  state.listener =
      socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  strcpy(address.sun_path, "shim.sock");
  unlink(address.sun_path);
  auto mask = umask(077);
  auto bound = bind(state.listener, reinterpret_cast<sockaddr*>(&address),
                    sizeof(address))
                   == 0
               && listen(state.listener, 8) == 0;
  umask(mask);
  return bound ? failure{} : fail(errno, "shim.sock: %s", strerror(errno));
}

/// Number of the pid's life: with it a pid is never mistaken for another's.
unsigned long long start_time() {
  char text[1024];
  auto fd = open("/proc/self/stat", O_RDONLY | O_CLOEXEC);
  auto size = fd >= 0 ? read(fd, text, sizeof(text) - 1) : 0;
  if (fd >= 0)
    close(fd);
  text[size > 0 ? size : 0] = '\0';
  auto at = strrchr(text, ')');
  for (int i = 0; at != nullptr && i < 20; ++i)
    at = strchr(at + 1, ' ');
  return at == nullptr ? 0 : strtoull(at, nullptr, 10);
}

failure write_pid() {
  auto fd = open("shim.pid", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (fd < 0)
    return fail(errno, "shim.pid: %s", strerror(errno));
  dprintf(fd, "%d %llu\n", getpid(), start_time());
  close(fd);
  return {};
}

void watch_signals() {
  for (int i = 1; i < 32; ++i)
    signal(i, SIG_DFL);
  signal(SIGPIPE, SIG_IGN);
  sigset_t all;
  sigfillset(&all);
  sigprocmask(SIG_SETMASK, &all, nullptr);
  sigset_t watched;
  sigemptyset(&watched);
  for (auto number : {SIGCHLD, SIGTERM, SIGINT})
    sigaddset(&watched, number);
  state.signals = signalfd(-1, &watched, SFD_CLOEXEC | SFD_NONBLOCK);
}

failure begin_pod(wire_reader fields) {
  state.flags = fields.u32();
  auto folder = fields.text().data();
  auto hostname = fields.text().data();
  auto network_path = fields.text().data();
  if (!fields.good)
    return fail(EINVAL, "the sandbox's description cannot be read");
  if (chdir(folder) != 0)
    return fail(errno, "%s: %s", folder, strerror(errno));
  auto result = separate(hostname, network_path);
  if (!result)
    result = write_pid();
  if (!result)
    result = listen_here();
  return result;
}

void on_frame(const frame_header& header, const char* payload) {
  wire_reader fields{payload, payload + header.size};
  auto tag = header.tag;
  switch (header.kind) {
    case frame_kind::list:
      return on_list(tag);
    case frame_kind::create:
      return on_create(tag, payload, header.size);
    case frame_kind::start:
      return on_start(tag, fields);
    case frame_kind::stop:
      return on_stop(tag, fields);
    case frame_kind::signal:
      return on_signal(tag, fields);
    case frame_kind::remove:
      return on_remove(tag, fields);
    case frame_kind::exec:
      return on_exec(tag, fields);
    case frame_kind::attach:
      return on_attach(tag, fields);
    case frame_kind::input:
      return on_input(tag, fields);
    case frame_kind::credit:
      return on_credit(tag, fields);
    case frame_kind::resize:
      return on_resize(tag, fields);
    case frame_kind::close:
      return on_close(tag);
    case frame_kind::reopen:
      return on_reopen(tag, fields);
    case frame_kind::shutdown:
      return on_shutdown(tag);
    default:
      answer(tag, fail(ENOSYS, "no such request"));
  }
}

void drop_control() {
  close_fd(state.control);
  state.in.wipe();
  state.out.wipe();
  drop_streams();
}

void on_control_readable() {
  auto room = state.in.room(32 * 1024);
  auto size = read(state.control, room, 32 * 1024);
  if (size < 0 && (errno == EAGAIN || errno == EINTR))
    return;
  if (size <= 0)
    return drop_control();
  state.in.grown(static_cast<size_t>(size));
  size_t at = 0;
  while (state.control >= 0 && state.in.size() - at >= sizeof(frame_header)) {
    frame_header header;
    memcpy(&header, state.in.data() + at, sizeof(header));
    if (header.size > max_frame)
      return drop_control();
    if (state.in.size() - at < sizeof(header) + header.size)
      break;
    on_frame(header, state.in.data() + at + sizeof(header));
    at += sizeof(header) + header.size;
  }
  if (state.control >= 0)
    state.in.consume(at);
  // Creations carry secrets: nothing of them stays behind.
  if (state.in.empty())
    state.in.wipe();
}

void flush() {
  while (state.control >= 0 && !state.out.empty()) {
    auto written = send(state.control, state.out.data(), state.out.size(),
                        MSG_NOSIGNAL | MSG_DONTWAIT);
    if (written < 0 && errno == EINTR)
      continue;
    if (written < 0 && errno == EAGAIN)
      return;
    if (written <= 0)
      return drop_control();
    state.out.consume(static_cast<size_t>(written));
  }
}

/// The newest connection counts: the one before is from a Troupe that is gone.
void on_connect() {
  auto fd =
      accept4(state.listener, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
  if (fd < 0)
    return;
  ucred who{};
  socklen_t size = sizeof(who);
  if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &size) != 0
      || (who.uid != geteuid() && who.uid != 0)) {
    close(fd);
    return;
  }
  drop_control();
  state.control = fd;
}

void on_child_ended(pid_t pid, int status) {
  for (auto c = state.containers; c != nullptr; c = c->next)
    if (c->init == pid)
      return on_init_gone(*c, status);
}

void on_signals() {
  signalfd_siginfo info{};
  while (read(state.signals, &info, sizeof(info)) > 0)
    if (info.ssi_signo != SIGCHLD)
      on_shutdown(0);
  int status = 0;
  for (pid_t pid; (pid = waitpid(-1, &status, WNOHANG)) > 0;)
    on_child_ended(pid, status);
}

void on_deadlines() {
  auto now = now_ms();
  for (auto c = state.containers; c != nullptr; c = c->next) {
    if (c->kill_at != 0 && c->kill_at <= now)
      kill_container(*c);
    if (c->force_at != 0 && c->force_at <= now && c->init > 0) {
      c->force_at = now + 1000;
      kill(c->init, SIGKILL);
    }
  }
}

int next_deadline() {
  int64_t next = -1;
  for (auto c = state.containers; c != nullptr; c = c->next)
    for (auto at : {c->kill_at, c->force_at})
      if (at != 0 && (next < 0 || at < next))
        next = at;
  if (next < 0)
    return -1;
  auto left = next - now_ms();
  return left < 0 ? 0 : static_cast<int>(left);
}

bool all_ended() {
  for (auto c = state.containers; c != nullptr; c = c->next)
    if (c->init != 0)
      return false;
  return true;
}

[[noreturn]] void finish_pod() {
  sweep_strays();
  // The folder is removed as soon as this is answered.
  unlink("shim.sock");
  answer(state.ending_tag);
  for (int i = 0; i < 100 && state.control >= 0 && !state.out.empty(); ++i) {
    flush();
    pollfd fd{state.control, POLLOUT, 0};
    poll(&fd, 1, 10);
  }
  _exit(0);
}

/// What is polled, and whom it concerns.
struct watched {
  container* c = nullptr;
  uint32_t stream = 0;
  int channel = 0; ///< 0 its init, 1 output, 2 error, 3 input
};

struct poll_set {
  pollfd* fds = nullptr;
  watched* what = nullptr;
  size_t count = 0;
  size_t capacity = 0;

  void add(int fd, short events, watched w) {
    if (fd < 0)
      return;
    if (count == capacity) {
      capacity = capacity == 0 ? 16 : capacity * 2;
      fds = static_cast<pollfd*>(realloc(fds, capacity * sizeof(pollfd)));
      what = static_cast<watched*>(realloc(what, capacity * sizeof(watched)));
      if (fds == nullptr || what == nullptr)
        abort();
    }
    fds[count] = pollfd{fd, events, 0};
    what[count++] = w;
  }
};

poll_set polled;

void collect() {
  polled.count = 0;
  polled.add(state.signals, POLLIN, {});
  polled.add(state.listener, POLLIN, {});
  polled.add(state.control,
             static_cast<short>(POLLIN | (state.out.empty() ? 0 : POLLOUT)),
             {});
  for (auto c = state.containers; c != nullptr; c = c->next) {
    polled.add(c->channel, POLLIN, {c, 0, 0});
    for (int channel = 1; channel <= 2; ++channel)
      polled.add(c->output[channel - 1], POLLIN, {c, 0, channel});
  }
  for (auto s = state.streams; s != nullptr; s = s->next) {
    for (int channel = 1; channel <= 2 && !s->attached; ++channel)
      if (s->credit > 0)
        polled.add(s->output[channel - 1], POLLIN, {nullptr, s->tag, channel});
    if (!s->pending.empty())
      polled.add(s->attached ? s->owner->input : s->input, POLLOUT,
                 {nullptr, s->tag, 3});
  }
}

bool is_live(const container* wanted) {
  for (auto c = state.containers; c != nullptr; c = c->next)
    if (c == wanted)
      return true;
  return false;
}

void dispatch_stream(const watched& w) {
  for (auto s = state.streams; s != nullptr; s = s->next)
    if (s->tag == w.stream) {
      if (w.channel == 3)
        on_stream_writable(*s);
      else
        on_stream_readable(*s, w.channel);
      return;
    }
}

void dispatch() {
  for (size_t i = 0; i < polled.count; ++i) {
    if (polled.fds[i].revents == 0)
      continue;
    auto fd = polled.fds[i].fd;
    auto w = polled.what[i];
    if (w.stream != 0)
      dispatch_stream(w);
    else if (w.c != nullptr && is_live(w.c)) {
      if (w.channel != 0)
        on_output(*w.c, w.channel);
      else if (w.c->channel == fd)
        on_init_readable(*w.c);
    } else if (fd == state.control && (polled.fds[i].revents & ~POLLOUT))
      on_control_readable();
  }
  if (polled.fds[1].revents != 0)
    on_connect();
  on_signals();
}

[[noreturn]] void run() {
  for (;;) {
    flush();
    if (state.ending && all_ended())
      finish_pod();
    collect();
    auto timeout = next_deadline();
    if (poll(polled.fds, polled.count, timeout) > 0)
      dispatch();
    on_deadlines();
  }
}

/// The first frame says which pod this is.
bool read_first(frame_header& header) {
  auto read_all = [](char* at, size_t size) {
    while (size > 0) {
      auto got = read(inherited_control, at, size);
      if (got <= 0)
        return false;
      at += got;
      size -= static_cast<size_t>(got);
    }
    return true;
  };
  if (!read_all(reinterpret_cast<char*>(&header), sizeof(header))
      || header.kind != frame_kind::init || header.size > max_frame)
    return false;
  if (!read_all(state.in.room(header.size), header.size))
    return false;
  state.in.grown(header.size);
  return true;
}

int serve() {
  // Away from the terminal, the session and the children of Troupe.
  auto pid = fork();
  if (pid != 0)
    return pid < 0 ? 1 : 0;
  setsid();
  prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
  frame_header header;
  if (!read_first(header))
    return 1;
  watch_signals();
  umask(022);
  state.control = fcntl(inherited_control, F_DUPFD_CLOEXEC, 10);
  close(inherited_control);
  set_nonblocking(state.control);
  auto result = begin_pod({state.in.data(), state.in.data() + header.size});
  state.in.wipe();
  auto begin = begin_frame(frame_kind::answer, header.tag);
  wire_writer<buffer>{state.out}
      .u32(static_cast<uint32_t>(result.code))
      .text(result.text)
      .i64(getpid());
  end_frame(begin);
  flush();
  if (result)
    return 1;
  run();
}

} // namespace

} // namespace troupe::process::shim

int main(int argc, char** argv) {
  using namespace troupe::process::shim;
  if (argc == 2 && strcmp(argv[1], "--probe") == 0)
    return probe();
  if (argc == 3 && strcmp(argv[1], "--pod") == 0)
    return serve();
  fprintf(stderr, "troupe-shim holds the containers of one pod; it is started "
                  "by troupe and not by hand\n");
  return 2;
}
