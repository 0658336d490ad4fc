#include "actors/http/connection_parts.hpp"
#include "actors/http/port_forward.hpp"
#include "actors/http/proxied_request.hpp"
#include "actors/http/remote_command.hpp"
#include "messages/system.pb.h"

#include <caf/actor_cast.hpp>
#include <caf/actor_system.hpp>
#include <caf/stateful_actor.hpp>

// Exchanges that flow both ways: each has an actor of its own.
namespace troupe::serving_http {

namespace {

/// What a client of one connection may have at a time; of HTTP/1.1 it is one.
constexpr size_t most_streams = 256;

bool is_command(const exchange& x) {
  return x.at.subresource == "exec" || x.at.subresource == "attach";
}

/// Kubernetes: a method is a verb of its own here, whatever the path; OPTIONS
/// is none, so that only who may do all may ask.
std::string verb_for(const std::string& method, bool proxied) {
  if (method == "GET" || (proxied && method == "HEAD"))
    return "get";
  if (method == "POST")
    return "create";
  if (!proxied)
    return {};
  return method == "PUT"       ? "update"
         : method == "PATCH"   ? "patch"
         : method == "DELETE"  ? "delete"
         : method == "OPTIONS" ? "*"
                               : "";
}

http_stream_actor spawn(pointer self, http_stream_start what) {
  auto& sys = self->system();
  auto& x = *what.x;
  if (is_command(x))
    return sys.spawn(remote_command, std::move(what));
  if (x.at.subresource == "portforward")
    return sys.spawn(port_forward, std::move(what));
  return sys.spawn(proxied_request, std::move(what));
}

void begin(pointer self, exchange_ptr x) {
  auto& st = self->state;
  auto ctx = st.ctx->child(x->at.subresource + "-" + std::to_string(x->number),
                           x->number);
  auto fresh = spawn(self, {ctx, st.edge, st.connection, x, x->session,
                            caf::actor_cast<caf::actor>(self)});
  auto handle = caf::actor_cast<caf::actor>(fresh);
  st.children.add(handle);
  self->monitor(fresh);
  st.streams[x->number] = fresh;
  system::Started started;
  started.set_path(ctx.path());
  self->send(st.ctx->directory(), pb<system::Started>{std::move(started)},
             handle);
}

} // namespace

void start_stream(pointer self, exchange_ptr x) {
  auto fresh = std::make_shared<exchange>(*x);
  fresh->verb = verb_for(x->request->method(), x->at.subresource == "proxy");
  if (fresh->verb.empty())
    return refuse(self, *x, http::wrong_method());
  if (self->state.streams.size() >= most_streams)
    return refuse(
        self, *x,
        make_error(ec::too_many_requests, "this connection has "
                                              + std::to_string(most_streams)
                                              + " streams open already"));
  begin(self, fresh);
}

void on_stream_data(pointer self, const pb<http_api::Data>& msg) {
  auto found = self->state.streams.find(msg->exchange());
  if (found != self->state.streams.end())
    self->send(found->second, msg);
}

void on_stream_taken(pointer self, const pb<http_api::Taken>& msg) {
  auto found = self->state.streams.find(msg->exchange());
  if (found != self->state.streams.end())
    self->send(found->second, msg);
}

void stop_stream(pointer self, uint64_t number) {
  auto found = self->state.streams.find(number);
  if (found != self->state.streams.end())
    self->send_exit(found->second, caf::exit_reason::user_shutdown);
}

bool on_stream_down(pointer self, const caf::down_msg& down) {
  auto& st = self->state;
  for (auto i = st.streams.begin(); i != st.streams.end(); ++i) {
    if (i->second.address() != down.source)
      continue;
    st.children.remove(down.source);
    // One that was killed has not ended what it served; of one that has, all
    // this is ignored.
    st.edge->answer(st.connection, i->first, {500, {}}, {});
    st.edge->end(st.connection, i->first, true);
    st.streams.erase(i);
    return true;
  }
  return false;
}

} // namespace troupe::serving_http
