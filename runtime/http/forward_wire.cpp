#include "runtime/http/forward_wire.hpp"

#include "runtime/http/remote_wire.hpp"
#include "runtime/http/spdy_session.hpp"

#include <charconv>
#include <map>
#include <optional>
#include <utility>

namespace troupe::http {

namespace {

constexpr const char* port_forward_protocol = "portforward.k8s.io";
constexpr size_t most_ports = 64; // two channels each, of one byte

using news = std::vector<forward_news>;

forward_news& add(news& out, forward_news::type kind, uint64_t connection) {
  forward_news x;
  x.kind = kind;
  x.connection = connection;
  out.push_back(std::move(x));
  return out.back();
}

std::optional<uint16_t> read_port(std::string_view text) {
  uint16_t port = 0;
  auto last = text.data() + text.size();
  auto [end, bad] = std::from_chars(text.data(), last, port);
  if (bad != std::errc{} || end != last || port == 0)
    return std::nullopt;
  return port;
}

// -- SPDY ---------------------------------------------------------------------

/// Each connection is a pair of streams with one requestID; its number is that
/// of its data stream.
class spdy_forward : public forward_wire {
public:
  news receive(std::string_view bytes) override {
    news out;
    session_.receive(bytes);
    for (auto& x : session_.take_events())
      take(x, out);
    if (session_.failed()) {
      over_ = true;
      add(out, forward_news::type::goodbye, 0);
    }
    return out;
  }

  void say(uint64_t connection, std::string_view data) override {
    session_.send(static_cast<uint32_t>(connection), data);
  }

  void finish(uint64_t connection) override {
    session_.finish(static_cast<uint32_t>(connection));
  }

  void close(uint64_t connection, std::string_view problem) override {
    auto found = by_data_.find(static_cast<uint32_t>(connection));
    if (found == by_data_.end())
      return;
    auto errors = found->second;
    by_data_.erase(found);
    // The client reads the one to its end before it takes leave of the other.
    if (!problem.empty())
      session_.send(errors, problem);
    session_.finish(static_cast<uint32_t>(connection));
    session_.finish(errors);
  }

  void consumed(uint64_t connection, size_t bytes) override {
    session_.consumed(static_cast<uint32_t>(connection), bytes);
  }

  size_t waiting(uint64_t connection) const override {
    return session_.waiting(static_cast<uint32_t>(connection));
  }

  bool over() const override { return over_; }

  std::string take_bytes() override { return session_.take_output(); }

private:
  struct pair {
    uint32_t data = 0;
    uint32_t errors = 0;
    uint16_t port = 0;
  };

  /// Of clients that name no request: the error stream comes first.
  static std::string request_of(const spdy_event& x, bool data) {
    auto id = find_header(x.headers, "requestID");
    if (!id.empty())
      return std::string{id};
    return "#" + std::to_string(data ? x.stream - 2 : x.stream);
  }

  void on_opened(const spdy_event& x, news& out) {
    auto type = find_header(x.headers, "streamType");
    auto port = read_port(find_header(x.headers, "port"));
    auto data = type == "data";
    if (!port || (!data && type != "error"))
      return session_.reset(x.stream, spdy_reason::protocol_error);
    auto request = request_of(x, data);
    auto& p = pairs_[request];
    auto& place = data ? p.data : p.errors;
    if (place != 0)
      return session_.reset(x.stream, spdy_reason::protocol_error);
    place = x.stream;
    p.port = *port;
    session_.reply(x.stream);
    if (p.data == 0 || p.errors == 0)
      return;
    by_data_[p.data] = p.errors;
    add(out, forward_news::type::connect, p.data).port = p.port;
    pairs_.erase(request);
  }

  void take(spdy_event& x, news& out) {
    switch (x.kind) {
      case spdy_event::type::opened:
        return on_opened(x, out);
      case spdy_event::type::data:
        if (by_data_.count(x.stream) == 0)
          return session_.consumed(x.stream, x.data.size());
        add(out, forward_news::type::data, x.stream).data = std::move(x.data);
        return;
      case spdy_event::type::finished:
        if (by_data_.count(x.stream) != 0)
          add(out, forward_news::type::end, x.stream);
        return;
      case spdy_event::type::reset:
        return on_reset(x.stream, out);
      case spdy_event::type::goodbye:
        over_ = true;
        add(out, forward_news::type::goodbye, 0);
    }
  }

  void on_reset(uint32_t stream, news& out) {
    std::erase_if(pairs_, [&](auto& entry) {
      return entry.second.data == stream || entry.second.errors == stream;
    });
    if (by_data_.count(stream) == 0)
      return;
    add(out, forward_news::type::gone, stream);
    close(stream, {});
  }

  spdy_session session_;
  std::map<std::string, pair> pairs_;    ///< those that are not complete
  std::map<uint32_t, uint32_t> by_data_; ///< error streams by data streams
  bool over_ = false;
};

/// The same with its bytes in messages of WebSocket.
class tunnelled_forward : public forward_wire {
public:
  news receive(std::string_view bytes) override {
    news out;
    reader_.add(bytes);
    websocket_message msg;
    while (!over_) {
      auto got = reader_.next(msg);
      if (got == websocket_reader::outcome::incomplete)
        return out;
      if (got == websocket_reader::outcome::failed) {
        leave(reader_.problem(), out);
        return out;
      }
      take(msg, out);
    }
    return out;
  }

  void say(uint64_t connection, std::string_view data) override {
    inner_.say(connection, data);
  }
  void finish(uint64_t connection) override { inner_.finish(connection); }
  void close(uint64_t connection, std::string_view problem) override {
    inner_.close(connection, problem);
  }
  void consumed(uint64_t connection, size_t bytes) override {
    inner_.consumed(connection, bytes);
  }
  size_t waiting(uint64_t connection) const override {
    return inner_.waiting(connection);
  }
  bool over() const override { return over_; }

  std::string take_bytes() override {
    wrap();
    return out_.take();
  }

private:
  void wrap() {
    if (auto bytes = inner_.take_bytes(); !bytes.empty())
      out_ += websocket_frame(websocket_kind::binary, bytes);
  }

  void leave(websocket_code code, news& out) {
    wrap();
    out_ += websocket_goodbye(code);
    over_ = true;
    add(out, forward_news::type::goodbye, 0);
  }

  void take(websocket_message& msg, news& out) {
    switch (msg.kind) {
      case websocket_kind::binary: {
        auto said = inner_.receive(msg.data);
        out.insert(out.end(), std::make_move_iterator(said.begin()),
                   std::make_move_iterator(said.end()));
        if (inner_.over())
          leave(websocket_code::normal, out);
        return;
      }
      case websocket_kind::text:
        return leave(websocket_code::unsupported, out);
      case websocket_kind::ping:
        wrap();
        out_ += websocket_frame(websocket_kind::pong, msg.data);
        return;
      case websocket_kind::pong:
        return;
      case websocket_kind::close:
        leave(msg.code == websocket_code::no_status ? websocket_code::normal
                                                    : msg.code,
              out);
    }
  }

  spdy_forward inner_;
  websocket_reader reader_;
  websocket_frames out_;
  bool over_ = false;
};

// -- channels -----------------------------------------------------------------

/// Port i has channel 2i for data and 2i+1 for what went wrong, and one
/// connection, whose number is i+1.
class channel_forward : public forward_wire {
public:
  channel_forward(channel_form form, std::vector<uint16_t> ports)
      : form_(form), ports_(std::move(ports)), open_(ports_.size()) {
    closed_.resize(ports_.size(), false);
    for (size_t i = 0; i < ports_.size(); ++i) {
      // Kubernetes: both channels begin with the port, the low byte first.
      std::string first{static_cast<char>(ports_[i] & 0xff),
                        static_cast<char>(ports_[i] >> 8)};
      put(2 * i, first);
      put(2 * i + 1, first);
    }
  }

  news receive(std::string_view bytes) override {
    news out;
    if (!std::exchange(begun_, true))
      for (size_t i = 0; i < ports_.size(); ++i)
        add(out, forward_news::type::connect, i + 1).port = ports_[i];
    reader_.add(bytes);
    websocket_message msg;
    while (!over_) {
      auto got = reader_.next(msg);
      if (got == websocket_reader::outcome::incomplete)
        return out;
      if (got == websocket_reader::outcome::failed)
        leave(reader_.problem(), out);
      else
        take(msg, out);
    }
    return out;
  }

  void say(uint64_t connection, std::string_view data) override {
    if (is_open(connection))
      put(2 * (connection - 1), data);
  }

  void finish(uint64_t connection) override {
    // Channels have no end of one direction.
    close(connection, {});
  }

  void close(uint64_t connection, std::string_view problem) override {
    if (!is_open(connection))
      return;
    closed_[connection - 1] = true;
    if (!problem.empty())
      put(2 * (connection - 1) + 1, problem);
    if (--open_ > 0 || over_)
      return;
    over_ = true;
    out_ += websocket_goodbye(websocket_code::normal);
  }

  void consumed(uint64_t, size_t) override {
    // There are no windows.
  }

  size_t waiting(uint64_t) const override { return 0; }
  bool over() const override { return over_; }
  std::string take_bytes() override { return out_.take(); }

private:
  bool is_open(uint64_t connection) const {
    return !over_ && connection > 0 && connection <= closed_.size()
           && !closed_[connection - 1];
  }

  void put(size_t channel, std::string_view data) {
    out_ += channel_frame(form_, static_cast<uint8_t>(channel), data);
  }

  void leave(websocket_code code, news& out) {
    over_ = true;
    out_ += websocket_goodbye(code);
    add(out, forward_news::type::goodbye, 0);
  }

  void take(websocket_message& msg, news& out) {
    if (msg.kind == websocket_kind::ping)
      out_ += websocket_frame(websocket_kind::pong, msg.data);
    if (msg.kind == websocket_kind::close)
      return leave(msg.code == websocket_code::no_status
                       ? websocket_code::normal
                       : msg.code,
                   out);
    if (msg.kind != websocket_kind::binary && msg.kind != websocket_kind::text)
      return;
    auto said = read_channel(form_, msg.data);
    if (!said || said->channel % 2 != 0 || said->data.empty())
      return;
    auto connection = uint64_t{said->channel} / 2 + 1;
    if (is_open(connection))
      add(out, forward_news::type::data, connection).data =
          std::move(said->data);
  }

  channel_form form_;
  std::vector<uint16_t> ports_;
  size_t open_;
  std::vector<bool> closed_;
  websocket_reader reader_;
  websocket_frames out_;
  bool begun_ = false;
  bool over_ = false;
};

expected<std::vector<uint16_t>>
read_ports(const std::vector<std::string>& texts) {
  if (texts.empty())
    return make_error(ec::bad_request, "query parameter \"port\" is required");
  std::vector<uint16_t> out;
  for (auto& text : texts) {
    std::string_view rest = text;
    do {
      auto end = std::min(rest.find(','), rest.size());
      auto port = read_port(rest.substr(0, end));
      if (!port)
        return make_error(ec::bad_request,
                          "unable to parse \"" + text + "\" as a port");
      out.push_back(*port);
      rest.remove_prefix(std::min(end + 1, rest.size()));
    } while (!rest.empty());
  }
  if (out.size() > most_ports)
    return make_error(ec::bad_request, "at most " + std::to_string(most_ports)
                                           + " ports can be forwarded");
  return out;
}

expected<forward_greeting>
greet_with_websocket(const std::vector<header>& headers,
                     const std::vector<std::string>& texts) {
  auto greeting = greet_websocket(headers, forward_protocols());
  if (!greeting)
    return greeting.error();
  forward_greeting out;
  out.head = std::move(greeting->head);
  if (greeting->protocol == spdy_forward_protocol) {
    out.wire = std::make_unique<tunnelled_forward>();
    return out;
  }
  auto ports = read_ports(texts);
  if (!ports)
    return ports.error();
  out.wire = std::make_unique<channel_forward>(
      form_of_protocol(greeting->protocol), std::move(*ports));
  return out;
}

} // namespace

expected<forward_greeting>
greet_forward(const std::vector<header>& headers,
              const std::vector<std::string>& ports) {
  if (wants_upgrade(headers, "websocket"))
    return greet_with_websocket(headers, ports);
  if (!wants_upgrade(headers, "SPDY/3.1"))
    return make_error(ec::bad_request, "Upgrade request required");
  auto protocol = choose_stream_protocol(headers, {port_forward_protocol}, "");
  if (!protocol)
    return protocol.error();
  forward_greeting out;
  out.head = spdy_head(*protocol);
  out.wire = std::make_unique<spdy_forward>();
  return out;
}

} // namespace troupe::http
