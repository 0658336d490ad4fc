#include "actors/client/stream_input.hpp"

#include "messages/codec.hpp"
#include "messages/container.pb.h"

#include <caf/send.hpp>

#include <fcntl.h>
#include <poll.h>
#include <string>
#include <unistd.h>

namespace troupe {

namespace {

constexpr size_t chunk_size = 32 * 1024;

} // namespace

stream_input::stream_input(int file, caf::actor to, uint64_t stream)
    : file_(file), to_(std::move(to)), stream_(stream) {
  if (pipe2(control_, O_CLOEXEC) == 0)
    thread_ = std::thread{[this] { run(); }};
}

stream_input::~stream_input() {
  if (!thread_.joinable())
    return;
  close(control_[1]);
  thread_.join();
  close(control_[0]);
}

void stream_input::allow(uint32_t chunks) {
  if (!thread_.joinable())
    return;
  std::string bytes(chunks, '+');
  // Credit is far below what a pipe holds.
  [[maybe_unused]] auto n = write(control_[1], bytes.data(), bytes.size());
}

/// Returns false at the end of the input.
bool stream_input::send_chunk() {
  std::string data(chunk_size, '\0');
  auto n = read(file_, data.data(), data.size());
  data.resize(n > 0 ? static_cast<size_t>(n) : 0);
  container::StreamData chunk;
  chunk.set_stream(stream_);
  chunk.set_channel(container::STDIN);
  chunk.set_end(n <= 0);
  chunk.set_data(std::move(data));
  caf::anon_send(to_, pb<container::StreamData>{std::move(chunk)});
  return n > 0;
}

void stream_input::run() {
  size_t credit = 0;
  bool open = true;
  while (true) {
    pollfd ready[2]{{control_[0], POLLIN, 0}, {file_, POLLIN, 0}};
    poll(ready, open && credit > 0 ? 2 : 1, -1);
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
  }
}

} // namespace troupe
