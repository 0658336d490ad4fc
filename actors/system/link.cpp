#include "actors/system/link.hpp"

#include "actors/system/line.hpp"
#include "actors/system/passing.hpp"
#include "messages/call.pb.h"
#include "messages/system.pb.h"
#include "runtime/system/config.hpp"
#include "runtime/system/edges.hpp"
#include "runtime/system/wire_edge.hpp"

#include <caf/actor_cast.hpp>
#include <caf/stateful_actor.hpp>

#include <algorithm>
#include <chrono>

namespace troupe {

namespace {

using pointer = link_actor::stateful_pointer<link_state>;
using std::chrono::milliseconds;

/// The pause before a connection that failed is tried again.
constexpr milliseconds first_pause{50};
constexpr milliseconds longest_pause{5000};

/// Components that may wait at once; more are turned away.
constexpr size_t most_waiting = 10'000;

using opened_promise =
    caf::typed_response_promise<pb<call::SessionOpened>, session_actor>;

bool is_far(pointer self, const std::string& component,
            const std::string& door) {
  auto& wires = self->state.ctx->outside().wires;
  return wires && wires->apart(component, door);
}

/// Passes a request on with the component as its sender: the front door sees
/// who it is, and answers directly.
caf::delegated<pb<call::SessionOpened>, session_actor>
pass_on(pointer self, const pb<call::OpenSession>& msg,
        const std::string& door) {
  auto give = take_message(self, msg);
  self->state.ways.when_open(
      [give](const doors::door& open) { give(open.handle); }, door);
  return {};
}

/// Where the next line of a component leads. The server that was tried last may
/// be there but out of reach.
line_end end_for(link_state& st, const std::string& component) {
  auto tries = st.turns[component];
  if (st.places.empty())
    return {*st.ways.one(tries), {}};
  return {{}, st.places[(st.turn + tries) % st.places.size()]};
}

/// Runs `what` as soon as there is a server to ask.
void when_open(link_state& st, std::function<void()> what) {
  if (st.places.empty())
    st.ways.when_open([what = std::move(what)](auto&) { what(); });
  else
    what();
}

void open_line(pointer self, const caf::actor_addr& client,
               const pb<call::OpenSession>& msg, opened_promise promise) {
  auto& st = self->state;
  ++st.opened;
  auto ctx = st.ctx->child(std::to_string(st.opened), st.opened);
  auto path = ctx.path();
  auto fresh =
      self->spawn(line, std::move(ctx), end_for(st, msg->component()), client);
  auto handle = caf::actor_cast<caf::actor>(fresh);
  st.lines.add(handle);
  self->monitor(fresh);
  st.attempts[fresh.address()] = {msg->component(), self->clock().now()};
  system::Started started;
  started.set_path(path);
  self->send(st.ctx->directory(), pb<system::Started>{std::move(started)},
             handle);
  st.requests.ask<pb<call::SessionOpened>, session_actor>(
      fresh,
      [self, line = fresh.address(),
       promise](const pb<call::SessionOpened>& opened,
                const session_actor& session) mutable {
        if (auto it = self->state.attempts.find(line);
            it != self->state.attempts.end())
          it->second.opened = true;
        promise.deliver(opened, session);
      },
      [promise](const caf::error& err) mutable { promise.deliver(err); }, msg);
}

/// How long a component waits, if its last lines have failed.
milliseconds pause_of(pointer self, const std::string& component) {
  auto& st = self->state;
  auto failed = st.failures.find(component);
  if (failed == st.failures.end())
    return milliseconds{0};
  auto pause = std::min(first_pause * (1 << std::min(failed->second - 1, 10u)),
                        longest_pause);
  // Those who lost their connections together do not come back together.
  auto jitter = st.ctx->random() % static_cast<uint64_t>(pause.count());
  return pause / 2 + milliseconds{jitter / 2};
}

void when_due(pointer self, milliseconds pause, std::function<void()> what) {
  auto& st = self->state;
  if (pause.count() == 0)
    return what();
  st.later[++st.last_tick] = std::move(what);
  system::Tick tick;
  tick.set_what("dial");
  tick.set_number(st.last_tick);
  self->delayed_send(self, pause, pb<system::Tick>{std::move(tick)});
}

void on_tick(pointer self, const system::Tick& tick) {
  auto& later = self->state.later;
  auto found = later.find(tick.number());
  if (found == later.end())
    return;
  auto what = std::move(found->second);
  later.erase(found);
  what();
}

caf::result<pb<call::SessionOpened>, session_actor>
on_open(pointer self, const pb<call::OpenSession>& msg) {
  auto& st = self->state;
  auto& component = msg->component();
  if (st.ways.waiting() + st.later.size() >= most_waiting)
    return make_error(ec::service_unavailable, "too many wait for a session");
  auto doors = st.ctx->config().of_servers("apiserver/front_door");
  auto near = std::find_if_not(doors.begin(), doors.end(), [&](auto& door) {
    return is_far(self, component, door);
  });
  // One in this process; any of them where none is elsewhere.
  if (st.places.empty() && near != doors.end())
    return pass_on(self, msg, st.ctx->outside().wires ? *near : "");
  // Before the promise, which takes the sender.
  auto client = caf::actor_cast<caf::actor_addr>(self->current_sender());
  opened_promise promise =
      self->make_response_promise<pb<call::SessionOpened>, session_actor>();
  when_due(self, pause_of(self, component), [self, client, msg, promise] {
    when_open(self->state, [self, client, msg, promise] {
      open_line(self, client, msg, promise);
    });
  });
  return promise;
}

/// Counts lines that failed in a row.
void on_line_down(pointer self, const link_state::attempt& gone,
                  const caf::error& reason) {
  auto& failures = self->state.failures;
  auto in_order = !reason || reason == caf::exit_reason::normal
                  || reason == caf::exit_reason::user_shutdown;
  // A connection that cannot be made may take long to say so.
  if (in_order
      || (gone.opened && self->clock().now() - gone.began > 2 * longest_pause))
    failures.erase(gone.component);
  if (in_order)
    return;
  ++failures[gone.component];
  ++self->state.turns[gone.component];
}

void on_down(pointer self, const caf::down_msg& down) {
  auto& st = self->state;
  st.requests.on_down(down);
  st.ways.on_down(down);
  auto gone = st.attempts.find(down.source);
  if (gone == st.attempts.end())
    return;
  st.lines.remove(down.source);
  on_line_down(self, gone->second, down.reason);
  st.attempts.erase(gone);
}

void on_servers(pointer self, const system::Servers& now) {
  auto& places = self->state.places;
  // Who has one in this process asks that.
  if (!places.empty() && now.addresses_size() > 0)
    places.assign(now.addresses().begin(), now.addresses().end());
}

pb<system::Description> on_describe(pointer self) {
  auto& st = self->state;
  system::Description result;
  for (auto& place : st.places)
    result.add_facts("server=" + place);
  result.add_facts("lines=" + std::to_string(st.attempts.size()));
  result.add_facts("waiting="
                   + std::to_string(st.ways.waiting() + st.later.size()));
  return result;
}

} // namespace

link_actor::behavior_type link(pointer self, context ctx) {
  auto& st = self->state;
  st.ctx = std::make_unique<context>(std::move(ctx));
  st.requests = calls{self};
  st.lines = brood{self};
  self->set_down_handler(
      [self](const caf::down_msg& down) { on_down(self, down); });
  st.ways = doors{self, st.requests,
                  st.ctx->config().of_servers("apiserver/front_door")};
  st.ways.look_in(st.ctx->directory());
  auto& config = st.ctx->config();
  if (config.of_servers({}).empty())
    for (auto& server : config.servers)
      st.places.push_back(server.place);
  // Those who start together do not all ask the same one.
  st.turn = st.places.empty() ? 0 : st.ctx->random() % st.places.size();
  return {
      [self](const pb<call::OpenSession>& msg) { return on_open(self, msg); },
      [self](const pb<system::Tick>& tick) { on_tick(self, *tick); },
      [self](const pb<system::Servers>& msg) { on_servers(self, *msg); },
      [self](const pb<system::Describe>&) { return on_describe(self); },
  };
}

} // namespace troupe
