#include "actors/http/listener.hpp"

#include "actors/http/connection.hpp"
#include "actors/system/describing.hpp"
#include "messages/audit.pb.h"
#include "messages/http.pb.h"
#include "messages/system.pb.h"
#include "runtime/http/http_edge.hpp"

#include <caf/actor_cast.hpp>
#include <caf/actor_system.hpp>
#include <caf/send.hpp>
#include <caf/stateful_actor.hpp>

namespace troupe {

namespace {

using pointer = http_listener_actor::stateful_pointer<http_listener_state>;

/// The edge outlives us, so it holds our address, not us.
http::http_edge::on_connection reporter(pointer self) {
  return [to = self->address()](uint64_t connection, http::peer who) {
    auto handle = caf::actor_cast<caf::actor>(to);
    if (!handle)
      return;
    http_api::Connected msg;
    msg.set_connection(connection);
    msg.set_user(who.user);
    for (auto& group : who.groups)
      msg.add_groups(group);
    msg.set_problem(who.problem);
    msg.set_address(who.address);
    caf::anon_send(caf::actor_cast<http_listener_actor>(handle),
                   pb<http_api::Connected>{std::move(msg)});
  };
}

void on_connected(pointer self, const http_api::Connected& msg) {
  auto& st = self->state;
  ++st.served;
  auto ctx = st.ctx->child(std::to_string(st.served), st.served);
  http::peer who{msg.user(),
                 {msg.groups().begin(), msg.groups().end()},
                 msg.problem(),
                 msg.address()};
  auto fresh =
      self->system().spawn(http_connection, ctx, st.edge, msg.connection(),
                           std::move(who), audit_sink_actor{self}, st.events);
  auto handle = caf::actor_cast<caf::actor>(fresh);
  st.connections.add(handle);
  self->monitor(fresh);
  st.open[fresh.address()] = msg.connection();
  system::Started started;
  started.set_path(ctx.path());
  self->send(st.ctx->directory(), pb<system::Started>{std::move(started)},
             handle);
}

/// Who writes the log is not missed for long: lines wait for the next one.
void start_log(pointer self) {
  auto& st = self->state;
  auto settings = st.edge->audit();
  if (!settings)
    return;
  auto ctx = st.ctx->child("audit", ++st.logs);
  st.log = self->system().spawn<caf::detached>(audit_log, ctx, settings);
  auto handle = caf::actor_cast<caf::actor>(st.log);
  st.connections.add(handle);
  self->monitor(st.log);
  system::Started started;
  started.set_path(ctx.path());
  self->send(st.ctx->directory(), pb<system::Started>{std::move(started)},
             handle);
}

void on_down(pointer self, const caf::down_msg& down) {
  auto& st = self->state;
  if (st.log && st.log.address() == down.source) {
    st.connections.remove(down.source);
    return start_log(self);
  }
  auto known = st.open.find(down.source);
  if (known == st.open.end())
    return;
  st.connections.remove(down.source);
  st.edge->close(known->second);
  st.open.erase(known);
}

pb<system::Description> on_describe(pointer self) {
  auto result = begin_description(self);
  result.add_facts("connections=" + std::to_string(self->state.open.size()));
  result.add_facts("served=" + std::to_string(self->state.served));
  return pb<system::Description>{std::move(result)};
}

} // namespace

http_listener_actor::behavior_type
http_listener(pointer self, context ctx,
              std::shared_ptr<http::http_edge> edge) {
  auto& st = self->state;
  st.ctx = std::make_unique<context>(std::move(ctx));
  st.connections = brood{self};
  st.edge = std::move(edge);
  st.events = std::make_shared<http::event_memo>();
  self->set_down_handler(
      [self](const caf::down_msg& down) { on_down(self, down); });
  start_log(self);
  st.edge->listen(reporter(self));
  return {
      [self](const pb<http_api::Connected>& msg) { on_connected(self, *msg); },
      [self](const pb<audit::Line>& msg) {
        if (self->state.log)
          self->send(self->state.log, msg);
      },
      [self](const pb<system::Describe>&) { return on_describe(self); },
  };
}

child_spec http_branch(std::shared_ptr<http::http_edge> edge) {
  child_spec spec;
  spec.name = "http";
  spec.start = [edge](caf::actor_system& sys, const context& ctx) {
    return caf::actor_cast<caf::actor>(sys.spawn(http_listener, ctx, edge));
  };
  return spec;
}

} // namespace troupe
