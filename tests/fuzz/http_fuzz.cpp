#include "runtime/http/api_route.hpp"
#include "runtime/http/http2_session.hpp"
#include "runtime/http/negotiation.hpp"
#include "runtime/http/request_parser.hpp"
#include "runtime/http/target.hpp"
#include "tests/fuzz/targets.hpp"

namespace troupe::fuzz {

namespace {

/// What the server makes of a request before it looks at its body.
void look_at(const http::request& what) {
  if (auto to = http::parse_target(what.target))
    http::find_route(*to);
  http::negotiate(http::find_header(what.headers, "Accept"), {});
  http::body_encoding(http::find_header(what.headers, "Content-Type"));
}

http::request_limits small() {
  http::request_limits out{8u << 10, 64u << 10};
  out.in_pieces = [](const http::request& what) {
    return http::is_proxied_target(what.target);
  };
  return out;
}

/// Adds what there is of a body that streams to its request.
void take_body(http::request_parser& parser, http::request& to) {
  std::string piece;
  while (parser.next_piece(piece) == http::request_parser::outcome::ready)
    to.body += piece;
}

/// Bytes that come a few at a time; how many, the first one says.
std::vector<http::request> parse(std::string_view bytes, size_t at_once) {
  std::vector<http::request> result;
  http::request_parser parser{small()};
  while (!bytes.empty()) {
    auto part = bytes.substr(0, at_once);
    bytes.remove_prefix(part.size());
    parser.add(part);
    auto outcome = http::request_parser::outcome::ready;
    while (outcome == http::request_parser::outcome::ready) {
      if (parser.in_body())
        take_body(parser, result.back());
      if (parser.in_body())
        break;
      http::request next;
      outcome = parser.next(next);
      if (outcome == http::request_parser::outcome::ready)
        result.push_back(std::move(next));
    }
    if (outcome == http::request_parser::outcome::refused)
      break;
  }
  return result;
}

} // namespace

void http(std::string_view bytes) {
  auto whole = parse(bytes, bytes.size() + 1);
  auto parts = parse(bytes, 7);
  demand(whole.size() == parts.size(),
         "requests are the same however their bytes come");
  for (size_t i = 0; i < whole.size(); ++i) {
    demand(whole[i].target == parts[i].target && whole[i].body == parts[i].body
               && whole[i].headers == parts[i].headers,
           "a request is the same however its bytes come");
    look_at(whole[i]);
  }
}

void http2(std::string_view bytes) {
  http::http2_session session{{small(), 20, 256u << 10, 64u << 10, 16u << 10}};
  http::http2_session::time_point now{};
  // Whoever connects says this first.
  session.take("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", now);
  while (!bytes.empty() && !session.is_over()) {
    auto part = bytes.substr(0, 61);
    bytes.remove_prefix(part.size());
    now += std::chrono::milliseconds(100);
    session.take(part, now);
    for (auto& x : session.take_events()) {
      if (x.kind != http::event::type::request)
        continue;
      look_at(x.what);
      if (x.streams)
        session.allow(x.exchange, 2);
      if (x.exchange % 4 == 1) {
        session.answer(x.exchange, {200, {{"A", "b"}}}, std::string(999, 'x'));
      } else {
        session.begin(x.exchange, {200, {}});
        session.send(x.exchange, "piece");
        session.end(x.exchange, x.exchange % 8 == 3);
      }
    }
    session.output(4096, now);
  }
  session.finish();
  session.output(1u << 20, now);
}

} // namespace troupe::fuzz
