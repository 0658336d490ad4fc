#include "runtime/http/http2_machine.hpp"

#include "messages/api/meta.pb.h"
#include "messages/errors.hpp"
#include "runtime/http/answer_body.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <cstring>

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
  if (hold(id, bytes.size()))
    s->what.body += bytes;
  return 0;
}

/// Counts what is kept of a body; ends its stream where that is too much.
bool http2_session::machine::hold(int32_t id, size_t size) {
  if (held_ + size > limits_.held) {
    nghttp2_submit_rst_stream(session_, NGHTTP2_FLAG_NONE, id,
                              NGHTTP2_ENHANCE_YOUR_CALM);
    return false;
  }
  held_ += size;
  return true;
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
  if (hold(id, bytes.size()))
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

} // namespace troupe::http
