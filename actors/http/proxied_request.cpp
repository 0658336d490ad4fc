#include "actors/http/proxied_request.hpp"

#include "actors/http/connection_parts.hpp"
#include "actors/http/stream_start.hpp"
#include "actors/system/describing.hpp"
#include "messages/pod_stream.pb.h"
#include "messages/system.pb.h"
#include "runtime/http/proxy_links.hpp"
#include "runtime/http/websocket.hpp"

#include <caf/actor_cast.hpp>
#include <caf/stateful_actor.hpp>

namespace troupe {

namespace {

using pointer = http_stream_actor::stateful_pointer<proxied_request_state>;
using phase = proxied_request_state::phase;
using outcome = http::response_parser::outcome;

/// What the far ends of tunnels take before they have given credit
/// (actors/proxy/tunnel_streams.hpp).
constexpr uint32_t source_window = 8;
/// Pieces of the client's body that may be on their way to us.
constexpr uint32_t body_window = 4;
/// Longer pages keep their links.
constexpr size_t longest_page = 16u << 20;

http::request request_of(const serving_http::exchange& x) {
  http::request out;
  out.method = x.request->method();
  out.headers = serving_http::headers_of(x);
  out.body = x.request->body();
  return out;
}

bool is_page(const http::response_head& head) {
  auto type = http::find_header(head.headers, "Content-Type");
  return type.substr(0, type.find(';')) == "text/html"
         && http::find_header(head.headers, "Content-Encoding").empty();
}

http::proxied_place place_of(pointer self) {
  auto& st = self->state;
  return {st.to.prefix, std::string{st.door.x().header("Host")}};
}

// -- to the pod ---------------------------------------------------------------

template <class T>
void tell(pointer self, T msg) {
  auto& st = self->state;
  if (!st.source)
    return;
  msg.set_stream(st.stream);
  self->send(st.source, pb<T>{std::move(msg)});
}

void pass_input(pointer self) {
  auto& st = self->state;
  if (st.tls)
    st.input.add(st.tls->take_output());
  container::StreamData data;
  while (st.source && st.input.next(data))
    tell(self, std::exchange(data, {}));
  if (st.input.waiting() < most_stream_input)
    st.door.allow(std::exchange(st.unread, 0));
}

void say(pointer self, std::string bytes) {
  auto& st = self->state;
  if (st.tls)
    st.tls->write(bytes);
  else
    st.input.add(std::move(bytes));
  pass_input(self);
}

void give_credit(pointer self) {
  auto& st = self->state;
  if (st.owed == 0 || st.door.on_the_way() >= stream_window)
    return;
  container::StreamCredit credit;
  credit.set_chunks(std::exchange(st.owed, 0));
  tell(self, std::move(credit));
}

// -- to the client ------------------------------------------------------------

void leave(pointer self, bool broken) {
  auto& st = self->state;
  tell(self, container::StreamClose{});
  st.door.end(broken);
  self->quit();
}

void refuse(pointer self, const caf::error& why) {
  tell(self, container::StreamClose{});
  self->state.door.refuse(why);
  self->quit();
}

/// Nothing comes, or nothing that is an answer.
void break_off(pointer self, const std::string& why) {
  auto& st = self->state;
  if (st.now == phase::telling || st.now == phase::upgraded)
    return leave(self, st.now == phase::telling);
  refuse(self, make_error(ec::service_unavailable,
                          "error trying to reach service: " + why));
}

http::response_head told_head(pointer self) {
  auto head = http::proxied_head(self->state.answer->head());
  for (auto& [name, value] : head.headers)
    if (http::same_word(name, "Location"))
      value = http::proxied_link(value, place_of(self));
  // Links get longer.
  if (self->state.now == phase::collecting)
    std::erase_if(head.headers, [](auto& h) {
      return http::same_word(h.first, "Content-Length");
    });
  return head;
}

/// Goes over with what the server has chosen.
void go_over(pointer self) {
  auto& st = self->state;
  st.now = phase::upgraded;
  auto head = told_head(self);
  head.headers.emplace_back("Connection", "Upgrade");
  head.headers.emplace_back(
      "Upgrade",
      std::string{http::find_header(st.answer->head().headers, "Upgrade")});
  st.door.upgrade(std::move(head));
  st.door.send(st.answer->take_rest());
}

void begin_telling(pointer self) {
  auto& st = self->state;
  auto head = told_head(self);
  st.now = phase::telling;
  st.door.begin(std::move(head));
  st.door.send(std::exchange(st.collected, {}));
}

void on_head(pointer self) {
  auto& st = self->state;
  auto& head = st.answer->head();
  if (head.status == 101 && st.upgrade)
    return go_over(self);
  // Kubernetes: only what is an error is told to one who wanted to go over.
  if (st.upgrade && head.status < 400)
    return refuse(self, make_error(ec::internal_error,
                                   "invalid upgrade response: status code "
                                       + std::to_string(head.status)));
  auto whole = is_page(head) && st.door.x().request->method() != "HEAD";
  if (whole)
    st.now = phase::collecting;
  else
    begin_telling(self);
}

void on_body(pointer self, std::string bytes) {
  auto& st = self->state;
  if (st.now == phase::telling)
    return st.door.send(std::move(bytes));
  st.collected += bytes;
  if (st.collected.size() > longest_page)
    begin_telling(self);
}

void on_whole(pointer self) {
  auto& st = self->state;
  if (st.now == phase::telling)
    return leave(self, false);
  auto redirects =
      !http::find_header(st.answer->head().headers, "Location").empty();
  if (is_page(st.answer->head()) && !redirects)
    st.collected = http::proxied_page(st.collected, place_of(self));
  tell(self, container::StreamClose{});
  st.door.answer(told_head(self), std::exchange(st.collected, {}));
  self->quit();
}

void read_answer(pointer self) {
  auto& st = self->state;
  std::string bytes;
  while (st.now != phase::upgraded) {
    switch (st.answer->next(bytes)) {
      case outcome::incomplete:
        return;
      case outcome::head:
        on_head(self);
        if (st.now == phase::asking)
          return; // refused
        break;
      case outcome::body:
        on_body(self, std::exchange(bytes, {}));
        break;
      case outcome::ended:
        return on_whole(self);
      case outcome::refused:
        return break_off(self, st.ended ? "EOF" : "malformed HTTP response");
    }
  }
}

void take_text(pointer self, const std::string& text) {
  auto& st = self->state;
  if (st.now == phase::upgraded)
    return st.door.send(text);
  st.answer->add(text);
  read_answer(self);
}

void on_server_end(pointer self);

/// Takes bytes of the pod.
void take_bytes(pointer self, const std::string& bytes) {
  auto& st = self->state;
  if (!st.tls)
    return take_text(self, bytes);
  st.tls->receive(bytes);
  pass_input(self);
  take_text(self, st.tls->take_text());
  if (!st.tls->problem().empty())
    return break_off(self, st.tls->problem());
  // It may wait for us to end the connection.
  if (st.tls->ended())
    on_server_end(self);
}

void on_server_end(pointer self) {
  auto& st = self->state;
  if (std::exchange(st.ended, true) || st.now == phase::opening)
    return;
  if (st.now == phase::upgraded)
    return leave(self, false);
  st.answer->end();
  read_answer(self);
}

// -- the request --------------------------------------------------------------

/// Segments of the path up to "proxy".
size_t segments_before(const serving_http::exchange& x) {
  return x.at.ns.empty() ? 5 : 7;
}

/// Kubernetes: the place of a proxy is a folder.
bool redirect_to_folder(pointer self) {
  auto& st = self->state;
  auto& method = st.door.x().request->method();
  if (!st.to.path.empty() || st.upgrade
      || (method != "GET" && method != "HEAD"))
    return false;
  st.door.answer({301, {{"Location", st.to.prefix + "/" + st.to.query}}}, {});
  return true;
}

void opened(pointer self, uint64_t stream, const stream_source_actor& source) {
  auto& st = self->state;
  auto& x = st.door.x();
  st.stream = stream;
  st.source = source;
  self->monitor(source);
  st.now = phase::asking;
  st.answer.emplace(x.request->method() == "HEAD");
  if (x.at.name.starts_with("https:"))
    st.tls.emplace();
  st.input.allow(source_window);
  st.owed = source_window;
  auto what = request_of(x);
  st.chunked = http::is_chunked(what);
  say(self, http::proxied_request(what, st.to,
                                  {st.upgrade, x.request->streams(), x.from}));
  if (x.request->streams())
    st.door.allow(body_window);
  give_credit(self);
}

call::OpenStream to_message(const serving_http::exchange& x,
                            const std::string& path) {
  call::OpenStream out;
  out.set_verb(x.verb);
  auto& proxied = *out.mutable_proxied();
  proxied.set_resource(std::string{x.at.kind->plural});
  proxied.set_namespace_(x.at.ns);
  proxied.set_name(x.at.name);
  proxied.set_path(path);
  return out;
}

void begin(pointer self) {
  auto& st = self->state;
  auto& x = st.door.x();
  st.to = http::split_proxied(x.request->target(), segments_before(x));
  st.upgrade = http::wants_upgrade(serving_http::headers_of(x));
  st.requests.ask<pb<container::StreamOpened>, stream_source_actor>(
      st.session,
      [self](const pb<container::StreamOpened>& answer,
             const stream_source_actor& source) {
        if (!redirect_to_folder(self))
          return opened(self, answer->stream(), source);
        container::StreamClose close;
        close.set_stream(answer->stream());
        self->send(source, pb<container::StreamClose>{std::move(close)});
        self->quit();
      },
      [self](const caf::error& err) {
        self->state.door.refuse(err);
        self->quit();
      },
      pb<call::OpenStream>{to_message(x, st.to.path + st.to.query)},
      container_stream_actor{self});
}

// -- messages -----------------------------------------------------------------

void on_output(pointer self, const container::StreamData& data) {
  auto& st = self->state;
  if (st.now == phase::opening)
    return;
  ++st.owed;
  take_bytes(self, data.data());
  if (data.end())
    on_server_end(self);
  give_credit(self);
}

void on_end(pointer self, const container::StreamEnd& end) {
  if (end.error().empty() || self->state.now == phase::opening)
    return on_server_end(self);
  break_off(self, end.error());
}

/// A piece of the request's body, or its end.
void pass_body(pointer self, const std::string& bytes) {
  auto& st = self->state;
  if (!bytes.empty())
    ++st.unread;
  if (st.chunked)
    say(self, bytes.empty() ? "0\r\n\r\n" : http::to_chunk(bytes));
  else
    say(self, bytes);
}

void on_data(pointer self, const http_api::Data& msg) {
  auto& st = self->state;
  if (st.now != phase::upgraded)
    return pass_body(self, msg.bytes());
  ++st.unread;
  say(self, msg.bytes());
}

void on_down(pointer self, const caf::down_msg& down) {
  auto& st = self->state;
  st.requests.on_down(down);
  if (!st.source || st.source.address() != down.source)
    return;
  st.source = nullptr;
  break_off(self, "the connection to the pod was lost");
}

pb<system::Description> on_describe(pointer self) {
  auto& st = self->state;
  auto result = begin_description(self);
  auto& x = st.door.x();
  result.add_facts("to=" + std::string{x.at.kind->plural} + "/" + x.at.ns + "/"
                   + x.at.name);
  return pb<system::Description>{std::move(result)};
}

} // namespace

http_stream_actor::behavior_type proxied_request(pointer self,
                                                 http_stream_start what) {
  start_stream_actor(self, std::move(what), on_down);
  return {
      [self](const pb<container::StreamData>& msg) { on_output(self, *msg); },
      [self](const pb<container::StreamCredit>& msg) {
        self->state.input.allow(msg->chunks());
        pass_input(self);
      },
      [self](const pb<container::StreamEnd>& msg) { on_end(self, *msg); },
      [self](const pb<http_api::Data>& msg) { on_data(self, *msg); },
      [self](const pb<http_api::Taken>& msg) {
        self->state.door.taken(msg->pieces());
        give_credit(self);
      },
      [self](const pb<system::Tick>&) { begin(self); },
      [self](const pb<system::Describe>&) { return on_describe(self); },
  };
}

} // namespace troupe
