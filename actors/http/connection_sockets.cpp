#include "actors/http/connection_parts.hpp"
#include "runtime/http/stream_channels.hpp"
#include "runtime/http/websocket.hpp"

#include <caf/stateful_actor.hpp>

#include <algorithm>
#include <utility>

// Watches and logs as messages of WebSocket.
namespace troupe::serving_http {

namespace {

/// Answers to pings that may be on their way.
constexpr uint32_t most_aside = 64;

http_socket* find_socket(pointer self, uint64_t number) {
  auto found = self->state.sockets.find(number);
  return found == self->state.sockets.end() ? nullptr : &found->second;
}

/// Sends what is no part of the answer.
void send_aside(pointer self, http_socket& s, uint64_t number,
                std::string bytes) {
  ++s.aside;
  self->state.edge->send(self->state.connection, number, std::move(bytes));
}

void stop(pointer self, uint64_t number) {
  stop_watch(self, number);
  stop_log(self, number);
}

} // namespace

caf::error prepare_socket(pointer self, const exchange& x,
                          const std::vector<std::string>& protocols) {
  auto headers = headers_of(x);
  if (!http::wants_upgrade(headers, "websocket"))
    return caf::none;
  auto greeting = http::greet_websocket(headers, protocols);
  if (!greeting)
    return greeting.error();
  auto& s = self->state.sockets[x.number];
  s.head = std::move(greeting->head);
  s.head.headers.push_back(audit_header(x.audit_id));
  s.form = http::form_of_protocol(greeting->protocol);
  return caf::none;
}

void drop_socket(pointer self, uint64_t number) {
  self->state.sockets.erase(number);
}

void begin_pieces(pointer self, uint64_t number, http::response_head head) {
  auto& st = self->state;
  if (auto* s = find_socket(self, number))
    st.edge->upgrade(st.connection, number, std::move(s->head));
  else
    st.edge->begin(st.connection, number, std::move(head));
}

std::string event_piece(pointer self, uint64_t number, std::string event,
                        bool text) {
  if (find_socket(self, number) == nullptr)
    return event;
  return http::websocket_frame(
      text ? http::websocket_kind::text : http::websocket_kind::binary, event);
}

std::string log_piece(pointer self, uint64_t number, std::string bytes) {
  auto* s = find_socket(self, number);
  return s == nullptr ? bytes : http::reader_frame(s->form, bytes);
}

void end_pieces(pointer self, uint64_t number, bool broken) {
  auto& st = self->state;
  if (st.sockets.erase(number) > 0)
    st.edge->send(st.connection, number,
                  http::websocket_goodbye(http::websocket_code::normal));
  st.edge->end(st.connection, number, broken);
}

uint32_t pieces_of_answer(pointer self, uint64_t number, uint32_t pieces) {
  auto* s = find_socket(self, number);
  if (s == nullptr)
    return pieces;
  auto aside = std::min(s->aside, pieces);
  s->aside -= aside;
  return pieces - aside;
}

bool on_socket_data(pointer self, const http_api::Data& msg) {
  auto number = msg.exchange();
  auto* s = find_socket(self, number);
  if (s == nullptr)
    return false;
  auto& st = self->state;
  st.edge->allow(st.connection, number, 1);
  s->reader.add(msg.bytes());
  http::websocket_message said;
  for (;;) {
    auto got = s->reader.next(said);
    if (got == http::websocket_reader::outcome::incomplete)
      return true;
    if (got == http::websocket_reader::outcome::failed
        || said.kind == http::websocket_kind::close) {
      stop(self, number);
      return true;
    }
    // Whoever does not take the answers need not ask on.
    if (s->aside > most_aside) {
      stop(self, number);
      return true;
    }
    if (said.kind == http::websocket_kind::ping)
      send_aside(self, *s, number,
                 http::websocket_frame(http::websocket_kind::pong, said.data));
  }
}

} // namespace troupe::serving_http
