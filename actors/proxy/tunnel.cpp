#include "actors/proxy/tunnel.hpp"

#include "actors/system/describing.hpp"
#include "messages/container.pb.h"
#include "messages/kubelet.pb.h"
#include "messages/kubelet_interface.hpp"
#include "messages/system.pb.h"
#include "messages/tunnel.pb.h"
#include "runtime/system/edges.hpp"

#include <caf/actor_cast.hpp>
#include <caf/actor_system.hpp>
#include <caf/stateful_actor.hpp>

#include <functional>
#include <netinet/in.h>
#include <utility>

namespace troupe {

namespace {

using pointer = tunnel_end_actor::stateful_pointer<tunnel_state>;
using opened = caf::result<pb<container::StreamOpened>, stream_source_actor>;

/// More than this one node does not serve.
constexpr size_t most_connections = 1024;

/// It may be starting again.
constexpr uint32_t kubelet_patience_ms = 1'000;

using opened_promise = decltype(tunnel_state::dial::promise);

/// Connects to the address of a pod, or to the loopback of its network.
void dial(pointer self, tunnel_state::dial x) {
  auto& st = self->state;
  net::ipv4 address{x.network.empty() ? x.what->address() : INADDR_LOOPBACK};
  net::endpoint to{address, static_cast<uint16_t>(x.what->port())};
  auto kind = x.what->udp() ? net::protocol::udp : net::protocol::tcp;
  auto socket = st.ctx->outside().sockets->connect(
      kind, to, socket_listener(self), x.network);
  st.dials[socket] = std::move(x);
}

/// Runs `next` with the kubelet, now or when it is known.
void with_kubelet(pointer self, std::function<void(const caf::actor&)> next,
                  calls::on_error failed) {
  auto& st = self->state;
  if (st.kubelet)
    return next(st.kubelet);
  auto& path = st.ctx->path();
  system::Resolve where;
  where.set_path(path.substr(0, path.rfind('/')));
  where.set_patience_ms(kubelet_patience_ms);
  st.requests.ask<caf::actor>(
      st.ctx->directory(),
      [self, next](const caf::actor& found) {
        if (!self->state.kubelet)
          self->monitor(found);
        self->state.kubelet = found;
        next(found);
      },
      failed, pb<system::Resolve>{std::move(where)});
}

/// Nobody gets further by us than to pods: every other address of the machine
/// is none of theirs.
opened on_connect(pointer self, const pb<tunnel::Connect>& msg,
                  const container_stream_actor& client) {
  auto& st = self->state;
  if (!st.ctx->outside().sockets)
    return make_error(ec::service_unavailable,
                      "the pods of this node are simulated: nobody answers "
                      "there");
  if (st.dials.size() + st.streams.size() >= most_connections)
    return make_error(ec::too_many_requests,
                      "this node serves " + std::to_string(most_connections)
                          + " connections of others already");
  opened_promise promise =
      self->make_response_promise<pb<container::StreamOpened>,
                                  stream_source_actor>();
  auto failed = [promise](const caf::error& err) mutable {
    promise.deliver(is(err, ec::not_found)
                        ? make_error(ec::forbidden, message_of(err))
                        : err);
  };
  with_kubelet(
      self,
      [self, msg, client, promise, failed](const caf::actor& kubelet) {
        kubelet_api::CheckAddress question;
        question.set_ip(to_string(net::ipv4{msg->address()}));
        question.set_pod(msg->pod());
        self->state.requests.ask<pb<kubelet_api::Address>>(
            kubelet,
            [self, msg, client,
             promise](const pb<kubelet_api::Address>& found) {
              dial(self,
                   {msg, msg->loopback() ? found->network() : "",
                    caf::actor_cast<caf::strong_actor_ptr>(client), promise});
            },
            failed, pb<kubelet_api::CheckAddress>{std::move(question)});
      },
      [promise](const caf::error&) mutable {
        promise.deliver(make_error(ec::service_unavailable,
                                   "the node's kubelet is not there"));
      });
  return promise;
}

/// What a dial came to.
void settle(pointer self, tunnel_state::dial x,
            const tunnel::SocketNews& news) {
  if (news.what() != tunnel::SocketNews::CONNECTED) {
    // Nobody listens on the loopback; on the address somebody may.
    if (!std::exchange(x.network, {}).empty())
      return dial(self, std::move(x));
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

tunnel_end_actor::behavior_type tunnel_end(pointer self, context ctx) {
  auto& st = self->state;
  st.ctx = std::make_unique<context>(std::move(ctx));
  st.requests = calls{self};
  st.streams = {self, tunnel_side::far, st.ctx->outside().sockets};
  self->set_down_handler([self](const caf::down_msg& down) {
    auto& me = self->state;
    me.requests.on_down(down);
    me.streams.on_down(down.source);
    if (me.kubelet && me.kubelet.address() == down.source)
      me.kubelet = nullptr;
  });
  return {
      [self](const pb<tunnel::Connect>& msg, const container_stream_actor& to) {
        return on_connect(self, msg, to);
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

child_spec tunnel_spec(const std::string& node) {
  child_spec spec;
  spec.name = node + "/tunnel";
  spec.start = [](caf::actor_system& sys, const context& ctx) {
    return caf::actor_cast<caf::actor>(sys.spawn(tunnel_end, ctx));
  };
  return spec;
}

} // namespace troupe
