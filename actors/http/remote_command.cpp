#include "actors/http/remote_command.hpp"

#include "actors/http/connection_parts.hpp"
#include "actors/http/stream_start.hpp"
#include "actors/system/describing.hpp"
#include "messages/pod_stream.pb.h"
#include "messages/system.pb.h"

#include <caf/actor_cast.hpp>
#include <caf/stateful_actor.hpp>

#include <chrono>

namespace troupe {

namespace {

using namespace std::chrono_literals;
using pointer = http_stream_actor::stateful_pointer<remote_command_state>;
using phase = remote_command_state::phase;

/// Kubernetes: a client has so long to open its streams.
constexpr auto creation_patience = 30s;
/// One who has heard how it ended has so long to close: who closes first takes
/// along what the other has not read.
constexpr auto closing_patience = 10s;

enum tick : uint64_t { start, creation, closing, idle };

void tick_after(pointer self, std::chrono::seconds time, tick what) {
  system::Tick msg;
  msg.set_number(what);
  self->delayed_send(self, time, pb<system::Tick>{std::move(msg)});
}

// -- the request --------------------------------------------------------------

bool is_exec(const serving_http::exchange& x) {
  return x.at.subresource == "exec";
}

http::remote_options read_options(const serving_http::exchange& x) {
  http::remote_options out;
  out.input = x.to.flag("stdin");
  out.output = x.to.flag("stdout");
  out.errors = x.to.flag("stderr");
  out.tty = x.to.flag("tty");
  // Kubernetes: a terminal has one output.
  if (out.tty)
    out.errors = false;
  return out;
}

template <class Target>
void fill(const serving_http::exchange& x, Target& out) {
  out.set_namespace_(x.at.ns);
  out.set_name(x.at.name);
  out.set_container(x.to.get("container"));
}

call::OpenStream to_message(const serving_http::exchange& x,
                            const http::remote_options& options) {
  call::OpenStream out;
  out.set_verb(x.verb);
  // Without credit, until there is somebody to speak to.
  if (is_exec(x)) {
    auto& exec = *out.mutable_exec();
    fill(x, *exec.mutable_target());
    for (auto& word : x.to.all("command"))
      exec.mutable_options()->add_command(word);
    exec.mutable_options()->set_stdin(options.input);
    exec.mutable_options()->set_tty(options.tty);
  } else {
    auto& attach = *out.mutable_attach();
    fill(x, *attach.mutable_target());
    attach.mutable_options()->set_stdin(options.input);
  }
  return out;
}

// -- to the client ------------------------------------------------------------

void flush(pointer self) {
  auto& st = self->state;
  for (auto piece = st.wire->take_bytes(); !piece.empty();
       piece = st.wire->take_bytes())
    st.door.send(std::move(piece));
}

/// Lets the source go on as far as the client keeps up.
void give_credit(pointer self) {
  auto& st = self->state;
  if (st.owed == 0 || !st.source || st.wire->waiting() > 0
      || st.door.on_the_way() >= stream_window)
    return;
  container::StreamCredit credit;
  credit.set_stream(st.stream);
  credit.set_chunks(std::exchange(st.owed, 0));
  self->send(st.source, pb<container::StreamCredit>{std::move(credit)});
}

/// Says how it ended, and waits for the client to leave.
void finish(pointer self, bool success, const std::string& json,
            const std::string& text) {
  auto& st = self->state;
  st.now = phase::leaving;
  st.wire->finish(success, json, text);
  flush(self);
  tick_after(self, closing_patience, tick::closing);
}

void fail(pointer self, const std::string& why) {
  auto text =
      (self->state.command.empty() ? "error attaching to container: "
                                   : "error executing command in container: ")
      + why;
  finish(self, false, http::failure_status(text),
         "Internal error occurred: " + text);
}

void finish_with(pointer self, const container::StreamEnd& end) {
  auto& st = self->state;
  if (st.now == phase::leaving)
    return;
  if (!end.error().empty())
    return fail(self, end.error());
  // Kubernetes: who was only attached is not told how the container ended.
  if (end.exit_code() == 0 || st.command.empty())
    return finish(self, true, http::success_status(), {});
  auto text = http::exit_message(st.command, end.exit_code());
  finish(self, false, http::exit_status(end.exit_code(), text), text);
}

void pass_output(pointer self, const container::StreamData& data) {
  auto& st = self->state;
  st.wire->say(data.channel() == container::STDERR
                   ? http::remote_channel::errors
                   : http::remote_channel::output,
               data.data());
  ++st.owed;
  flush(self);
  give_credit(self);
}

// -- to the container ---------------------------------------------------------

/// Reads more of the client, as far as what it said went and what was answered
/// left.
void read_on(pointer self) {
  auto& st = self->state;
  if (st.input.waiting() < most_stream_input
      && st.door.on_the_way() < most_on_the_way)
    st.door.allow(std::exchange(st.unread, 0));
}

void pass_input(pointer self) {
  auto& st = self->state;
  container::StreamData data;
  while (st.source && st.input.next(data)) {
    data.set_stream(st.stream);
    st.wire->consumed(data.data().size());
    self->send(st.source, pb<container::StreamData>{std::exchange(data, {})});
  }
  flush(self);
  read_on(self);
}

void resize(pointer self, const http::terminal_size& size) {
  auto& st = self->state;
  if (!st.source)
    return;
  container::StreamResize msg;
  msg.set_stream(st.stream);
  msg.set_width(size.width);
  msg.set_height(size.height);
  self->send(st.source, pb<container::StreamResize>{std::move(msg)});
}

/// All the client's streams are there.
void begin_flow(pointer self) {
  auto& st = self->state;
  if (st.now != phase::waiting)
    return;
  st.now = phase::flowing;
  st.owed += stream_window;
  for (auto& data : std::exchange(st.early, {}))
    pass_output(self, *data);
  if (st.early_end)
    return finish_with(self, *st.early_end);
  give_credit(self);
}

void take_news(pointer self, const http::remote_news& x) {
  auto& st = self->state;
  using type = http::remote_news::type;
  switch (x.kind) {
    case type::ready:
      return begin_flow(self);
    case type::input:
      if (st.now == phase::leaving)
        return st.wire->consumed(x.data.size());
      return st.input.add(x.data);
    case type::input_end:
      return st.input.end();
    case type::resize:
      return resize(self, x.size);
    case type::goodbye:
      flush(self);
      st.door.end(false);
      self->quit();
  }
}

void take_bytes(pointer self, const std::string& bytes) {
  for (auto& x : self->state.wire->receive(bytes))
    take_news(self, x);
  pass_input(self);
  give_credit(self);
}

void on_data(pointer self, const http_api::Data& msg) {
  auto& st = self->state;
  if (st.now == phase::opening)
    return;
  ++st.unread;
  st.active = self->clock().now();
  take_bytes(self, msg.bytes());
}

// -- opening ------------------------------------------------------------------

void go_over(pointer self) {
  auto& st = self->state;
  st.now = phase::waiting;
  st.door.upgrade(std::move(st.head));
  tick_after(self, creation_patience, tick::creation);
  begin_idle(self, tick::idle);
  take_bytes(self, {});
}

void opened(pointer self, uint64_t stream, const stream_source_actor& source) {
  auto& st = self->state;
  st.stream = stream;
  st.source = source;
  self->monitor(source);
  go_over(self);
}

/// Kubernetes: what the API server refuses is a Status, what a kubelet refuses
/// is text, and that a command cannot be started is told once the client is
/// listening.
void refused(pointer self, const caf::error& why) {
  auto& st = self->state;
  if (is(why, ec::invalid)) {
    container::StreamEnd end;
    end.set_error(message_of(why));
    st.early_end = pb<container::StreamEnd>{std::move(end)};
    return go_over(self);
  }
  if (is(why, ec::conflict) || is(why, ec::internal_error))
    st.door.answer_text(500, message_of(why));
  else
    st.door.refuse(why);
  self->quit();
}

caf::error prepare(pointer self) {
  auto& st = self->state;
  auto& x = st.door.x();
  st.options = read_options(x);
  if (is_exec(x))
    st.command = x.to.all("command");
  auto greeting = http::greet_remote(serving_http::headers_of(x), st.options);
  if (!greeting)
    return greeting.error();
  st.head = std::move(greeting->head);
  st.wire = std::move(greeting->wire);
  if (!st.options.input && !st.options.output && !st.options.errors)
    return make_error(ec::bad_request,
                      "you must specify at least 1 of stdin, stdout, stderr");
  return caf::none;
}

void begin(pointer self) {
  auto& st = self->state;
  if (auto err = prepare(self)) {
    auto look = to_message(st.door.x(), st.options);
    look.set_look(true);
    return refuse_after_look(self, std::move(look), err);
  }
  st.requests.ask<pb<container::StreamOpened>, stream_source_actor>(
      st.session,
      [self](const pb<container::StreamOpened>& answer,
             const stream_source_actor& source) {
        opened(self, answer->stream(), source);
      },
      [self](const caf::error& err) { refused(self, err); },
      pb<call::OpenStream>{to_message(st.door.x(), st.options)},
      container_stream_actor{self});
}

// -- messages -----------------------------------------------------------------

void on_output(pointer self, const pb<container::StreamData>& data) {
  auto& st = self->state;
  if (st.now == phase::flowing)
    pass_output(self, *data);
  else if (st.now != phase::leaving)
    st.early.push_back(data);
}

void on_end(pointer self, const pb<container::StreamEnd>& end) {
  auto& st = self->state;
  if (st.now == phase::flowing)
    finish_with(self, *end);
  else
    st.early_end = end;
}

void on_taken(pointer self, const http_api::Taken& msg) {
  auto& st = self->state;
  st.door.taken(msg.pieces());
  st.active = self->clock().now();
  if (st.now == phase::opening)
    return;
  if (st.now == phase::flowing)
    give_credit(self);
  read_on(self);
}

void on_tick(pointer self, const system::Tick& msg) {
  auto& st = self->state;
  if (msg.number() == tick::start)
    return begin(self);
  if (msg.number() == tick::creation && st.now != phase::waiting)
    return;
  if (msg.number() == tick::idle && !is_idle(self, tick::idle))
    return;
  st.door.end(false);
  self->quit();
}

void on_down(pointer self, const caf::down_msg& down) {
  auto& st = self->state;
  st.requests.on_down(down);
  if (!st.source || st.source.address() != down.source)
    return;
  st.source = nullptr;
  container::StreamEnd end;
  end.set_error("the connection to the pod was lost");
  on_end(self, pb<container::StreamEnd>{std::move(end)});
}

pb<system::Description> on_describe(pointer self) {
  auto& st = self->state;
  auto result = begin_description(self);
  auto& x = st.door.x();
  result.add_facts(x.at.subresource + "=" + x.at.ns + "/" + x.at.name);
  if (st.input.waiting() > 0)
    result.add_facts("waiting=" + std::to_string(st.input.waiting()));
  return pb<system::Description>{std::move(result)};
}

} // namespace

http_stream_actor::behavior_type remote_command(pointer self,
                                                http_stream_start what) {
  start_stream_actor(self, std::move(what), on_down);
  return {
      [self](const pb<container::StreamData>& msg) { on_output(self, msg); },
      [self](const pb<container::StreamCredit>& msg) {
        self->state.input.allow(msg->chunks());
        if (self->state.wire && self->state.now != phase::opening)
          pass_input(self);
      },
      [self](const pb<container::StreamEnd>& msg) { on_end(self, msg); },
      [self](const pb<http_api::Data>& msg) { on_data(self, *msg); },
      [self](const pb<http_api::Taken>& msg) { on_taken(self, *msg); },
      [self](const pb<system::Tick>& msg) { on_tick(self, *msg); },
      [self](const pb<system::Describe>&) { return on_describe(self); },
  };
}

} // namespace troupe
