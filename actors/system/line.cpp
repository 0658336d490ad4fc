#include "actors/system/line.hpp"

#include "actors/system/dialing.hpp"
#include "messages/call.pb.h"
#include "messages/container.pb.h"
#include "messages/pod_stream.pb.h"
#include "messages/system.pb.h"
#include "runtime/system/config.hpp"
#include "runtime/system/edges.hpp"
#include "runtime/system/wire_edge.hpp"

#include <caf/actor_cast.hpp>
#include <caf/exit_reason.hpp>
#include <caf/stateful_actor.hpp>

#include <algorithm>
#include <chrono>
#include <utility>

namespace troupe {

namespace {

using pointer = line_actor::stateful_pointer<line_state>;

/// Kubernetes: --request-timeout of the API server.
constexpr auto patience = std::chrono::seconds(60);
/// One timer for all requests in flight, so late by at most this.
constexpr auto tick_every = std::chrono::seconds(5);

/// Requests for objects that may be at the other end at once: fewer than a
/// session bears with.
constexpr size_t window = 256;

void tick_later(pointer self) {
  auto& st = self->state;
  if (st.ticking || st.flights.empty())
    return;
  st.ticking = true;
  system::Tick tick;
  tick.set_what("deadline");
  self->delayed_send(self, tick_every, pb<system::Tick>{std::move(tick)});
}

/// What waited too long is not sent any more.
void drop_expired(line_state& st) {
  while (!st.held.empty() && st.held.front().entry->over)
    st.held.pop_front();
}

void on_tick(pointer self) {
  auto& st = self->state;
  st.ticking = false;
  auto now = self->clock().now();
  while (!st.flights.empty()
         && (st.flights.front()->over || st.flights.front()->deadline <= now)) {
    auto oldest = std::move(st.flights.front());
    st.flights.pop_front();
    if (oldest->over)
      continue;
    oldest->over = true;
    ++st.expired;
    oldest->expire();
  }
  drop_expired(st);
  tick_later(self);
}

/// Has the promise kept by the deadline, if by nothing else.
template <class Promise>
std::shared_ptr<line_state::flight> begin_flight(pointer self,
                                                 Promise promise) {
  auto& st = self->state;
  while (!st.flights.empty() && st.flights.front()->over)
    st.flights.pop_front();
  auto entry = std::make_shared<line_state::flight>();
  entry->deadline = self->clock().now() + patience;
  entry->expire = [promise]() mutable {
    promise.deliver(make_error(
        ec::timeout, "no answer in 60 s; whether it was done is not known"));
  };
  st.flights.push_back(entry);
  ++st.passed;
  tick_later(self);
  return entry;
}

/// Asks the other end; the promise is kept by its answer unless that comes too
/// late. `landed` is called when it comes at all.
template <class... Out, class... Ts>
void ask(pointer self, const std::shared_ptr<line_state::flight>& entry,
         caf::typed_response_promise<Out...> promise,
         std::function<void()> landed, const Ts&... xs) {
  self->state.requests.template ask<Out...>(
      caf::actor_cast<caf::actor>(self->state.session),
      [promise, entry, landed](Out&... out) mutable {
        if (!std::exchange(entry->over, true))
          promise.deliver(std::move(out)...);
        landed();
      },
      [promise, entry, landed](const caf::error& err) mutable {
        if (!std::exchange(entry->over, true))
          promise.deliver(err);
        landed();
      },
      xs...);
}

/// The request as the session at the other end wants it.
template <class T>
pb<T> with_secret(pointer self, const pb<T>& msg) {
  if (self->state.secret.empty())
    return msg;
  auto result = *msg;
  result.set_secret(self->state.secret);
  return pb<T>{std::move(result)};
}

caf::error no_session() {
  return make_error(ec::service_unavailable, "no session was opened");
}

template <class... Out, class T, class... Ts>
caf::result<Out...> pass_on(pointer self, const pb<T>& msg, const Ts&... xs) {
  if (!self->state.session)
    return no_session();
  caf::typed_response_promise<Out...> promise =
      self->make_response_promise<Out...>();
  ask<Out...>(
      self, begin_flight(self, promise), promise, [] {}, with_secret(self, msg),
      xs...);
  return promise;
}

// -- requests for objects -----------------------------------------------------

void send_held(pointer self) {
  auto& st = self->state;
  while (!st.held.empty() && st.in_window < window) {
    auto next = std::move(st.held.front());
    st.held.pop_front();
    if (next.entry->over)
      continue;
    ++st.in_window;
    next.send();
  }
}

caf::result<pb<call::Response>, std::vector<object>>
on_request(pointer self, const pb<call::Request>& msg, const object& body) {
  if (!self->state.session)
    return no_session();
  caf::typed_response_promise<pb<call::Response>, std::vector<object>> promise =
      self->make_response_promise<pb<call::Response>, std::vector<object>>();
  auto entry = begin_flight(self, promise);
  self->state.held.push_back({entry, [self, entry, promise, msg, body] {
                                ask(
                                    self, entry, promise,
                                    [self] {
                                      --self->state.in_window;
                                      send_held(self);
                                    },
                                    with_secret(self, msg), body);
                              }});
  send_held(self);
  return promise;
}

template <class T>
void tell(pointer self, const pb<T>& msg, const watcher_actor& from) {
  if (self->state.session)
    self->send(self->state.session, msg, from);
}

// -- opening ------------------------------------------------------------------

using opened_promise =
    caf::typed_response_promise<pb<call::SessionOpened>, session_actor>;

/// Asks for the session; what goes wrong is the end of the line.
void ask_door(pointer self, const caf::actor& door,
              const pb<call::OpenSession>& msg, opened_promise promise) {
  self->state.requests.ask<pb<call::SessionOpened>, session_actor>(
      door,
      [self, promise](const pb<call::SessionOpened>& opened,
                      const session_actor& session) mutable {
        self->state.session = session;
        self->state.secret = opened->secret();
        self->monitor(session);
        promise.deliver(opened, session_actor{self});
      },
      [self, promise](const caf::error& err) mutable {
        promise.deliver(err);
        self->quit(err);
      },
      msg);
}

/// The same at a server's process, which wants to know who we are. Who does not
/// answer the first word in time is not there: it may be a process that was
/// stopped, or a handle of a connection that broke.
void ask_process(pointer self, const caf::strong_actor_ptr& found,
                 const pb<call::OpenSession>& msg, opened_promise promise) {
  auto failed = [self, promise](const caf::error& err) mutable {
    promise.deliver(err);
    self->quit(err);
  };
  auto door = caf::actor_cast<front_door_actor>(found);
  self->request(door, dial_patience, pb<call::AskNonce>{call::AskNonce{}})
      .then(
          [self, door, msg, promise,
           failed](const pb<call::Nonce>& nonce) mutable {
            auto& ctx = *self->state.ctx;
            auto asked = *msg;
            // Other processes may have a component of that name, too.
            asked.set_component(ctx.config().process + "/" + msg->component());
            if (auto err = prove(*ctx.outside().servers, nonce->value(), asked))
              failed(err);
            else
              ask_door(self, caf::actor_cast<caf::actor>(door),
                       pb<call::OpenSession>{std::move(asked)}, promise);
          },
          failed);
}

caf::result<pb<call::SessionOpened>, session_actor>
on_open(pointer self, const pb<call::OpenSession>& msg) {
  auto& st = self->state;
  auto& outside = st.ctx->outside();
  if (st.end.place.empty()) {
    auto far = outside.wires->dial(
        caf::strong_actor_ptr{self->ctrl()}, msg->component(), st.end.door.path,
        caf::actor_cast<caf::strong_actor_ptr>(st.end.door.handle));
    opened_promise promise =
        self->make_response_promise<pb<call::SessionOpened>, session_actor>();
    ask_door(self, caf::actor_cast<caf::actor>(far), msg, promise);
    return promise;
  }
  opened_promise promise =
      self->make_response_promise<pb<call::SessionOpened>, session_actor>();
  dial_process(
      self, *outside.servers->network, st.end.place,
      [self, msg, promise](const caf::strong_actor_ptr& found) {
        ask_process(self, found, msg, promise);
      },
      [self, promise](const caf::error& err) mutable {
        promise.deliver(err);
        self->quit(err);
      });
  return promise;
}

void on_down(pointer self, const caf::down_msg& down) {
  auto& st = self->state;
  auto lost = st.session && st.session.address() == down.source;
  if (lost)
    st.held.clear();
  st.requests.on_down(down);
  if (down.source == st.client)
    self->quit();
  else if (lost)
    self->quit(down.reason ? down.reason
                           : caf::error{caf::exit_reason::user_shutdown});
}

pb<system::Description> on_describe(pointer self) {
  auto& st = self->state;
  auto is_open = [](const auto& each) { return !each->over; };
  system::Description result;
  if (!st.end.place.empty())
    result.add_facts("server=" + st.end.place);
  result.add_facts("requests=" + std::to_string(st.passed));
  result.add_facts("expired=" + std::to_string(st.expired));
  result.add_facts("waiting="
                   + std::to_string(std::count_if(st.flights.begin(),
                                                  st.flights.end(), is_open)));
  if (!st.held.empty())
    result.add_facts("held=" + std::to_string(st.held.size()));
  return result;
}

} // namespace

line_actor::behavior_type line(pointer self, context ctx, line_end end,
                               caf::actor_addr client) {
  auto& st = self->state;
  st.end = std::move(end);
  st.client = client;
  st.ctx = std::make_unique<context>(std::move(ctx));
  st.requests = calls{self};
  self->set_down_handler(
      [self](const caf::down_msg& down) { on_down(self, down); });
  if (auto alive = caf::actor_cast<caf::actor>(client))
    self->monitor(alive);
  else
    self->quit();
  return {
      [self](const pb<call::Request>& msg, const object& body) {
        return on_request(self, msg, body);
      },
      [self](const pb<call::Watch>& msg, const watcher_actor& to) {
        return pass_on<pb<call::WatchStarted>>(self, msg, to);
      },
      [self](const pb<call::Ack>& msg, const watcher_actor& from) {
        tell(self, msg, from);
      },
      [self](const pb<call::StopWatch>& msg, const watcher_actor& from) {
        tell(self, msg, from);
      },
      [self](const pb<call::OpenStream>& msg,
             const container_stream_actor& to) {
        return pass_on<pb<container::StreamOpened>, stream_source_actor>(
            self, msg, to);
      },
      [self](const pb<system::ListActors>& msg) {
        return pass_on<pb<system::ActorList>>(self, msg);
      },
      [self](const pb<system::Kill>& msg) {
        return pass_on<pb<system::Killed>>(self, msg);
      },
      [self](const pb<system::Explain>& msg) {
        return pass_on<pb<system::Explanation>>(self, msg);
      },
      [self](const pb<system::Describe>&) { return on_describe(self); },
      [self](const pb<call::OpenSession>& msg) { return on_open(self, msg); },
      [self](const pb<system::Enroll>& msg, const directory_actor& directory) {
        return pass_on<pb<system::Enrolled>>(self, msg, directory);
      },
      [self](const pb<system::Tick>&) { on_tick(self); },
  };
}

} // namespace troupe
