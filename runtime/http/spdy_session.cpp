#include "runtime/http/spdy_session.hpp"

#include <algorithm>
#include <utility>

namespace troupe::http {

namespace {

constexpr uint16_t version = 3;
constexpr size_t head_size = 8;
constexpr int64_t default_window = 64 << 10; // SPDY/3.1, 2.6.8
constexpr int64_t most_window = 0x7fffffff;
/// Told in steps of this, so that small pieces do not cost a frame each.
constexpr size_t confirm_from = 16u << 10;
/// Longer data is cut, so that others have their turn.
constexpr size_t longest_data = 32u << 10;

// Types of control frames, SPDY/3.1, 2.6.
constexpr uint16_t syn_stream = 1;
constexpr uint16_t syn_reply = 2;
constexpr uint16_t rst_stream = 3;
constexpr uint16_t settings = 4;
constexpr uint16_t ping = 6;
constexpr uint16_t goaway = 7;
constexpr uint16_t headers_frame = 8;
constexpr uint16_t window_update = 9;

constexpr uint8_t fin_flag = 1;
constexpr uint32_t initial_window_id = 7;
constexpr uint32_t goaway_ok = 0;
constexpr uint32_t goaway_protocol_error = 1;

uint32_t number_at(std::string_view text, size_t at) {
  uint32_t out = 0;
  for (size_t i = 0; i < 4; ++i)
    out = out << 8 | static_cast<uint8_t>(text[at + i]);
  return out;
}

void put32(std::string& out, uint32_t value) {
  for (int shift = 24; shift >= 0; shift -= 8)
    out += static_cast<char>(value >> shift & 0xff);
}

} // namespace

struct spdy_session::frame {
  uint16_t type = 0;
  uint8_t flags = 0;
  std::string_view body;

  /// Its number of a stream, which is the first one of all frames.
  uint32_t stream() const { return number_at(body, 0) & 0x7fffffff; }
};

spdy_session::spdy_session(spdy_limits limits)
    : limits_(limits), window_(default_window), first_window_(default_window) {
  // nop
}

std::vector<spdy_event> spdy_session::take_events() {
  return std::exchange(events_, {});
}

std::string spdy_session::take_output() {
  return std::exchange(out_, {});
}

void spdy_session::happen(spdy_event::type kind, uint32_t id) {
  spdy_event x;
  x.kind = kind;
  x.stream = id;
  events_.push_back(std::move(x));
}

void spdy_session::fail() {
  if (std::exchange(failed_, true))
    return;
  put_numbers(goaway, last_stream_, goaway_protocol_error);
  in_.clear();
}

// -- reading ------------------------------------------------------------------

void spdy_session::receive(std::string_view bytes) {
  if (failed_)
    return;
  in_ += bytes;
  std::string_view rest = in_;
  while (!failed_) {
    if (in_data_) {
      auto part = rest.substr(0, data_left_);
      data_left_ -= part.size();
      rest.remove_prefix(part.size());
      in_data_ = data_left_ > 0;
      on_data(data_stream_, part, data_last_ && !in_data_);
      if (in_data_)
        break;
      continue;
    }
    if (rest.size() < head_size)
      break;
    auto first = number_at(rest, 0);
    auto second = number_at(rest, 4);
    size_t length = second & 0xffffff;
    auto flags = static_cast<uint8_t>(second >> 24);
    if (first >> 31 == 0) {
      data_stream_ = first;
      data_left_ = length;
      data_last_ = (flags & fin_flag) != 0;
      in_data_ = true;
      rest.remove_prefix(head_size);
      continue;
    }
    if (length > limits_.control || (first >> 16 & 0x7fff) != version)
      return fail();
    if (rest.size() - head_size < length)
      break;
    frame f{static_cast<uint16_t>(first & 0xffff), flags,
            rest.substr(head_size, length)};
    take_frame(f);
    if (!failed_)
      rest.remove_prefix(head_size + length);
  }
  if (!failed_)
    in_.erase(0, in_.size() - rest.size());
}

void spdy_session::take_frame(const frame& f) {
  // All frames that are known begin with a number.
  if (f.type >= syn_stream && f.type <= window_update && f.body.size() < 4)
    return f.type == 5 ? void() : fail();
  switch (f.type) {
    case syn_stream:
      return on_open(f);
    case syn_reply: // to streams of ours, of which there are none
      return fail();
    case rst_stream:
      return on_reset(f);
    case settings:
      return on_settings(f);
    case ping:
      return on_ping(f);
    case goaway:
      return happen(spdy_event::type::goodbye, 0);
    case headers_frame:
      return on_headers(f);
    case window_update:
      return on_window(f);
    default:
      break; // SPDY/3.1, 2.2.1: unknown ones are passed over
  }
}

void spdy_session::on_open(const frame& f) {
  constexpr size_t fixed = 10;
  if (f.body.size() < fixed)
    return fail();
  auto id = f.stream();
  // Even of a stream that is refused: all blocks are one.
  auto headers = reader_.read(f.body.substr(fixed));
  if (!headers || id % 2 == 0 || id <= last_stream_)
    return fail();
  if (gone_)
    return;
  last_stream_ = id;
  if (streams_.size() >= limits_.streams)
    return put_numbers(rst_stream, id,
                       static_cast<uint32_t>(spdy_reason::refused_stream));
  auto& s = streams_[id];
  s.window = first_window_;
  happen(spdy_event::type::opened, id);
  events_.back().headers = std::move(*headers);
  if ((f.flags & fin_flag) != 0)
    on_finished(id);
}

void spdy_session::on_headers(const frame& f) {
  if (!reader_.read(f.body.substr(4)))
    return fail();
  if ((f.flags & fin_flag) != 0)
    on_finished(f.stream());
}

void spdy_session::on_reset(const frame& f) {
  if (f.body.size() < 8)
    return fail();
  if (streams_.erase(f.stream()) > 0)
    happen(spdy_event::type::reset, f.stream());
}

void spdy_session::on_settings(const frame& f) {
  auto count = number_at(f.body, 0);
  if ((f.body.size() - 4) / 8 < count)
    return fail();
  for (uint32_t i = 0; i < count; ++i) {
    auto at = 4 + size_t{i} * 8;
    if ((number_at(f.body, at) & 0xffffff) != initial_window_id)
      continue;
    auto value = static_cast<int64_t>(number_at(f.body, at + 4));
    if (value > most_window)
      return fail();
    for (auto& [id, s] : streams_)
      s.window += value - first_window_;
    first_window_ = value;
    windowed_ = true;
  }
  pump_all();
}

void spdy_session::on_ping(const frame& f) {
  // Those of the client have odd numbers; ours there are none.
  if (number_at(f.body, 0) % 2 == 1)
    put_control(ping, 0, f.body.substr(0, 4));
}

void spdy_session::on_window(const frame& f) {
  if (f.body.size() < 8)
    return fail();
  windowed_ = true;
  auto more = static_cast<int64_t>(number_at(f.body, 4) & 0x7fffffff);
  auto id = f.stream();
  if (id == 0) {
    window_ += more;
    if (window_ > most_window)
      return fail();
    return pump_all();
  }
  auto found = streams_.find(id);
  if (found == streams_.end())
    return pump_all();
  found->second.window += more;
  if (found->second.window > most_window) {
    reset(id, spdy_reason::flow_control_error);
    return happen(spdy_event::type::reset, id);
  }
  pump_all();
}

void spdy_session::on_data(uint32_t id, std::string_view bytes, bool last) {
  auto found = streams_.find(id);
  if (found == streams_.end() || found->second.finished) {
    // It was on its way when the stream ended.
    consumed(0, bytes.size());
    if (last && found == streams_.end() && id > last_stream_)
      put_numbers(rst_stream, id,
                  static_cast<uint32_t>(spdy_reason::invalid_stream));
    return;
  }
  if (!bytes.empty()) {
    happen(spdy_event::type::data, id);
    events_.back().data = bytes;
  }
  if (last)
    on_finished(id);
}

void spdy_session::on_finished(uint32_t id) {
  auto found = streams_.find(id);
  if (found == streams_.end() || std::exchange(found->second.finished, true))
    return;
  happen(spdy_event::type::finished, id);
  forget_if_over(id);
}

// -- writing ------------------------------------------------------------------

void spdy_session::put_control(uint16_t type, uint8_t flags,
                               std::string_view body) {
  put32(out_, uint32_t{0x8000 | version} << 16 | type);
  put32(out_, uint32_t{flags} << 24 | static_cast<uint32_t>(body.size()));
  out_ += body;
}

void spdy_session::put_numbers(uint16_t type, uint32_t first, uint32_t second) {
  std::string body;
  put32(body, first);
  put32(body, second);
  put_control(type, 0, body);
}

void spdy_session::put_data(uint32_t id, std::string_view bytes, bool last) {
  put32(out_, id);
  put32(out_, (last ? uint32_t{fin_flag} << 24 : 0)
                  | static_cast<uint32_t>(bytes.size()));
  out_ += bytes;
}

void spdy_session::reply(uint32_t id) {
  if (streams_.count(id) == 0)
    return;
  std::string body;
  put32(body, id);
  body += writer_.write({});
  put_control(syn_reply, 0, body);
}

void spdy_session::send(uint32_t id, std::string_view data) {
  auto found = streams_.find(id);
  if (found == streams_.end() || found->second.ends)
    return;
  found->second.waiting += data;
  pump(id, found->second);
}

void spdy_session::finish(uint32_t id) {
  auto found = streams_.find(id);
  if (found == streams_.end() || found->second.ends)
    return;
  found->second.ends = true;
  pump(id, found->second);
  forget_if_over(id);
}

void spdy_session::reset(uint32_t id, spdy_reason why) {
  if (streams_.erase(id) > 0)
    put_numbers(rst_stream, id, static_cast<uint32_t>(why));
}

void spdy_session::say_goodbye() {
  if (!failed_ && !std::exchange(gone_, true))
    put_numbers(goaway, last_stream_, goaway_ok);
}

void spdy_session::consumed(uint32_t id, size_t bytes) {
  unconfirmed_ += bytes;
  if (unconfirmed_ >= confirm_from)
    put_numbers(window_update, 0,
                static_cast<uint32_t>(std::exchange(unconfirmed_, 0)));
  auto found = streams_.find(id);
  if (found == streams_.end() || found->second.finished)
    return;
  auto& s = found->second;
  s.unconfirmed += bytes;
  if (s.unconfirmed >= confirm_from)
    put_numbers(window_update, id,
                static_cast<uint32_t>(std::exchange(s.unconfirmed, 0)));
}

size_t spdy_session::waiting(uint32_t id) const {
  auto found = streams_.find(id);
  return found == streams_.end() ? 0 : found->second.waiting.size();
}

/// Writes what the windows allow.
void spdy_session::pump(uint32_t id, stream& s) {
  std::string_view rest = s.waiting;
  while (!rest.empty()) {
    auto size = std::min(rest.size(), longest_data);
    if (windowed_) {
      auto room = std::max<int64_t>(0, std::min(s.window, window_));
      size = std::min(size, static_cast<size_t>(room));
    }
    if (size == 0)
      break;
    s.window -= static_cast<int64_t>(size);
    window_ -= static_cast<int64_t>(size);
    auto last = s.ends && size == rest.size();
    put_data(id, rest.substr(0, size), last);
    s.ended = last;
    rest.remove_prefix(size);
  }
  s.waiting.erase(0, s.waiting.size() - rest.size());
  if (s.ends && !s.ended && s.waiting.empty()) {
    put_data(id, {}, true);
    s.ended = true;
  }
}

void spdy_session::pump_all() {
  std::vector<uint32_t> ids;
  for (auto& [id, s] : streams_) {
    pump(id, s);
    ids.push_back(id);
  }
  for (auto id : ids)
    forget_if_over(id);
}

void spdy_session::forget_if_over(uint32_t id) {
  auto found = streams_.find(id);
  if (found != streams_.end() && found->second.ended && found->second.finished)
    streams_.erase(found);
}

} // namespace troupe::http
