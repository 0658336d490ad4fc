#include "actors/client/input_reader.hpp"

#include "messages/codec.hpp"
#include "messages/container.pb.h"

#include <caf/send.hpp>

#include <csignal>
#include <fcntl.h>
#include <poll.h>
#include <string>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <unistd.h>

namespace troupe {

namespace {

constexpr size_t chunk_size = 32 * 1024;

} // namespace

input_reader::input_reader(const stream_source& source, caf::actor to,
                           uint64_t stream)
    : source_(source), to_(std::move(to)), stream_(stream) {
  if (source_.terminal >= 0) {
    sigset_t wanted;
    sigemptyset(&wanted);
    sigaddset(&wanted, SIGWINCH);
    resized_ = signalfd(-1, &wanted, SFD_CLOEXEC | SFD_NONBLOCK);
  }
  if (pipe2(control_, O_CLOEXEC) == 0)
    thread_ = std::thread{[this] { run(); }};
}

input_reader::~input_reader() {
  if (thread_.joinable()) {
    close(control_[1]);
    thread_.join();
    close(control_[0]);
  }
  if (resized_ >= 0)
    close(resized_);
}

void input_reader::allow(uint32_t chunks) {
  if (!thread_.joinable())
    return;
  std::string bytes(chunks, '+');
  // Credit is far below what a pipe holds.
  [[maybe_unused]] auto n = write(control_[1], bytes.data(), bytes.size());
}

/// Returns false at the end of the input.
bool input_reader::send_chunk() {
  std::string data(chunk_size, '\0');
  auto n = read(source_.input, data.data(), data.size());
  data.resize(n > 0 ? static_cast<size_t>(n) : 0);
  container::StreamData chunk;
  chunk.set_stream(stream_);
  chunk.set_channel(container::STDIN);
  chunk.set_end(n <= 0);
  chunk.set_data(std::move(data));
  caf::anon_send(to_, pb<container::StreamData>{std::move(chunk)});
  return n > 0;
}

void input_reader::send_size() {
  signalfd_siginfo info{};
  while (read(resized_, &info, sizeof(info)) > 0) {
    // Several changes are told as the last one.
  }
  winsize size{};
  if (ioctl(source_.terminal, TIOCGWINSZ, &size) != 0)
    return;
  container::StreamResize msg;
  msg.set_stream(stream_);
  msg.set_width(size.ws_col);
  msg.set_height(size.ws_row);
  caf::anon_send(to_, pb<container::StreamResize>{std::move(msg)});
}

void input_reader::run() {
  size_t credit = 0;
  bool open = source_.input >= 0;
  while (true) {
    // poll passes over what is -1.
    pollfd ready[3]{{control_[0], POLLIN, 0},
                    {open && credit > 0 ? source_.input : -1, POLLIN, 0},
                    {resized_, POLLIN, 0}};
    poll(ready, 3, -1);
    if (ready[0].revents != 0) {
      char bytes[256];
      auto n = read(control_[0], bytes, sizeof(bytes));
      if (n <= 0)
        return;
      credit += static_cast<size_t>(n);
    } else if (ready[1].revents != 0) {
      --credit;
      open = send_chunk();
    }
    if (ready[2].revents != 0)
      send_size();
  }
}

} // namespace troupe
