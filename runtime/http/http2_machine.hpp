#pragma once

#include "runtime/http/http2_session.hpp"

#include <deque>
#include <map>
#include <nghttp2/nghttp2.h>

namespace troupe::http {

/// The inside of a session: nghttp2, what it tells, and what waits for it.
class http2_session::machine {
public:
  explicit machine(const http2_limits& limits);
  ~machine() { nghttp2_session_del(session_); }

  machine(const machine&) = delete;
  machine& operator=(const machine&) = delete;

  /// A request and its answer.
  struct stream {
    request what;
    time_point since; ///< its first bytes
    size_t head = 0;  ///< bytes of its headers
    bool whole = false;
    bool told = false; ///< there was an event
    bool head_only = false;
    bool begun = false; ///< the answer
    bool ended = false; ///< nothing is added to the answer
    bool broken = false;
    bool said = false; ///< all of the answer was handed out
    std::deque<std::string> out;
    size_t written = 0;     ///< of the first of them
    time_point moved{};     ///< when something of it was last taken
    uint32_t taken = 0;     ///< pieces, not told yet
    bool in_pieces = false; ///< somebody counts them

    // Of a request whose body streams:
    bool streams = false;
    uint32_t allowed = 0;       ///< pieces
    bool wanted = false;        ///< somebody has allowed any
    std::deque<std::string> in; ///< pieces, not told yet
    bool end_told = false;      ///< of the body
    size_t useless = 0;         ///< bytes that came after the answer
  };

  stream* find(uint64_t exchange) {
    auto found = streams_.find(static_cast<int32_t>(exchange));
    return found == streams_.end() ? nullptr : &found->second;
  }

  void take(std::string_view bytes, time_point now);
  std::string output(size_t most, time_point now);
  void add(stream& s, std::string bytes);
  std::vector<event> take_events();
  void drop_stalled(time_point since);
  void allow(stream& s, uint32_t pieces) {
    s.allowed += pieces;
    s.wanted = true;
  }
  void note_end(uint64_t exchange, stream& s);
  void begin(uint64_t exchange, stream& s, const response_head& head,
             const size_t* length);
  void go_on(uint64_t exchange) {
    nghttp2_session_resume_data(session_, static_cast<int32_t>(exchange));
  }
  void finish() {
    nghttp2_session_terminate_session(session_, NGHTTP2_NO_ERROR);
  }
  bool is_over() const {
    return dead_ || (deaf_ && nghttp2_session_want_write(session_) == 0)
           || (nghttp2_session_want_read(session_) == 0
               && nghttp2_session_want_write(session_) == 0);
  }

  std::map<int32_t, stream> streams_;

private:
  using frame = nghttp2_frame;

  static machine& self(void* x) { return *static_cast<machine*>(x); }

  int on_begin_headers(const frame& f);
  int on_header(const frame& f, std::string_view name, std::string_view value);
  int on_data(int32_t id, std::string_view bytes);
  int on_frame(const frame& f);
  int on_close(int32_t id, uint32_t error);
  ssize_t read(int32_t id, uint8_t* to, size_t size, uint32_t& flags);
  void refuse(int32_t id, stream& s, int status, const std::string& why);
  void drop(stream& s);
  void note_whole(int32_t id, stream& s);
  void note_head(int32_t id, stream& s);
  int on_streamed(int32_t id, stream& s, std::string_view bytes);
  void tell_body(int32_t id, stream& s);
  bool hold(int32_t id, size_t size);
  void consume(int32_t id, size_t size) {
    nghttp2_session_consume_stream(session_, id, size);
  }

  http2_limits limits_;
  nghttp2_session* session_ = nullptr;
  std::vector<event> events_;
  std::deque<int32_t> ready_; ///< whole requests, not told yet
  size_t held_ = 0;
  size_t unsent_ = 0;
  bool dead_ = false;
  bool deaf_ = false; ///< nothing more is taken
  time_point now_;
};

} // namespace troupe::http
