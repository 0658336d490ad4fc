#pragma once

#include "runtime/process/shim_wire.hpp"

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <unordered_map>

namespace troupe::process {

class event_loop;

/// What a shim answered: an errno (0 is good), its words, and what follows.
struct shim_answer {
  int code = 0;
  std::string message;
  wire_reader rest;
};

/// The connection to the shim of one pod; lives on its loop's thread.
class pod_link : public std::enable_shared_from_this<pod_link> {
public:
  using answer_handler = std::function<void(const shim_answer&)>;
  using frame_handler = std::function<void(const frame_header&, wire_reader)>;
  using fields = std::string;

  /// Owns `fd`.
  pod_link(event_loop& loop, int fd);
  ~pod_link();

  /// Begins to read. `frames` gets what is no answer; `lost` is called once
  /// when the connection breaks, after every open request was answered EPIPE.
  void start(frame_handler frames, std::function<void()> lost);

  /// The answer comes within `deadline`, ETIMEDOUT at the latest.
  void request(frame_kind kind, const fields& payload,
               std::chrono::milliseconds deadline, answer_handler done);

  /// The same for a tag of the caller's.
  void request(frame_kind kind, uint32_t tag, const fields& payload,
               std::chrono::milliseconds deadline, answer_handler done);

  /// Without an answer.
  void tell(frame_kind kind, uint32_t tag, const fields& payload);

  /// Hears nothing more, and closes.
  void close();

  /// Tags of requests and streams are never the same.
  static uint32_t next_tag();

private:
  struct pending {
    answer_handler done;
    uint64_t timer = 0;
  };

  void on_events(uint32_t events);
  void read_some();
  void flush();
  void dispatch(const frame_header& header, wire_reader reader);
  void finish(uint32_t tag, const shim_answer& result);
  void lose();

  event_loop& loop_;
  int fd_;
  std::string in_;
  std::string out_;
  bool writing_ = false;
  frame_handler frames_;
  std::function<void()> lost_;
  std::unordered_map<uint32_t, pending> pending_;
};

} // namespace troupe::process
