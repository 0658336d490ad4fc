#include "runtime/process/shim.hpp"

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <poll.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
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

namespace {

void drop_control() {
  close_fd(state.control);
  state.in.wipe();
  state.out.wipe();
  forget_askers();
  drop_streams();
}

} // namespace

void flush_control() {
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

namespace {

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
  if (pid == state.pause) {
    state.pause = 0;
    close_fd(state.pause_life);
  }
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
    flush_control();
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

} // namespace

void run_loop() {
  for (;;) {
    flush_control();
    if (state.ending && all_ended())
      finish_pod();
    collect();
    auto timeout = next_deadline();
    if (poll(polled.fds, polled.count, timeout) > 0)
      dispatch();
    on_deadlines();
  }
}

} // namespace troupe::process::shim
