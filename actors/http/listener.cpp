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
#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

namespace troupe {

namespace {

using pointer = http_listener_actor::stateful_pointer<http_listener_state>;

/// Kubernetes' buffer of events; and of bytes, since bodies may be large.
constexpr uint64_t most_log_lines = 10'000;
constexpr uint64_t most_log_bytes = 64u << 20;

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
    if (who.until)
      msg.set_until(std::chrono::duration_cast<std::chrono::seconds>(
                        who.until->time_since_epoch())
                        .count());
    caf::anon_send(caf::actor_cast<http_listener_actor>(handle),
                   pb<http_api::Connected>{std::move(msg)});
  };
}

/// Notes one that was just started, and says where it is.
void look_after(pointer self, const context& ctx, const caf::actor& child) {
  auto& st = self->state;
  st.connections.add(child);
  self->monitor(child);
  system::Started started;
  started.set_path(ctx.path());
  self->send(st.ctx->directory(), pb<system::Started>{std::move(started)},
             child);
}

void on_connected(pointer self, const http_api::Connected& msg) {
  auto& st = self->state;
  ++st.served;
  auto ctx = st.ctx->child(std::to_string(st.served), st.served);
  http::peer who{msg.user(),
                 {msg.groups().begin(), msg.groups().end()},
                 msg.problem(),
                 msg.address()};
  if (msg.has_until())
    who.until = time_point{std::chrono::seconds{msg.until()}};
  auto fresh = self->system().spawn(
      http_connection, ctx, st.edge, msg.connection(), std::move(who),
      audit_sink_actor{self}, st.events, st.table);
  st.open[fresh.address()] = msg.connection();
  look_after(self, ctx, caf::actor_cast<caf::actor>(fresh));
}

/// Who writes the log is not missed for long: lines wait for the next one.
void start_log(pointer self) {
  auto& st = self->state;
  auto settings = st.edge->audit();
  if (!settings)
    return;
  auto ctx = st.ctx->child("audit", ++st.logs);
  audit_source_actor me{self};
  st.log = ctx.threads() ? self->system().spawn<caf::detached>(audit_log, ctx,
                                                               settings, me)
                         : self->system().spawn(audit_log, ctx, settings, me);
  look_after(self, ctx, caf::actor_cast<caf::actor>(st.log));
}

void start_flow_control(pointer self) {
  auto& st = self->state;
  auto ctx = st.ctx->child("flow_control", ++st.flow_lives);
  st.flows = self->system().spawn(flow_control, ctx, flow_reader_actor{self});
  look_after(self, ctx, caf::actor_cast<caf::actor>(st.flows));
}

void on_flows(pointer self, const flow_news& news) {
  auto& st = self->state;
  st.table = news.table;
  for (auto& [address, number] : st.open)
    if (auto handle = caf::actor_cast<flow_reader_actor>(address))
      self->send(handle, news);
}

void lose_lines(pointer self, uint64_t lines) {
  self->state.log_dropped += lines;
  if (lines > 0)
    self->state.edge->metrics().audit_lost(lines);
}

void on_line(pointer self, const pb<audit::Line>& msg) {
  auto& st = self->state;
  if (!st.log)
    return;
  auto bytes = msg->text().size();
  auto full = st.log_lines >= most_log_lines
              || (st.log_lines > 0 && st.log_bytes + bytes > most_log_bytes);
  if (full) {
    if (!std::exchange(st.log_full, true))
      spdlog::warn("the audit log is too slow, what has no place is not noted");
    return lose_lines(self, 1);
  }
  ++st.log_lines;
  st.log_bytes += bytes;
  st.edge->metrics().audit_noted();
  self->send(st.log, msg);
}

void on_written(pointer self, const audit::Written& msg) {
  auto& st = self->state;
  st.log_lines -= std::min<uint64_t>(st.log_lines, msg.lines());
  st.log_bytes -= std::min<uint64_t>(st.log_bytes, msg.bytes());
  // Said once, until it has caught up.
  if (st.log_lines < most_log_lines / 2)
    st.log_full = false;
  lose_lines(self, msg.lost());
}

void on_down(pointer self, const caf::down_msg& down) {
  auto& st = self->state;
  if (st.log && st.log.address() == down.source) {
    st.connections.remove(down.source);
    lose_lines(self, std::exchange(st.log_lines, 0));
    st.log_bytes = 0;
    return start_log(self);
  }
  if (st.flows && st.flows.address() == down.source) {
    st.connections.remove(down.source);
    return start_flow_control(self);
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
  if (self->state.log_dropped > 0)
    result.add_facts("audit_dropped="
                     + std::to_string(self->state.log_dropped));
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
  start_flow_control(self);
  st.edge->listen(reporter(self));
  return {
      [self](const pb<http_api::Connected>& msg) { on_connected(self, *msg); },
      [self](const pb<audit::Line>& msg) { on_line(self, msg); },
      [self](const pb<audit::Written>& msg) { on_written(self, *msg); },
      [self](const flow_news& news) { on_flows(self, news); },
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
