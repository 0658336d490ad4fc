#include "runtime/http/remote_wire.hpp"

#include "runtime/http/spdy_session.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <optional>
#include <utility>

namespace troupe::http {

namespace {

constexpr std::string_view spdy_protocol = "SPDY/3.1";
constexpr const char* version_header = "X-Stream-Protocol-Version";

using news = std::vector<remote_news>;

void add(news& out, remote_news::type kind, std::string data = {}) {
  remote_news x;
  x.kind = kind;
  x.data = std::move(data);
  out.push_back(std::move(x));
}

void add_size(news& out, size_reader& reader, std::string_view bytes) {
  auto size = reader.add(bytes);
  if (!size)
    return;
  add(out, remote_news::type::resize);
  out.back().size = *size;
}

bool wants(const remote_options& options, remote_channel channel) {
  return channel == remote_channel::output ? options.output : options.errors;
}

// -- WebSocket ----------------------------------------------------------------

class websocket_wire : public remote_wire {
public:
  websocket_wire(channel_form form, const remote_options& options)
      : form_(form), options_(options) {
    // Kubernetes: an empty message on the first channel tells that it stands.
    auto first = options.output   ? remote_channel::output
                 : options.errors ? remote_channel::errors
                                  : remote_channel::status;
    put(first, {});
  }

  news receive(std::string_view bytes) override {
    news out;
    if (!std::exchange(ready_, true))
      add(out, remote_news::type::ready);
    reader_.add(bytes);
    websocket_message msg;
    while (!over_) {
      switch (reader_.next(msg)) {
        case websocket_reader::outcome::incomplete:
          return out;
        case websocket_reader::outcome::failed:
          leave(reader_.problem(), out);
          return out;
        case websocket_reader::outcome::ready:
          take(msg, out);
      }
    }
    return out;
  }

  void say(remote_channel channel, std::string_view data) override {
    if (wants(options_, channel) && !finished_)
      put(channel, data);
  }

  void finish(bool success, std::string_view json,
              std::string_view text) override {
    if (std::exchange(finished_, true))
      return;
    if (form_.tells_all)
      put(remote_channel::status, json);
    else if (!success)
      put(remote_channel::status, text);
    out_ += websocket_goodbye(websocket_code::normal);
  }

  void consumed(size_t) override {
    // There are no windows.
  }

  size_t waiting() const override { return 0; }

  std::string take_bytes() override { return out_.take(); }

private:
  void put(remote_channel channel, std::string_view data) {
    out_ += channel_frame(form_, static_cast<uint8_t>(channel), data);
  }

  void leave(websocket_code code, news& out) {
    if (!std::exchange(finished_, true))
      out_ += websocket_goodbye(code);
    over_ = true;
    add(out, remote_news::type::goodbye);
  }

  void take(websocket_message& msg, news& out) {
    switch (msg.kind) {
      case websocket_kind::ping:
        out_ += websocket_frame(websocket_kind::pong, msg.data);
        return;
      case websocket_kind::pong:
        return;
      case websocket_kind::close:
        return leave(msg.code == websocket_code::no_status
                         ? websocket_code::normal
                         : msg.code,
                     out);
      default:
        break;
    }
    auto said = read_channel(form_, msg.data);
    if (!said)
      return;
    auto channel = static_cast<remote_channel>(said->channel);
    if (channel == remote_channel::resize)
      add_size(out, sizes_, said->data);
    if (channel != remote_channel::input || !options_.input)
      return;
    if (!said->data.empty())
      add(out, remote_news::type::input, std::move(said->data));
    if (said->end)
      add(out, remote_news::type::input_end);
  }

  channel_form form_;
  remote_options options_;
  websocket_reader reader_;
  size_reader sizes_;
  websocket_frames out_;
  bool ready_ = false;
  bool finished_ = false; ///< we say no more
  bool over_ = false;
};

// -- SPDY ---------------------------------------------------------------------

const std::vector<std::string>& spdy_versions() {
  static const std::vector<std::string> all{
      "v4.channel.k8s.io", "v3.channel.k8s.io", "v2.channel.k8s.io",
      "channel.k8s.io"};
  return all;
}

/// Numbers of streams, 0 for those that are not there.
struct stream_numbers {
  uint32_t input = 0;
  uint32_t output = 0;
  uint32_t errors = 0;
  uint32_t status = 0;
  uint32_t resize = 0;
};

class spdy_wire : public remote_wire {
public:
  spdy_wire(const std::string& protocol, const remote_options& options)
      : options_(options),
        json_(protocol == spdy_versions()[0]),
        resizes_(options.tty && (json_ || protocol == spdy_versions()[1])) {
    // nop
  }

  news receive(std::string_view bytes) override {
    news out;
    session_.receive(bytes);
    for (auto& x : session_.take_events())
      take(x, out);
    if (!ready_ && is_complete()) {
      ready_ = true;
      // What was said before comes after.
      remote_news first;
      first.kind = remote_news::type::ready;
      out.insert(out.begin(), std::move(first));
    }
    if (session_.failed())
      add(out, remote_news::type::goodbye);
    return out;
  }

  void say(remote_channel channel, std::string_view data) override {
    auto id = channel == remote_channel::output ? at_.output : at_.errors;
    if (id != 0)
      session_.send(id, data);
  }

  void finish(bool success, std::string_view json,
              std::string_view text) override {
    if (json_)
      session_.send(at_.status, json);
    else if (!success)
      session_.send(at_.status, text);
    for (auto id : {at_.output, at_.errors, at_.status, at_.input, at_.resize})
      session_.finish(id);
  }

  void consumed(size_t bytes) override { session_.consumed(at_.input, bytes); }

  size_t waiting() const override {
    return session_.waiting(at_.output) + session_.waiting(at_.errors);
  }

  std::string take_bytes() override { return session_.take_output(); }

private:
  bool is_complete() const {
    return at_.status != 0 && (!options_.input || at_.input != 0)
           && (!options_.output || at_.output != 0)
           && (!options_.errors || at_.errors != 0)
           && (!resizes_ || at_.resize != 0);
  }

  /// The place of a stream of that name; null where nobody wants one.
  uint32_t* place_of(std::string_view type) {
    if (type == "error")
      return &at_.status;
    if (type == "stdin" && options_.input)
      return &at_.input;
    if (type == "stdout" && options_.output)
      return &at_.output;
    if (type == "stderr" && options_.errors)
      return &at_.errors;
    return type == "resize" ? &at_.resize : nullptr;
  }

  void on_opened(const spdy_event& x) {
    auto* place = place_of(find_header(x.headers, "streamType"));
    if (place == nullptr || *place != 0)
      return session_.reset(x.stream, spdy_reason::protocol_error);
    *place = x.stream;
    session_.reply(x.stream);
  }

  void take(spdy_event& x, news& out) {
    switch (x.kind) {
      case spdy_event::type::opened:
        return on_opened(x);
      case spdy_event::type::data:
        if (x.stream == at_.input)
          return add(out, remote_news::type::input, std::move(x.data));
        if (x.stream == at_.resize)
          add_size(out, sizes_, x.data);
        return session_.consumed(x.stream, x.data.size());
      case spdy_event::type::finished:
      case spdy_event::type::reset:
        if (x.stream == at_.input)
          add(out, remote_news::type::input_end);
        return;
      case spdy_event::type::goodbye:
        add(out, remote_news::type::goodbye);
    }
  }

  remote_options options_;
  bool json_;
  bool resizes_;
  spdy_session session_;
  stream_numbers at_;
  size_reader sizes_;
  bool ready_ = false;
};

nlohmann::ordered_json failed(std::string_view message,
                              std::string_view reason) {
  nlohmann::ordered_json out;
  out["metadata"] = nlohmann::ordered_json::object();
  out["status"] = "Failure";
  out["message"] = message;
  out["reason"] = reason;
  return out;
}

/// What commands write into names and messages need not be UTF-8.
std::string dump(const nlohmann::ordered_json& json) {
  return json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

} // namespace

expected<std::string>
choose_stream_protocol(const std::vector<header>& headers,
                       const std::vector<std::string>& served,
                       const std::string& without) {
  auto asked = false;
  for (auto& [name, value] : headers) {
    if (!same_word(name, version_header))
      continue;
    asked = true;
    for (auto& each : served)
      if (header_has_word({{name, value}}, version_header, each))
        return each;
  }
  if (!asked)
    return without;
  std::string text = "unable to upgrade: unable to negotiate protocol: server "
                     "accepts [";
  for (auto& each : served)
    (text += text.back() == '[' ? "" : " ") += each;
  return make_error(ec::bad_request, text + "]");
}

response_head spdy_head(const std::string& protocol) {
  response_head out;
  out.status = 101;
  out.headers = {{"Connection", "Upgrade"},
                 {"Upgrade", std::string{spdy_protocol}}};
  if (!protocol.empty())
    out.headers.emplace_back(version_header, protocol);
  return out;
}

expected<remote_greeting> greet_remote(const std::vector<header>& headers,
                                       const remote_options& options) {
  remote_greeting out;
  if (wants_upgrade(headers, "websocket")) {
    auto greeting = greet_websocket(headers, remote_protocols());
    if (!greeting)
      return greeting.error();
    out.head = std::move(greeting->head);
    out.wire = std::make_unique<websocket_wire>(
        form_of_protocol(greeting->protocol), options);
    return out;
  }
  if (!wants_upgrade(headers, spdy_protocol))
    return make_error(ec::bad_request, "Upgrade request required");
  auto protocol = choose_stream_protocol(headers, spdy_versions(), "");
  if (!protocol)
    return protocol.error();
  out.head = spdy_head(*protocol);
  out.wire = std::make_unique<spdy_wire>(*protocol, options);
  return out;
}

std::string success_status() {
  nlohmann::ordered_json out;
  out["metadata"] = nlohmann::ordered_json::object();
  out["status"] = "Success";
  return dump(out);
}

std::string exit_status(int32_t code, std::string_view message) {
  auto out = failed(message, "NonZeroExitCode");
  nlohmann::ordered_json cause;
  cause["reason"] = "ExitCode";
  cause["message"] = std::to_string(code);
  out["details"]["causes"] = nlohmann::ordered_json::array({cause});
  return dump(out);
}

std::string failure_status(std::string_view message) {
  auto out = failed("Internal error occurred: " + std::string{message},
                    "InternalError");
  nlohmann::ordered_json cause;
  cause["message"] = message;
  out["details"]["causes"] = nlohmann::ordered_json::array({cause});
  out["code"] = 500;
  return dump(out);
}

std::string exit_message(const std::vector<std::string>& command,
                         int32_t code) {
  std::string out = "command terminated with non-zero exit code: error "
                    "executing command [";
  for (auto& word : command)
    (out += out.back() == '[' ? "" : " ") += word;
  return out + "], exit code " + std::to_string(code);
}

} // namespace troupe::http
