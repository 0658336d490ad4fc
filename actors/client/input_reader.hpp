#pragma once

#include "actors/client/command_client.hpp"

#include <caf/actor.hpp>

#include <cstdint>
#include <thread>

namespace troupe {

/// Reads standard input for a stream while the stream's reader waits for
/// messages: sends each chunk to `to` as StreamData, never more of them than
/// it was given credit for, and the size of a terminal as StreamResize each
/// time it becomes another. Ends with its destructor.
///
/// Of a terminal, SIGWINCH must have been blocked before any other thread was
/// started.
class input_reader {
public:
  input_reader(const stream_source& source, caf::actor to, uint64_t stream);
  ~input_reader();

  input_reader(const input_reader&) = delete;
  input_reader& operator=(const input_reader&) = delete;

  void allow(uint32_t chunks);

private:
  void run();
  bool send_chunk();
  void send_size();

  stream_source source_;
  caf::actor to_;
  uint64_t stream_;
  int control_[2] = {-1, -1}; ///< one byte per chunk; closed to end
  int resized_ = -1;          ///< tells of SIGWINCH
  std::thread thread_;
};

} // namespace troupe
