#include "actors/http/port_forward.hpp"

#include "actors/http/connection_parts.hpp"
#include "actors/http/stream_start.hpp"
#include "actors/system/describing.hpp"
#include "messages/pod_stream.pb.h"
#include "messages/system.pb.h"

#include <caf/actor_cast.hpp>
#include <caf/stateful_actor.hpp>

#include <algorithm>
#include <vector>

namespace troupe {

namespace {

using pointer = http_stream_actor::stateful_pointer<port_forward_state>;
using link = port_forward_state::link;

/// What the far ends of tunnels take before they have given credit
/// (actors/proxy/tunnel_streams.hpp).
constexpr uint32_t link_window = 8;
/// Chunks that all pods together may send: each connection gets its share of
/// that, at least one.
constexpr size_t all_links_window = 64;

enum tick : uint64_t { start, idle };

void flush(pointer self) {
  auto& st = self->state;
  for (auto piece = st.wire->take_bytes(); !piece.empty();
       piece = st.wire->take_bytes())
    st.door.send(std::move(piece));
}

template <class T>
void tell(pointer self, const link& x, T msg) {
  if (!x.source)
    return;
  msg.set_stream(x.stream);
  self->send(x.source, pb<T>{std::move(msg)});
}

// -- connections --------------------------------------------------------------

/// Forgets a connection, and the source with the last of its connections.
void remove(pointer self, std::map<uint64_t, link>::iterator at) {
  auto& st = self->state;
  auto& x = at->second;
  st.waiting -= x.input.waiting();
  if (x.source) {
    auto source = x.source.address();
    st.by_stream.erase({source, x.stream});
    auto other = st.by_stream.lower_bound({source, 0});
    if (other == st.by_stream.end() || other->first.first != source)
      self->demonitor(source);
  }
  st.links.erase(at);
}

/// It is over; the client hears of it, in order or with why not.
void close(pointer self, uint64_t number, const std::string& problem) {
  auto& st = self->state;
  auto found = st.links.find(number);
  if (found == st.links.end())
    return;
  std::string text;
  if (!problem.empty())
    text = "error forwarding port " + std::to_string(found->second.port)
           + " to pod " + st.door.x().at.name + ", uid : " + problem;
  st.wire->close(number, text);
  remove(self, found);
}

void pass_input(pointer self, link& x, uint64_t number) {
  auto& st = self->state;
  container::StreamData data;
  while (x.source && x.input.next(data)) {
    st.waiting -= data.data().size();
    st.wire->consumed(number, data.data().size());
    tell(self, x, std::exchange(data, {}));
  }
}

void give_credit(pointer self, link& x, uint64_t number) {
  auto& st = self->state;
  auto share = std::max<size_t>(all_links_window / st.links.size(), 1);
  auto window = static_cast<uint32_t>(std::min<size_t>(share, link_window));
  if (!x.source || x.credit >= window || st.wire->waiting(number) > 0
      || st.door.on_the_way() >= stream_window)
    return;
  container::StreamCredit credit;
  credit.set_chunks(window - x.credit);
  x.credit = window;
  tell(self, x, std::move(credit));
}

void leave(pointer self) {
  flush(self);
  self->state.door.end(false);
  self->quit();
}

/// Whatever can go on now goes on.
void go_on(pointer self) {
  auto& st = self->state;
  for (auto& [number, x] : st.links)
    give_credit(self, x, number);
  flush(self);
  if (st.waiting < most_stream_input && st.door.on_the_way() < most_on_the_way)
    st.door.allow(std::exchange(st.unread, 0));
  if (st.wire->over())
    leave(self);
}

void opened(pointer self, uint64_t number, uint64_t stream,
            const stream_source_actor& source) {
  auto& st = self->state;
  auto found = st.links.find(number);
  if (found == st.links.end()) {
    container::StreamClose msg;
    msg.set_stream(stream);
    self->send(source, pb<container::StreamClose>{std::move(msg)});
    return;
  }
  auto& x = found->second;
  x.source = source;
  x.stream = stream;
  st.by_stream[{source.address(), stream}] = number;
  self->monitor(source);
  x.input.allow(link_window);
  pass_input(self, x, number);
  go_on(self);
}

void connect(pointer self, const http::forward_news& news) {
  auto& st = self->state;
  auto number = news.connection;
  st.links[number].port = news.port;
  ++st.opened;
  auto& x = st.door.x();
  call::OpenStream msg;
  msg.set_verb(x.verb);
  auto& port = *msg.mutable_port();
  port.set_namespace_(x.at.ns);
  port.set_name(x.at.name);
  port.set_port(news.port);
  st.requests.ask<pb<container::StreamOpened>, stream_source_actor>(
      st.session,
      [self, number](const pb<container::StreamOpened>& answer,
                     const stream_source_actor& source) {
        opened(self, number, answer->stream(), source);
      },
      [self, number](const caf::error& err) {
        close(self, number, message_of(err));
        go_on(self);
      },
      pb<call::OpenStream>{std::move(msg)}, container_stream_actor{self});
}

// -- the client ---------------------------------------------------------------

void take_news(pointer self, http::forward_news& x) {
  auto& st = self->state;
  using type = http::forward_news::type;
  if (x.kind == type::goodbye)
    return; // See go_on().
  if (x.kind == type::connect)
    return connect(self, x);
  auto found = st.links.find(x.connection);
  if (found == st.links.end())
    return st.wire->consumed(x.connection, x.data.size());
  auto& to = found->second;
  if (x.kind == type::gone) {
    tell(self, to, container::StreamClose{});
    return remove(self, found);
  }
  if (x.kind == type::end) {
    to.input.end();
  } else {
    st.waiting += x.data.size();
    to.input.add(std::move(x.data));
  }
  pass_input(self, to, x.connection);
}

void take_bytes(pointer self, const std::string& bytes) {
  for (auto& x : self->state.wire->receive(bytes))
    take_news(self, x);
  go_on(self);
}

void on_data(pointer self, const http_api::Data& msg) {
  if (!self->state.open)
    return;
  ++self->state.unread;
  self->state.active = self->clock().now();
  take_bytes(self, msg.bytes());
}

// -- opening ------------------------------------------------------------------

void go_over(pointer self) {
  auto& st = self->state;
  st.open = true;
  begin_idle(self, tick::idle);
  st.door.upgrade(std::move(st.head));
  take_bytes(self, {});
}

void begin(pointer self) {
  auto& st = self->state;
  auto& x = st.door.x();
  auto ports = x.to.all("ports");
  // As the kubelets call it.
  if (ports.empty())
    ports = x.to.all("port");
  // Without a port: is there somebody to forward to?
  call::OpenStream msg;
  msg.set_verb(x.verb);
  msg.mutable_port()->set_namespace_(x.at.ns);
  msg.mutable_port()->set_name(x.at.name);
  auto greeting = http::greet_forward(serving_http::headers_of(x), ports);
  if (!greeting)
    return refuse_after_look(self, std::move(msg), greeting.error());
  st.head = std::move(greeting->head);
  st.wire = std::move(greeting->wire);
  st.requests.ask<pb<container::StreamOpened>, stream_source_actor>(
      st.session,
      [self](const pb<container::StreamOpened>&, const stream_source_actor&) {
        go_over(self);
      },
      [self](const caf::error& err) {
        self->state.door.refuse(err);
        self->quit();
      },
      pb<call::OpenStream>{std::move(msg)}, container_stream_actor{self});
}

// -- messages -----------------------------------------------------------------

/// The connection of the sender's with that number; 0 where there is none.
uint64_t number_of(pointer self, uint64_t stream) {
  auto& st = self->state;
  auto sender = caf::actor_cast<caf::actor_addr>(self->current_sender());
  auto found = st.by_stream.find({sender, stream});
  return found == st.by_stream.end() ? 0 : found->second;
}

void on_output(pointer self, const container::StreamData& data) {
  auto& st = self->state;
  auto number = number_of(self, data.stream());
  if (number == 0)
    return;
  auto& x = st.links[number];
  x.credit -= std::min(x.credit, 1u);
  if (!data.data().empty())
    st.wire->say(number, data.data());
  if (data.end())
    st.wire->finish(number);
  flush(self);
  if (st.wire->over())
    return leave(self);
  give_credit(self, x, number);
}

void on_end(pointer self, const container::StreamEnd& end) {
  auto number = number_of(self, end.stream());
  if (number == 0)
    return;
  close(self, number, end.error());
  go_on(self);
}

void on_credit(pointer self, const container::StreamCredit& credit) {
  auto number = number_of(self, credit.stream());
  if (number == 0)
    return;
  auto& x = self->state.links[number];
  x.input.allow(credit.chunks());
  pass_input(self, x, number);
  go_on(self);
}

void on_taken(pointer self, const http_api::Taken& msg) {
  self->state.door.taken(msg.pieces());
  self->state.active = self->clock().now();
  if (self->state.open)
    go_on(self);
}

void on_down(pointer self, const caf::down_msg& down) {
  auto& st = self->state;
  st.requests.on_down(down);
  std::vector<uint64_t> lost;
  for (auto i = st.by_stream.lower_bound({down.source, 0});
       i != st.by_stream.end() && i->first.first == down.source; ++i)
    lost.push_back(i->second);
  for (auto number : lost)
    close(self, number, "the connection to the pod was lost");
  if (!lost.empty())
    go_on(self);
}

pb<system::Description> on_describe(pointer self) {
  auto& st = self->state;
  auto result = begin_description(self);
  auto& x = st.door.x();
  result.add_facts("pod=" + x.at.ns + "/" + x.at.name);
  result.add_facts("connections=" + std::to_string(st.links.size()));
  result.add_facts("opened=" + std::to_string(st.opened));
  return pb<system::Description>{std::move(result)};
}

} // namespace

http_stream_actor::behavior_type port_forward(pointer self,
                                              http_stream_start what) {
  start_stream_actor(self, std::move(what), on_down);
  return {
      [self](const pb<container::StreamData>& msg) { on_output(self, *msg); },
      [self](const pb<container::StreamCredit>& msg) { on_credit(self, *msg); },
      [self](const pb<container::StreamEnd>& msg) { on_end(self, *msg); },
      [self](const pb<http_api::Data>& msg) { on_data(self, *msg); },
      [self](const pb<http_api::Taken>& msg) { on_taken(self, *msg); },
      [self](const pb<system::Tick>& msg) {
        if (msg->number() == tick::start)
          begin(self);
        else if (is_idle(self, tick::idle))
          leave(self);
      },
      [self](const pb<system::Describe>&) { return on_describe(self); },
  };
}

} // namespace troupe
