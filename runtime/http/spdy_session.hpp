#pragma once

#include "runtime/http/spdy_headers.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::http {

/// Why a stream is reset, SPDY/3.1, 2.6.3.
enum class spdy_reason : uint32_t {
  protocol_error = 1,
  invalid_stream = 2,
  refused_stream = 3,
  unsupported_version = 4,
  cancel = 5,
  internal_error = 6,
  flow_control_error = 7,
  stream_in_use = 8,
  stream_already_closed = 9,
};

/// What a client does.
struct spdy_event {
  enum class type : uint8_t {
    opened,   ///< wants a stream with `headers`: reply to it or reset it
    data,     ///< bytes; tell when they are consumed
    finished, ///< the client sends no more on the stream
    reset,    ///< the stream is gone
    goodbye,  ///< no new streams will come
  };

  type kind = type::goodbye;
  uint32_t stream = 0;
  std::vector<header> headers;
  std::string data;
};

struct spdy_limits {
  size_t streams = 1024;      ///< open at a time; more are refused
  size_t control = 64u << 10; ///< bytes of a control frame
};

/// The server's side of a SPDY/3.1 session whose streams are opened by the
/// client, without sockets: bytes of the client in, bytes for it out.
///
/// What the client sends is bounded by how much of its bytes is taken in: feed
/// no more while what it sent before is not consumed. Its windows hold for
/// clients that keep any; Kubernetes' (spdystream) never open theirs, so that
/// those are heeded from the first WINDOW_UPDATE or SETTINGS on.
class spdy_session {
public:
  explicit spdy_session(spdy_limits limits = {});

  /// Takes bytes of the client. After a broken frame the session says goodbye
  /// and takes no more.
  void receive(std::string_view bytes);

  /// Takes what the client has done since.
  std::vector<spdy_event> take_events();

  /// Takes what is to be written to the client.
  std::string take_output();

  // -- what the server does; of streams that are gone nothing --

  void reply(uint32_t stream);
  void send(uint32_t stream, std::string_view data);
  /// Nothing follows on this stream from us.
  void finish(uint32_t stream);
  void reset(uint32_t stream, spdy_reason why);
  /// So many bytes of it need no room any more.
  void consumed(uint32_t stream, size_t bytes);
  void say_goodbye();

  /// Bytes of a stream that wait for its window.
  size_t waiting(uint32_t stream) const;

  bool failed() const { return failed_; }
  size_t open() const { return streams_.size(); }

private:
  struct stream {
    int64_t window = 0;     ///< bytes that may be sent
    std::string waiting;    ///< for the window
    bool ends = false;      ///< once that is sent
    bool ended = false;     ///< nothing more is sent
    bool finished = false;  ///< nothing more comes
    size_t unconfirmed = 0; ///< consumed, and not told
  };

  struct frame;

  void take_frame(const frame& f);
  void on_open(const frame& f);
  void on_headers(const frame& f);
  void on_reset(const frame& f);
  void on_settings(const frame& f);
  void on_ping(const frame& f);
  void on_window(const frame& f);
  void on_data(uint32_t id, std::string_view bytes, bool last);
  void on_finished(uint32_t id);

  void happen(spdy_event::type kind, uint32_t id);
  void fail();
  void put_control(uint16_t type, uint8_t flags, std::string_view body);
  void put_numbers(uint16_t type, uint32_t first, uint32_t second);
  void put_data(uint32_t id, std::string_view bytes, bool last);
  void pump(uint32_t id, stream& s);
  void pump_all();
  void forget_if_over(uint32_t id);

  spdy_limits limits_;
  spdy_header_reader reader_;
  spdy_header_writer writer_;
  std::string in_;
  std::string out_;
  std::vector<spdy_event> events_;
  std::map<uint32_t, stream> streams_;
  uint32_t last_stream_ = 0;
  uint32_t data_stream_ = 0; ///< whose data frame is being read
  size_t data_left_ = 0;     ///< of it
  bool data_last_ = false;   ///< the stream ends with it
  bool in_data_ = false;
  bool windowed_ = false; ///< the client opens windows
  int64_t window_;        ///< of the session
  int64_t first_window_;  ///< of a new stream
  size_t unconfirmed_ = 0;
  bool gone_ = false; ///< we have said goodbye
  bool failed_ = false;
};

} // namespace troupe::http
