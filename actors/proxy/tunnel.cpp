#include "actors/proxy/tunnel.hpp"

#include "actors/system/describing.hpp"
#include "messages/container.pb.h"
#include "messages/tunnel.pb.h"
#include "runtime/system/edges.hpp"

#include <caf/actor_cast.hpp>
#include <caf/actor_system.hpp>
#include <caf/stateful_actor.hpp>

namespace troupe {

namespace {

using pointer = tunnel_end_actor::stateful_pointer<tunnel_state>;
using opened = caf::result<pb<container::StreamOpened>, stream_source_actor>;

/// More than this one node does not serve.
constexpr size_t most_connections = 1024;

opened on_connect(pointer self, const tunnel::Connect& msg,
                  const container_stream_actor& client) {
  auto& st = self->state;
  net::endpoint to{{msg.address()}, static_cast<uint16_t>(msg.port())};
  if (!st.pods || !st.pods->contains(to.address))
    return make_error(ec::forbidden, to_string(to.address)
                                         + " is no address of this node's "
                                           "pods");
  auto& sockets = st.ctx->outside().sockets;
  if (!sockets)
    return make_error(ec::service_unavailable,
                      "the pods of this node are simulated: nobody answers "
                      "there");
  if (st.dials.size() + st.streams.size() >= most_connections)
    return make_error(ec::too_many_requests,
                      "this node serves " + std::to_string(most_connections)
                          + " connections of others already");
  auto kind = msg.udp() ? net::protocol::udp : net::protocol::tcp;
  auto promise = self->make_response_promise<pb<container::StreamOpened>,
                                             stream_source_actor>();
  auto socket = sockets->connect(kind, to, socket_listener(self));
  st.dials[socket] = {caf::actor_cast<caf::strong_actor_ptr>(client), promise};
  return promise;
}

/// What a dial came to.
void settle(pointer self, tunnel_state::dial x,
            const tunnel::SocketNews& news) {
  if (news.what() != tunnel::SocketNews::CONNECTED) {
    x.promise.deliver(make_error(ec::service_unavailable,
                                 "the pod does not answer: " + news.text()));
    return;
  }
  // To others a stream has the number of its socket.
  self->state.streams.add(news.socket(), news.socket(), std::move(x.client));
  container::StreamOpened msg;
  msg.set_stream(news.socket());
  x.promise.deliver(pb<container::StreamOpened>{std::move(msg)},
                    caf::actor_cast<stream_source_actor>(self));
}

void on_news(pointer self, const tunnel::SocketNews& news) {
  auto& st = self->state;
  auto dial = st.dials.extract(news.socket());
  if (dial.empty())
    st.streams.on_news(news);
  else
    settle(self, std::move(dial.mapped()), news);
}

pb<system::Description> on_describe(pointer self) {
  auto& st = self->state;
  auto out = begin_description(self);
  out.add_facts("connections=" + std::to_string(st.streams.size()));
  out.add_facts("chunks=" + std::to_string(st.streams.passed()));
  return pb<system::Description>{std::move(out)};
}

} // namespace

tunnel_state::~tunnel_state() {
  for (auto& [socket, x] : dials)
    ctx->outside().sockets->abandon(socket);
}

tunnel_end_actor::behavior_type tunnel_end(pointer self, context ctx,
                                           std::optional<net::cidr> pods) {
  auto& st = self->state;
  st.ctx = std::make_unique<context>(std::move(ctx));
  st.pods = pods;
  st.streams = {self, tunnel_side::far, st.ctx->outside().sockets};
  self->set_down_handler([self](const caf::down_msg& down) {
    self->state.streams.on_down(down.source);
  });
  return {
      [self](const pb<tunnel::Connect>& msg, const container_stream_actor& to) {
        return on_connect(self, *msg, to);
      },
      [self](const pb<container::StreamData>& msg) {
        self->state.streams.on_data(*msg);
      },
      [self](const pb<container::StreamCredit>& msg) {
        self->state.streams.on_credit(*msg);
      },
      [](const pb<container::StreamResize>&) {
        // There is no terminal.
      },
      [self](const pb<container::StreamClose>& msg) {
        self->state.streams.on_over(msg->stream(), false);
      },
      [self](const pb<tunnel::SocketNews>& msg) { on_news(self, *msg); },
      [self](const pb<system::Describe>&) { return on_describe(self); },
  };
}

child_spec tunnel_spec(const std::string& node, const std::string& pod_range) {
  child_spec spec;
  spec.name = node + "/tunnel";
  std::optional<net::cidr> pods;
  if (auto range = net::parse_cidr(pod_range))
    pods = *range;
  spec.start = [pods](caf::actor_system& sys, const context& ctx) {
    return caf::actor_cast<caf::actor>(sys.spawn(tunnel_end, ctx, pods));
  };
  return spec;
}

} // namespace troupe
