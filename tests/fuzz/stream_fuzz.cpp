#include "runtime/http/forward_wire.hpp"
#include "runtime/http/proxy_links.hpp"
#include "runtime/http/proxy_request.hpp"
#include "runtime/http/remote_wire.hpp"
#include "runtime/http/response_parser.hpp"
#include "runtime/http/spdy_session.hpp"
#include "runtime/http/websocket.hpp"
#include "tests/fuzz/targets.hpp"

#include <algorithm>

namespace troupe::fuzz {

namespace {

/// Small, so that inputs of a fuzzer reach it.
constexpr size_t most_message = 4096;

/// Calls `take` with the bytes, so many at a time.
template <class F>
void in_parts(std::string_view bytes, size_t at_once, F take) {
  while (!bytes.empty()) {
    auto part = bytes.substr(0, at_once);
    bytes.remove_prefix(part.size());
    take(part);
  }
}

/// Takes the first byte off, which says something about the rest.
uint8_t take_first(std::string_view& bytes) {
  if (bytes.empty())
    return 0;
  auto out = static_cast<uint8_t>(bytes.front());
  bytes.remove_prefix(1);
  return out;
}

// -- WebSocket ----------------------------------------------------------------

std::string messages_of(std::string_view bytes, size_t at_once) {
  std::string out;
  http::websocket_reader reader{most_message};
  auto over = false;
  in_parts(bytes, at_once, [&](std::string_view part) {
    if (over)
      return;
    reader.add(part);
    http::websocket_message next;
    auto outcome = reader.next(next);
    for (; outcome == http::websocket_reader::outcome::ready;
         outcome = reader.next(next)) {
      demand(next.data.size() <= most_message, "messages keep to the limit");
      out += http::websocket_frame(next.kind, next.data);
    }
    over = outcome == http::websocket_reader::outcome::failed;
  });
  return out + (over ? http::websocket_goodbye(reader.problem()) : "");
}

// -- SPDY ---------------------------------------------------------------------

/// What the server does with what a client of SPDY did.
std::string serve(http::spdy_session& session, const http::spdy_event& x) {
  using type = http::spdy_event::type;
  auto line = std::to_string(static_cast<int>(x.kind)) + " "
              + std::to_string(x.stream) + "\n";
  switch (x.kind) {
    case type::opened:
      for (auto& [name, value] : x.headers)
        line += name + "=" + value + "\n";
      if (x.stream % 8 == 7)
        session.reset(x.stream, http::spdy_reason::refused_stream);
      else
        session.reply(x.stream);
      return line;
    case type::data:
      session.send(x.stream, x.data);
      session.consumed(x.stream, x.data.size());
      return x.data;
    case type::finished:
      session.finish(x.stream);
      return line;
    default:
      return line;
  }
}

std::string events_of(std::string_view bytes, size_t at_once) {
  std::string out;
  http::spdy_session session{{16, 4096}};
  in_parts(bytes, at_once, [&](std::string_view part) {
    session.receive(part);
    for (auto& x : session.take_events())
      out += serve(session, x);
    session.take_output();
  });
  demand(session.open() <= 16, "no more streams than are served");
  return out;
}

// -- answers of servers behind the proxy --------------------------------------

std::string answer_of(std::string_view bytes, size_t at_once, bool head_only) {
  using outcome = http::response_parser::outcome;
  std::string out;
  http::response_parser parser{head_only, 8u << 10};
  auto last = outcome::incomplete;
  auto read = [&] {
    std::string piece;
    for (last = parser.next(piece);
         last == outcome::head || last == outcome::body;
         last = parser.next(piece))
      if (last == outcome::body)
        out += piece;
  };
  in_parts(bytes, at_once, [&](std::string_view part) {
    parser.add(part);
    if (last == outcome::incomplete)
      read();
  });
  parser.end();
  if (last == outcome::incomplete)
    read();
  demand(last != outcome::incomplete, "an answer ends with its stream");
  if (last != outcome::ended)
    return {};
  auto head = http::proxied_head(parser.head());
  auto text = to_text(head, http::framing::length, out.size(), true);
  return text + http::proxied_page(out, {"/api/v1/proxy", "host"});
}

/// Headers by which a client goes over to WebSocket or SPDY.
std::vector<http::header> greeting(bool spdy, std::string protocol) {
  if (spdy)
    return {{"Connection", "Upgrade"},
            {"Upgrade", "SPDY/3.1"},
            {"X-Stream-Protocol-Version", std::move(protocol)}};
  return {{"Connection", "Upgrade"},
          {"Upgrade", "websocket"},
          {"Sec-WebSocket-Version", "13"},
          {"Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="},
          {"Sec-WebSocket-Protocol", std::move(protocol)}};
}

template <class Wire>
void drain(Wire& wire) {
  while (!wire.take_bytes().empty()) {
    // Nobody reads it.
  }
}

} // namespace

void websocket(std::string_view bytes) {
  demand(messages_of(bytes, bytes.size() + 1) == messages_of(bytes, 1),
         "messages are the same however their bytes come");
}

void spdy(std::string_view bytes) {
  events_of(bytes, bytes.size() + 1);
  demand(events_of(bytes, 5) == events_of(bytes, 1),
         "a session is the same however its bytes come");
}

/// Blocks, each behind its length.
void spdyheaders(std::string_view bytes) {
  http::spdy_header_reader reader;
  http::spdy_header_writer writer;
  http::spdy_header_reader again;
  while (bytes.size() > 1) {
    size_t size = take_first(bytes);
    size = size << 8 | take_first(bytes);
    auto block = bytes.substr(0, size);
    bytes.remove_prefix(block.size());
    auto headers = reader.read(block);
    if (!headers)
      return;
    auto copy = again.read(writer.write(*headers));
    // A name without a value has no copy, and many small values of one name
    // are longer apart.
    if (copy)
      demand(copy->size() == headers->size(), "headers are read as written");
  }
}

void remote(std::string_view bytes) {
  auto first = take_first(bytes);
  auto spdy = (first & 1) != 0;
  auto& all = http::remote_protocols();
  auto headers =
      greeting(spdy, spdy ? "v4.channel.k8s.io" : all[first / 16 % all.size()]);
  auto greeted = http::greet_remote(
      headers, {(first & 2) != 0, true, (first & 4) != 0, (first & 8) != 0});
  if (!greeted)
    return;
  auto& wire = *greeted->wire;
  using type = http::remote_news::type;
  in_parts(bytes, 61, [&](std::string_view part) {
    for (auto& x : wire.receive(part)) {
      if (x.kind == type::input) {
        wire.say(http::remote_channel::output, x.data);
        wire.consumed(x.data.size());
      } else if (x.kind == type::input_end) {
        wire.finish(true, http::success_status(), {});
      }
    }
    drain(wire);
  });
  wire.finish(false, http::exit_status(1, "x"), "x");
  drain(wire);
}

void forward(std::string_view bytes) {
  auto first = take_first(bytes);
  auto spdy = (first & 1) != 0;
  auto& all = http::forward_protocols();
  auto headers = greeting(spdy, spdy ? "portforward.k8s.io"
                                     : all[first / 16 % all.size()]);
  auto greeted = http::greet_forward(headers, {"80", "81"});
  if (!greeted)
    return;
  auto& wire = *greeted->wire;
  using type = http::forward_news::type;
  in_parts(bytes, 61, [&](std::string_view part) {
    for (auto& x : wire.receive(part)) {
      if (x.kind == type::data) {
        wire.say(x.connection, x.data);
        wire.consumed(x.connection, x.data.size());
      } else if (x.kind == type::end) {
        wire.finish(x.connection);
      } else if (x.kind == type::connect && x.port % 2 == 1) {
        wire.close(x.connection, "nobody listens");
      }
    }
    drain(wire);
  });
}

void response(std::string_view bytes) {
  auto first = take_first(bytes);
  auto head_only = (first & 1) != 0;
  demand(answer_of(bytes, bytes.size() + 1, head_only)
             == answer_of(bytes, 7, head_only),
         "an answer is the same however its bytes come");
}

} // namespace troupe::fuzz
