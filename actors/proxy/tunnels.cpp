#include "actors/proxy/tunnels.hpp"

#include "actors/system/describing.hpp"
#include "messages/api/core_node.pb.h"
#include "messages/api/meta.pb.h"
#include "messages/container.pb.h"
#include "messages/pod_stream.pb.h"
#include "messages/system.pb.h"
#include "messages/tunnel.pb.h"
#include "runtime/rules/node_status.hpp"
#include "runtime/system/config.hpp"
#include "runtime/system/edges.hpp"

#include <caf/actor_cast.hpp>
#include <caf/actor_system.hpp>
#include <caf/send.hpp>
#include <caf/stateful_actor.hpp>

#include <chrono>

namespace troupe {

namespace {

using core::v1::Node;
using pointer = tunnels_actor::stateful_pointer<tunnels_state>;
using namespace std::chrono_literals;

/// Forwarders turn to another pod by then.
constexpr auto answer_patience = 5s;
constexpr auto look_every = 1s;

// -- ways ---------------------------------------------------------------------

/// Returns the pods of a node to which our network has no route.
/// Ranges are given by the cluster; what is none of them, some node made up.
std::optional<net::far_ways::way> way_to(const Node& node,
                                         const std::string& own_network,
                                         const net::cidr& all_pods) {
  auto& notes = node.metadata().annotations();
  auto network = notes.find(rules::network_key);
  auto pods = net::parse_cidr(node.spec().pod_cidr());
  if (network == notes.end() || network->second.empty()
      || network->second == own_network || !pods || pods->bits <= all_pods.bits
      || !all_pods.contains(pods->base))
    return std::nullopt;
  return net::far_ways::way{*pods, node.metadata().name()};
}

void lead(tunnels_state& st) {
  std::vector<net::far_ways::way> all;
  for (auto& [node, way] : st.ways)
    all.push_back(way);
  st.edge->lead(std::move(all));
}

void on_nodes(pointer self, const changes& batch) {
  auto& st = self->state;
  auto before = st.ways;
  if (batch.reset)
    st.ways.clear();
  for (auto& item : batch.items) {
    st.ways.erase(item.what.name());
    if (item.type == change_type::deleted)
      continue;
    if (auto way = way_to(item.what.as<Node>(), st.edge->network(), st.pods))
      st.ways.emplace(item.what.name(), *way);
  }
  if (st.ways != before)
    lead(st);
}

// -- connections --------------------------------------------------------------

call::OpenStream question(const net::far_ways::wanted& what) {
  call::OpenStream result;
  auto& at_node = *result.mutable_connect();
  at_node.set_node(what.node);
  auto& connect = *at_node.mutable_connect();
  connect.set_udp(what.kind == net::protocol::udp);
  connect.set_address(what.to.address.value);
  connect.set_port(what.to.port);
  return result;
}

/// The other end is connected: joins the socket to the stream. Who did not wait
/// for it is not there any more.
void opened(pointer self, uint64_t number, uint64_t stream,
            const stream_source_actor& source) {
  auto& st = self->state;
  auto found = st.asked.extract(number);
  if (found.empty()) {
    container::StreamClose close;
    close.set_stream(stream);
    self->send(source, pb<container::StreamClose>{std::move(close)});
    return;
  }
  auto& what = found.mapped().what;
  auto socket = st.ctx->outside().sockets->adopt(
      std::move(what.socket), what.kind, socket_listener(self));
  st.streams.add(socket, stream,
                 caf::actor_cast<caf::strong_actor_ptr>(source));
  ++st.opened;
  what.answer({});
}

void refused(pointer self, uint64_t number, const caf::error& why) {
  auto& st = self->state;
  auto found = st.asked.extract(number);
  if (found.empty())
    return;
  ++st.refused;
  found.mapped().what.answer(why);
}

void tick_later(pointer self) {
  auto& st = self->state;
  if (st.ticking || st.asked.empty())
    return;
  st.ticking = true;
  self->delayed_send(self, look_every, pb<system::Tick>{system::Tick{}});
}

void on_tick(pointer self) {
  auto& st = self->state;
  st.ticking = false;
  auto now = self->clock().now();
  while (!st.asked.empty() && st.asked.begin()->second.deadline <= now)
    refused(self, st.asked.begin()->first,
            make_error(ec::timeout, "the node does not answer"));
  tick_later(self);
}

void on_wanted(pointer self, const tunnel::Wanted& msg) {
  auto& st = self->state;
  auto taken = st.edge->take(msg.number());
  if (!taken)
    return;
  auto number = msg.number();
  auto open = question(*taken);
  auto deadline = self->clock().now() + answer_patience;
  st.asked.emplace(number,
                   tunnels_state::question{std::move(*taken), deadline});
  tick_later(self);
  st.api.open_stream(
      std::move(open), container_stream_actor{self},
      [self, number](uint64_t stream, const stream_source_actor& source) {
        opened(self, number, stream, source);
      },
      [self, number](const caf::error& err) { refused(self, number, err); });
}

/// Begins to lead, and to hear of those who want to be led.
void begin(pointer self) {
  auto& st = self->state;
  auto& outside = st.ctx->outside();
  st.edge = outside.ways;
  auto pods = net::parse_cidr(st.ctx->config().pod_cidr);
  if (!st.edge || !pods)
    return;
  st.pods = *pods;
  st.streams = {self, tunnel_side::near, outside.sockets};
  st.edge->serve([to = self->address()](uint64_t number) {
    tunnel::Wanted msg;
    msg.set_number(number);
    if (auto handle = caf::actor_cast<caf::actor>(to))
      caf::anon_send(handle, pb<tunnel::Wanted>{std::move(msg)});
  });
  st.api.subscribe({&kind_of<Node>(), {}, {}, {}},
                   [self](const changes& batch) { on_nodes(self, batch); });
  st.api.open(self, *st.ctx, "system:kube-proxy");
}

pb<system::Description> on_describe(pointer self) {
  auto& st = self->state;
  auto out = begin_description(self);
  auto add = [&](const char* fact, uint64_t n) {
    out.add_facts(fact + std::to_string(n));
  };
  add("nodes=", st.ways.size());
  add("connections=", st.streams.size());
  add("opened=", st.opened);
  add("refused=", st.refused);
  add("chunks=", st.streams.passed());
  return pb<system::Description>{std::move(out)};
}

} // namespace

tunnels_state::~tunnels_state() {
  if (edge)
    edge->serve({});
}

tunnels_actor::behavior_type tunnels(pointer self, context ctx) {
  self->state.ctx = std::make_unique<context>(std::move(ctx));
  self->set_down_handler([self](const caf::down_msg& down) {
    auto& st = self->state;
    st.api.on_down(down);
    st.streams.on_down(down.source);
  });
  begin(self);
  return {
      [self](const pb<container::StreamData>& msg) {
        self->state.streams.on_data(*msg);
      },
      [self](const pb<container::StreamCredit>& msg) {
        self->state.streams.on_credit(*msg);
      },
      [self](const pb<container::StreamEnd>& msg) {
        self->state.streams.on_over(msg->stream(), msg->error().empty());
      },
      [self](const pb<tunnel::Wanted>& msg) { on_wanted(self, *msg); },
      [self](const pb<tunnel::SocketNews>& msg) {
        self->state.streams.on_news(*msg);
      },
      [self](const pb<system::Tick>&) { on_tick(self); },
      [self](const changes& batch) { self->state.api.on_changes(batch); },
      [self](const pb<system::Describe>&) { return on_describe(self); },
  };
}

child_spec tunnels_spec() {
  child_spec spec;
  spec.name = "tunnels";
  spec.start = [](caf::actor_system& sys, const context& ctx) {
    return caf::actor_cast<caf::actor>(sys.spawn(tunnels, ctx));
  };
  return spec;
}

} // namespace troupe
