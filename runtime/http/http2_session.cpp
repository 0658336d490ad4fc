#include "runtime/http/http2_session.hpp"

#include "messages/api/meta.pb.h"
#include "messages/errors.hpp"
#include "runtime/http/answer_body.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <cstring>
#include <deque>
#include <map>
#include <nghttp2/nghttp2.h>

namespace troupe::http {

namespace {

/// Of a body, after the request has been answered.
constexpr size_t most_useless = 1u << 20;

/// RFC 9113, 8.2.2: what HTTP/1.1 says about its connection is not said here.
bool is_of_connection(const std::string& name) {
  constexpr std::array names{"connection", "keep-alive", "proxy-connection",
                             "transfer-encoding", "upgrade"};
  return std::any_of(names.begin(), names.end(),
                     [&](auto other) { return name == other; });
}

std::string in_lower_case(const std::string& name) {
  std::string result = name;
  for (auto& c : result)
    c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return result;
}

std::string_view to_view(const uint8_t* bytes, size_t size) {
  return {reinterpret_cast<const char*>(bytes), size};
}

std::string_view without_space_around(std::string_view value) {
  auto begin = value.find_first_not_of(" \t");
  if (begin == std::string_view::npos)
    return {};
  return value.substr(begin, value.find_last_not_of(" \t") + 1 - begin);
}

/// The headers of an answer, as nghttp2 takes them.
class header_block {
public:
  header_block(const response_head& head, const size_t* length) {
    add(":status", std::to_string(head.status));
    for (auto& [name, value] : head.headers)
      if (auto lower = in_lower_case(name); !is_of_connection(lower))
        add(lower, value);
    if (length != nullptr)
      add("content-length", std::to_string(*length));
  }

  std::vector<nghttp2_nv> entries() {
    std::vector<nghttp2_nv> result;
    for (auto& [name, value] : all_)
      result.push_back({reinterpret_cast<uint8_t*>(name.data()),
                        reinterpret_cast<uint8_t*>(value.data()), name.size(),
                        value.size(), NGHTTP2_NV_FLAG_NONE});
    return result;
  }

private:
  void add(std::string name, std::string value) {
    all_.emplace_back(std::move(name), std::move(value));
  }

  std::vector<header> all_;
};

} // namespace

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

http2_session::machine::machine(const http2_limits& limits) : limits_(limits) {
  nghttp2_session_callbacks* calls = nullptr;
  nghttp2_session_callbacks_new(&calls);
  nghttp2_session_callbacks_set_on_begin_headers_callback(
      calls, [](nghttp2_session*, const frame* f, void* me) {
        return self(me).on_begin_headers(*f);
      });
  nghttp2_session_callbacks_set_on_header_callback(
      calls,
      [](nghttp2_session*, const frame* f, const uint8_t* name, size_t name_len,
         const uint8_t* value, size_t value_len, uint8_t, void* me) {
        return self(me).on_header(*f, to_view(name, name_len),
                                  to_view(value, value_len));
      });
  nghttp2_session_callbacks_set_on_data_chunk_recv_callback(
      calls, [](nghttp2_session*, uint8_t, int32_t id, const uint8_t* bytes,
                size_t size, void* me) {
        return self(me).on_data(id, to_view(bytes, size));
      });
  nghttp2_session_callbacks_set_on_frame_recv_callback(
      calls, [](nghttp2_session*, const frame* f, void* me) {
        return self(me).on_frame(*f);
      });
  nghttp2_session_callbacks_set_on_stream_close_callback(
      calls, [](nghttp2_session*, int32_t id, uint32_t error, void* me) {
        return self(me).on_close(id, error);
      });
  nghttp2_option* options = nullptr;
  nghttp2_option_new(&options);
  // A stream's window opens as its body is taken.
  nghttp2_option_set_no_auto_window_update(options, 1);
  // RFC 9113, 8.2.1, has no space around a value; what clients in Go put there,
  // such as who they are, ends with one now and then.
  nghttp2_option_set_no_rfc9113_leading_and_trailing_ws_validation(options, 1);
  nghttp2_session_server_new2(&session_, calls, this, options);
  nghttp2_option_del(options);
  nghttp2_session_callbacks_del(calls);
  const nghttp2_settings_entry settings[] = {
      {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, limits_.streams},
      {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, limits_.window},
      {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE,
       static_cast<uint32_t>(limits_.request.head)}};
  nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, settings,
                          std::size(settings));
  // Of all streams together; there is no sense in less than what one may have.
  nghttp2_session_set_local_window_size(
      session_, NGHTTP2_FLAG_NONE, 0, static_cast<int32_t>(4 * limits_.window));
}

void http2_session::machine::take(std::string_view bytes, time_point now) {
  if (dead_ || deaf_)
    return;
  now_ = now;
  auto used = nghttp2_session_mem_recv(
      session_, reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size());
  if (used >= 0)
    return;
  // Most of what is wrong ends with a word to the client; the rest is no HTTP/2
  // at all, or a flood of what is to be answered.
  if (used == NGHTTP2_ERR_BAD_CLIENT_MAGIC || used == NGHTTP2_ERR_FLOODED)
    dead_ = true;
  else
    nghttp2_session_terminate_session(session_, NGHTTP2_ENHANCE_YOUR_CALM);
  deaf_ = true;
}

std::string http2_session::machine::output(size_t most, time_point now) {
  now_ = now;
  std::string result;
  while (!dead_ && result.size() < most) {
    const uint8_t* bytes = nullptr;
    auto size = nghttp2_session_mem_send(session_, &bytes);
    if (size < 0)
      dead_ = true;
    if (size <= 0)
      break;
    result += to_view(bytes, static_cast<size_t>(size));
  }
  for (auto& [id, s] : streams_) {
    if (s.since == time_point{})
      s.since = now;
    if (!s.out.empty() && s.moved == time_point{})
      s.moved = now;
  }
  return result;
}

std::vector<event> http2_session::machine::take_events() {
  while (!ready_.empty() && unsent_ < limits_.unsent) {
    auto id = ready_.front();
    ready_.pop_front();
    auto* s = find(static_cast<uint64_t>(id));
    if (s == nullptr)
      continue;
    held_ -= s->what.body.size();
    s->told = true;
    event x;
    x.streams = s->streams;
    x.kind = event::type::request;
    x.exchange = static_cast<uint64_t>(id);
    x.what = std::move(s->what);
    s->what = {};
    events_.push_back(std::move(x));
  }
  for (auto& [id, s] : streams_) {
    tell_body(id, s);
    if (s.taken == 0)
      continue;
    event x;
    x.kind = event::type::taken;
    x.exchange = static_cast<uint64_t>(id);
    x.pieces = std::exchange(s.taken, 0);
    events_.push_back(std::move(x));
  }
  return std::exchange(events_, {});
}

void http2_session::machine::drop_stalled(time_point since) {
  for (auto& [id, s] : streams_)
    if (!s.out.empty() && s.moved != time_point{} && s.moved <= since)
      nghttp2_submit_rst_stream(session_, NGHTTP2_FLAG_NONE, id,
                                NGHTTP2_CANCEL);
}

// -- requests -----------------------------------------------------------------

int http2_session::machine::on_begin_headers(const frame& f) {
  if (f.headers.cat != NGHTTP2_HCAT_REQUEST)
    return 0;
  auto& s = streams_[f.hd.stream_id];
  s.what.version = 20;
  s.since = now_;
  return 0;
}

int http2_session::machine::on_header(const frame& f, std::string_view name,
                                      std::string_view value) {
  auto* s = find(static_cast<uint64_t>(f.hd.stream_id));
  // What follows a body is not looked at.
  if (s == nullptr || f.headers.cat != NGHTTP2_HCAT_REQUEST)
    return 0;
  s->head += name.size() + value.size();
  if (s->head > limits_.request.head)
    return 0;
  if (name == ":method")
    s->what.method = value;
  else if (name == ":path")
    s->what.target = value;
  else if (name == ":authority")
    s->what.headers.emplace_back("Host", value);
  else if (!name.starts_with(':'))
    s->what.headers.emplace_back(name, without_space_around(value));
  return 0;
}

int http2_session::machine::on_data(int32_t id, std::string_view bytes) {
  nghttp2_session_consume_connection(session_, bytes.size());
  auto* s = find(static_cast<uint64_t>(id));
  if (s != nullptr && s->streams)
    return on_streamed(id, *s, bytes);
  consume(id, bytes.size());
  if (s == nullptr || s->begun)
    return 0;
  if (s->what.body.size() + bytes.size() > limits_.request.body) {
    refuse(id, *s, 413, "body limit exceeded");
    return 0;
  }
  if (held_ + bytes.size() > limits_.held) {
    nghttp2_submit_rst_stream(session_, NGHTTP2_FLAG_NONE, id,
                              NGHTTP2_ENHANCE_YOUR_CALM);
    return 0;
  }
  held_ += bytes.size();
  s->what.body += bytes;
  return 0;
}

/// Part of a body that is passed on as it comes.
int http2_session::machine::on_streamed(int32_t id, stream& s,
                                        std::string_view bytes) {
  if (s.ended) {
    consume(id, bytes.size());
    s.useless += bytes.size();
    // RFC 9113, 8.1: who has been answered may be told to say no more.
    if (s.said && s.useless > most_useless)
      nghttp2_submit_rst_stream(session_, NGHTTP2_FLAG_NONE, id,
                                NGHTTP2_NO_ERROR);
    return 0;
  }
  if (held_ + bytes.size() > limits_.held) {
    nghttp2_submit_rst_stream(session_, NGHTTP2_FLAG_NONE, id,
                              NGHTTP2_ENHANCE_YOUR_CALM);
    return 0;
  }
  held_ += bytes.size();
  s.in.emplace_back(bytes);
  return 0;
}

/// Tells what has come of a body that streams, as far as it is allowed.
void http2_session::machine::tell_body(int32_t id, stream& s) {
  if (!s.streams || !s.told || s.end_told)
    return;
  for (; s.allowed > 0 && !s.in.empty(); --s.allowed) {
    event x;
    x.kind = event::type::data;
    x.exchange = static_cast<uint64_t>(id);
    x.bytes = std::move(s.in.front());
    s.in.pop_front();
    held_ -= x.bytes.size();
    consume(id, x.bytes.size());
    events_.push_back(std::move(x));
  }
  if (!s.in.empty() || !s.whole || !s.wanted)
    return;
  s.end_told = true;
  event last;
  last.kind = event::type::data;
  last.exchange = static_cast<uint64_t>(id);
  events_.push_back(std::move(last));
}

/// All of the answer is there: nobody wants more of the body.
void http2_session::machine::note_end(uint64_t exchange, stream& s) {
  s.ended = true;
  s.since = {}; // what comes out next says what time it is
  for (auto& piece : s.in) {
    held_ -= piece.size();
    consume(static_cast<int32_t>(exchange), piece.size());
  }
  s.in.clear();
}

/// The headers of a request are there, and a body is to follow.
void http2_session::machine::note_head(int32_t id, stream& s) {
  auto streams = limits_.request.in_pieces;
  if (s.begun || streams == nullptr || !streams(s.what))
    return;
  s.streams = true;
  s.head_only = s.what.method == "HEAD";
  ready_.push_back(id);
}

int http2_session::machine::on_frame(const frame& f) {
  auto* s = find(static_cast<uint64_t>(f.hd.stream_id));
  if (s == nullptr)
    return 0;
  auto head =
      f.hd.type == NGHTTP2_HEADERS && f.headers.cat == NGHTTP2_HCAT_REQUEST;
  if (head && s->head > limits_.request.head) {
    refuse(f.hd.stream_id, *s, 431, "header limit exceeded");
    return 0;
  }
  auto carries = f.hd.type == NGHTTP2_HEADERS || f.hd.type == NGHTTP2_DATA;
  if (carries && (f.hd.flags & NGHTTP2_FLAG_END_STREAM) != 0)
    note_whole(f.hd.stream_id, *s);
  else if (head)
    note_head(f.hd.stream_id, *s);
  return 0;
}

void http2_session::machine::note_whole(int32_t id, stream& s) {
  s.whole = true;
  if (s.streams)
    return;
  s.head_only = s.what.method == "HEAD";
  if (!s.begun)
    ready_.push_back(id);
}

void http2_session::machine::drop(stream& s) {
  held_ -= s.what.body.size();
  s.what = {};
  for (auto& piece : s.in)
    held_ -= piece.size();
  s.in.clear();
}

void http2_session::machine::refuse(int32_t id, stream& s, int status,
                                    const std::string& why) {
  // The rest is heard out: some clients take a reset for the answer.
  drop(s);
  auto said =
      to_status(make_error(status == 413 ? ec::too_large : ec::bad_request,
                           std::string{reason_phrase(status)} + ": " + why));
  said.set_code(status);
  auto body = encode_status(said, {});
  auto size = body.size();
  add(s, std::move(body));
  s.ended = true;
  begin(static_cast<uint64_t>(id), s,
        {status, {{"Content-Type", "application/json"}}}, &size);
}

int http2_session::machine::on_close(int32_t id, uint32_t error) {
  auto found = streams_.find(id);
  if (found == streams_.end())
    return 0;
  auto& s = found->second;
  drop(s);
  for (auto& piece : s.out)
    unsent_ -= piece.size();
  unsent_ += s.written;
  if (s.told && (error != NGHTTP2_NO_ERROR || !s.said)) {
    event x;
    x.kind = event::type::abandoned;
    x.exchange = static_cast<uint64_t>(id);
    events_.push_back(std::move(x));
  }
  streams_.erase(found);
  return 0;
}

// -- answers ------------------------------------------------------------------

void http2_session::machine::add(stream& s, std::string bytes) {
  if (s.out.empty())
    s.moved = {};
  unsent_ += bytes.size();
  s.out.push_back(std::move(bytes));
}

void http2_session::machine::begin(uint64_t exchange, stream& s,
                                   const response_head& head,
                                   const size_t* length) {
  s.begun = true;
  header_block block{head, length};
  auto entries = block.entries();
  auto id = static_cast<int32_t>(exchange);
  nghttp2_data_provider body{};
  body.read_callback = [](nghttp2_session*, int32_t stream_id, uint8_t* to,
                          size_t size, uint32_t* flags, nghttp2_data_source*,
                          void* me) {
    return self(me).read(stream_id, to, size, *flags);
  };
  auto bare = s.ended && s.out.empty();
  if (bare)
    s.said = true;
  nghttp2_submit_response(session_, id, entries.data(), entries.size(),
                          bare ? nullptr : &body);
}

ssize_t http2_session::machine::read(int32_t id, uint8_t* to, size_t size,
                                     uint32_t& flags) {
  auto* s = find(static_cast<uint64_t>(id));
  if (s == nullptr)
    return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
  size_t done = 0;
  while (done < size && !s->out.empty()) {
    auto& first = s->out.front();
    auto part = std::min(size - done, first.size() - s->written);
    std::memcpy(to + done, first.data() + s->written, part);
    done += part;
    s->written += part;
    unsent_ -= part;
    s->moved = now_;
    if (s->written < first.size())
      break;
    s->out.pop_front();
    s->written = 0;
    if (s->in_pieces)
      ++s->taken;
  }
  if (!s->out.empty())
    return static_cast<ssize_t>(done);
  if (s->ended && !s->broken) {
    flags |= NGHTTP2_DATA_FLAG_EOF;
    s->said = true;
    return static_cast<ssize_t>(done);
  }
  if (done > 0)
    return static_cast<ssize_t>(done);
  return s->broken ? NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE
                   : NGHTTP2_ERR_DEFERRED;
}

// -- the session --------------------------------------------------------------

http2_session::http2_session(http2_limits limits)
    : machine_(std::make_unique<machine>(limits)) {
  // nop
}

http2_session::~http2_session() = default;

void http2_session::take(std::string_view bytes, time_point now) {
  machine_->take(bytes, now);
}

std::vector<event> http2_session::take_events() {
  return machine_->take_events();
}

std::string http2_session::output(size_t most, time_point now) {
  return machine_->output(most, now);
}

void http2_session::answer(uint64_t exchange, const response_head& head,
                           std::string body) {
  auto* s = machine_->find(exchange);
  if (s == nullptr || s->begun)
    return;
  // These have no body, and so no length.
  auto bare = head.status == 204 || head.status == 304;
  auto size = body.size();
  if (!bare && !s->head_only && !body.empty())
    machine_->add(*s, std::move(body));
  machine_->note_end(exchange, *s);
  machine_->begin(exchange, *s, head, bare ? nullptr : &size);
}

void http2_session::begin(uint64_t exchange, const response_head& head) {
  auto* s = machine_->find(exchange);
  if (s == nullptr || s->begun)
    return;
  s->in_pieces = true;
  s->ended = s->head_only;
  machine_->begin(exchange, *s, head, nullptr);
  // Whoever answers in pieces is to hear that nobody waits for them.
  if (s->head_only)
    s->said = false;
}

void http2_session::send(uint64_t exchange, std::string piece) {
  auto* s = machine_->find(exchange);
  if (s == nullptr || !s->begun || !s->in_pieces)
    return;
  if (s->ended || piece.empty()) {
    ++s->taken;
    return;
  }
  machine_->add(*s, std::move(piece));
  machine_->go_on(exchange);
}

void http2_session::end(uint64_t exchange, bool broken) {
  auto* s = machine_->find(exchange);
  if (s == nullptr || !s->begun || s->ended)
    return;
  machine_->note_end(exchange, *s);
  s->broken = broken;
  machine_->go_on(exchange);
}

void http2_session::allow(uint64_t exchange, uint32_t pieces) {
  if (auto* s = machine_->find(exchange))
    machine_->allow(*s, pieces);
}

void http2_session::finish() {
  machine_->finish();
}

size_t http2_session::open() const {
  return machine_->streams_.size();
}

std::optional<http2_session::time_point> http2_session::waits_since() const {
  std::optional<time_point> result;
  for (auto& [id, s] : machine_->streams_)
    if (!s.whole && (!s.streams || s.ended) && s.since != time_point{})
      result = std::min(result.value_or(s.since), s.since);
  return result;
}

std::optional<http2_session::time_point> http2_session::stalled_since() const {
  std::optional<time_point> result;
  for (auto& [id, s] : machine_->streams_)
    if (!s.out.empty() && s.moved != time_point{})
      result = std::min(result.value_or(s.moved), s.moved);
  return result;
}

void http2_session::drop_stalled(time_point since) {
  machine_->drop_stalled(since);
}

bool http2_session::is_over() const {
  return machine_->is_over();
}

} // namespace troupe::http
