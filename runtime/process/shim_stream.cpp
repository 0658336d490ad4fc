#include "runtime/process/shim.hpp"

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

namespace troupe::process::shim {

namespace {

/// Most that waits for Troupe to read it before streams pause.
constexpr size_t most_waiting = 1 << 20;

stream* find_stream(uint32_t tag) {
  for (auto s = state.streams; s != nullptr; s = s->next)
    if (s->tag == tag)
      return s;
  return nullptr;
}

void tell_ended(const stream& s, const char* error) {
  auto begin = begin_frame(frame_kind::ended, s.tag);
  wire_writer<buffer>{state.out}.i64(s.code).text(error);
  end_frame(begin);
}

void tell_output(uint32_t tag, int channel, const char* data, size_t size) {
  auto begin = begin_frame(frame_kind::output, tag);
  wire_writer<buffer>{state.out}
      .u32(static_cast<uint32_t>(channel))
      .text({data, size});
  end_frame(begin);
}

/// Ends the stream when its process has and all it wrote is told.
void settle(stream& s) {
  if (s.ended && s.output[0] < 0 && s.output[1] < 0) {
    tell_ended(s, "");
    free_stream(&s);
  }
}

void give_back_input(stream& s) {
  if (!s.pending.empty() || s.input_chunks == 0)
    return;
  auto begin = begin_frame(frame_kind::input_credit, s.tag);
  wire_writer<buffer>{state.out}.u32(s.input_chunks);
  end_frame(begin);
  s.input_chunks = 0;
}

void close_input(stream& s) {
  if (s.attached) {
    if (s.owner->flags & stdin_once)
      close_fd(s.owner->input);
    return;
  }
  // A terminal is told by its end-of-file character.
  if (s.tty && s.input >= 0) {
    char end = 4;
    [[maybe_unused]] auto written = write(s.input, &end, 1);
  }
  close_fd(s.input);
}

failure open_exec_streams(stream& s, bool with_input, int remote[3]) {
  if (s.tty && (s.owner->flags & by_runtime)) {
    // Its terminal comes with its start.
    for (int i = 0; i < 3; ++i)
      remote[i] = open("/dev/null", O_RDWR | O_CLOEXEC);
  } else if (s.tty) {
    auto master = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC);
    int unlock = 0;
    if (master < 0 || ioctl(master, TIOCSPTLCK, &unlock) != 0)
      return fail(errno, "terminal: %s", strerror(errno));
    s.output[0] = master;
    s.input = fcntl(master, F_DUPFD_CLOEXEC, 3);
    for (int i = 0; i < 3; ++i)
      remote[i] = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
  } else {
    // crun gives the process' streams to its user: not the machine's /dev/null.
    auto by_pipe = with_input || (s.owner->flags & by_runtime);
    int ends[3][2] = {{-1, -1}, {-1, -1}, {-1, -1}};
    for (int i = by_pipe ? 0 : 1; i < 3; ++i)
      if (pipe2(ends[i], O_CLOEXEC) != 0)
        return fail(errno, "pipe: %s", strerror(errno));
    s.input = ends[0][1];
    if (!with_input)
      close_fd(s.input);
    remote[0] = by_pipe ? ends[0][0] : open("/dev/null", O_RDONLY | O_CLOEXEC);
    for (int i = 1; i < 3; ++i) {
      s.output[i - 1] = ends[i][0];
      remote[i] = ends[i][1];
    }
  }
  for (auto fd : {s.input, s.output[0], s.output[1]})
    if (fd >= 0)
      set_nonblocking(fd);
  return {};
}

failure send_exec(stream& s, wire_reader command, const int remote[3]) {
  auto memory = memfd_create("command", MFD_CLOEXEC);
  auto size = command.end - command.at;
  if (memory < 0
      || write(memory, command.at, static_cast<size_t>(size)) != size)
    return fail(errno, "command: %s", strerror(errno));
  int fds[4] = {memory, remote[0], remote[1], remote[2]};
  init_message message;
  message.what = init_message::exec;
  message.id = s.tag;
  message.flags = s.tty ? static_cast<uint32_t>(with_tty) : 0;
  auto sent = tell_init(*s.owner, message, fds, 4);
  close(memory);
  return sent ? failure{} : fail(ESRCH, "the container is ending");
}

void resize(const stream& s, uint32_t width, uint32_t height) {
  auto fd = s.attached ? s.owner->output[0] : s.output[0];
  auto tty = s.attached ? (s.owner->flags & with_tty) != 0 : s.tty;
  if (!tty || fd < 0 || width == 0 || height == 0)
    return;
  winsize size{};
  size.ws_col = static_cast<unsigned short>(width);
  size.ws_row = static_cast<unsigned short>(height);
  ioctl(fd, TIOCSWINSZ, &size);
}

void kill_exec(const stream& s) {
  if (s.attached || s.ended)
    return;
  init_message message;
  message.what = init_message::send;
  message.id = s.tag;
  message.value = SIGKILL;
  tell_init(*s.owner, message);
}

container* owner_of(uint32_t tag, wire_reader& fields) {
  auto id = fields.text();
  auto c = find_container(id.data());
  if (c == nullptr)
    answer(tag, fail(ENOENT, "no container %s", id.data()));
  else if (c->state != container_state::running || c->channel < 0) {
    answer(tag, fail(ESRCH, "container %s is not running", id.data()));
    return nullptr;
  }
  return c;
}

stream* add_stream(uint32_t tag, container* owner) {
  auto s = new stream;
  s->tag = tag;
  s->owner = owner;
  s->next = state.streams;
  state.streams = s;
  return s;
}

} // namespace

void free_stream(stream* s) {
  for (auto at = &state.streams; *at != nullptr; at = &(*at)->next)
    if (*at == s) {
      *at = s->next;
      break;
    }
  close_fd(s->input);
  close_fd(s->output[0]);
  close_fd(s->output[1]);
  delete s;
}

void on_exec(uint32_t tag, wire_reader fields) {
  auto owner = owner_of(tag, fields);
  if (owner == nullptr)
    return;
  auto flags = fields.u32();
  auto s = add_stream(tag, owner);
  s->tty = (flags & with_tty) != 0;
  s->credit = fields.u32();
  s->width = fields.u32();
  s->height = fields.u32();
  int remote[3] = {-1, -1, -1};
  auto result = open_exec_streams(*s, (flags & with_stdin) != 0, remote);
  if (!result) {
    resize(*s, s->width, s->height);
    result = send_exec(*s, fields, remote);
  }
  for (auto& fd : remote)
    close_fd(fd);
  if (result) {
    free_stream(s);
    answer(tag, result);
  }
}

void on_attach(uint32_t tag, wire_reader fields) {
  auto owner = owner_of(tag, fields);
  if (owner == nullptr)
    return;
  auto flags = fields.u32();
  if ((flags & with_stdin) && owner->input < 0)
    return answer(tag, fail(EINVAL, "the container has no standard input"));
  auto s = add_stream(tag, owner);
  s->attached = s->started = true;
  s->feeds = (flags & with_stdin) != 0;
  s->credit = fields.u32();
  answer(tag);
}

void on_input(uint32_t tag, wire_reader fields) {
  auto s = find_stream(tag);
  if (s == nullptr)
    return;
  auto data = fields.text();
  if (++s->input_chunks <= 2 * input_window)
    s->pending.append(data.data(), data.size());
  if (fields.u32() != 0)
    s->input_done = true;
  on_stream_writable(*s);
}

void on_stream_writable(stream& s) {
  auto& fd = s.attached ? s.owner->input : s.input;
  while (!s.pending.empty() && fd >= 0) {
    auto written = write(fd, s.pending.data(), s.pending.size());
    if (written < 0 && errno == EINTR)
      continue;
    if (written < 0 && errno == EAGAIN)
      return;
    if (written <= 0)
      close_fd(fd); // Nobody reads it any more.
    else
      s.pending.consume(static_cast<size_t>(written));
  }
  if (fd < 0)
    s.pending.wipe();
  give_back_input(s);
  if (s.input_done && s.pending.empty())
    close_input(s);
}

void on_stream_readable(stream& s, int channel) {
  auto& fd = s.output[channel - 1];
  static char bytes[32 * 1024];
  while (fd >= 0 && s.credit > 0 && state.out.size() < most_waiting) {
    auto size = read(fd, bytes, sizeof(bytes));
    if (size < 0 && errno == EINTR)
      continue;
    if (size < 0 && errno == EAGAIN && !s.ended)
      return;
    if (size <= 0) {
      close_fd(fd);
      break;
    }
    --s.credit;
    tell_output(s.tag, channel, bytes, static_cast<size_t>(size));
  }
  settle(s);
}

void on_credit(uint32_t tag, wire_reader fields) {
  auto s = find_stream(tag);
  if (s == nullptr)
    return;
  s->credit += fields.u32();
  if (!s->ended || s->attached)
    return;
  // Whatever is left is read now: no event would tell of it.
  on_stream_readable(*s, 1);
  if (find_stream(tag) != nullptr)
    on_stream_readable(*s, 2);
}

void on_resize(uint32_t tag, wire_reader fields) {
  auto width = fields.u32();
  auto height = fields.u32();
  if (auto s = find_stream(tag)) {
    s->width = width;
    s->height = height;
    resize(*s, width, height);
  }
}

void on_close(uint32_t tag) {
  if (auto s = find_stream(tag)) {
    kill_exec(*s);
    // Kubernetes: stdinOnce ends with the first who was attached.
    if (s->feeds)
      close_input(*s);
    free_stream(s);
  }
}

bool take_exec_terminal(uint32_t tag, int fd) {
  auto s = find_stream(tag);
  if (s == nullptr || s->ended)
    return false;
  s->output[0] = fd;
  s->input = fcntl(fd, F_DUPFD_CLOEXEC, 3);
  resize(*s, s->width, s->height);
  on_stream_writable(*s);
  return true;
}

void on_exec_message(const init_message& message) {
  auto s = find_stream(message.id);
  if (s == nullptr)
    return;
  if (message.what == init_message::started) {
    s->started = true;
    answer(s->tag);
  } else if (message.what == init_message::failed) {
    answer(s->tag, fail(message.value, "%s", message.text));
    free_stream(s);
  } else if (message.what == init_message::exited) {
    auto status = message.value;
    s->ended = true;
    s->code =
        WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
    close_fd(s->input);
    on_credit(s->tag, wire_reader{});
  }
}

void copy_to_attached(container& c, int channel, const char* data,
                      size_t size) {
  for (auto s = state.streams; s != nullptr; s = s->next) {
    // A slow reader misses output rather than stop the container; all of it is
    // in the log.
    if (!s->attached || s->owner != &c || s->credit == 0
        || state.out.size() >= most_waiting)
      continue;
    --s->credit;
    tell_output(s->tag, channel, data, size);
  }
}

void end_streams(container& c) {
  for (auto s = state.streams; s != nullptr;) {
    auto next = s->next;
    if (s->owner == &c) {
      if (!s->started)
        answer(s->tag, fail(ESRCH, "the container has ended"));
      if (s->attached)
        s->code = c.code;
      if (s->started)
        tell_ended(*s,
                   s->ended || s->attached ? "" : "the container has ended");
      free_stream(s);
    }
    s = next;
  }
}

void drop_streams() {
  while (state.streams != nullptr) {
    kill_exec(*state.streams);
    free_stream(state.streams);
  }
}

} // namespace troupe::process::shim
