// Both ends of tunnels over real sockets: the forwarder's side, and the side
// beside the pods.

#include "actors/proxy/tunnel.hpp"
#include "actors/proxy/tunnels.hpp"
#include "messages/api/core_node.pb.h"
#include "messages/call.pb.h"
#include "messages/container.pb.h"
#include "messages/kubelet.pb.h"
#include "messages/kubelet_interface.hpp"
#include "messages/pod_stream.pb.h"
#include "messages/system.pb.h"
#include "messages/tunnel.pb.h"
#include "runtime/net/forwarder.hpp"
#include "runtime/net/socket_edges.hpp"
#include "runtime/rules/node_status.hpp"
#include "runtime/system/actor_config.hpp"
#include "runtime/system/config.hpp"
#include "runtime/system/edges.hpp"
#include "tests/runtime/net/plain_sockets.hpp"

#include <caf/actor_cast.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/scoped_actor.hpp>
#include <caf/stateful_actor.hpp>

#include <algorithm>
#include <chrono>
#include <thread>

namespace troupe {

namespace {

using namespace std::chrono_literals;
using core::v1::Node;
using net::connected;
using net::receive_text;
using net::send_text;

constexpr auto pod_address = "127.250.7.1";

/// Whom the session that everybody gets sends to.
struct fake_server {
  caf::actor tunnel; ///< beside the pods
  std::vector<Node> nodes;
  caf::error refusal; ///< what every stream is refused with
};

changes all_of(const fake_server& server, const call::Watch& msg) {
  changes result;
  result.stream = msg.stream();
  result.sequence = 1;
  result.reset = result.complete = true;
  for (auto& node : server.nodes)
    result.items.push_back({change_type::added, object::of(node)});
  return result;
}

/// A directory, a link, a session and a kubelet in one.
caf::behavior server(caf::event_based_actor* self,
                     std::shared_ptr<const fake_server> world) {
  return {
      [self](const pb<troupe::system::Resolve>&) {
        return caf::actor_cast<caf::actor>(self);
      },
      [self](const pb<call::OpenSession>&) {
        return caf::make_message(pb<call::SessionOpened>{},
                                 caf::actor_cast<session_actor>(self));
      },
      [](const pb<kubelet_api::CheckAddress>& msg)
          -> caf::result<pb<kubelet_api::Address>> {
        if (msg->ip() != pod_address)
          return make_error(ec::not_found, "no pod has it");
        kubelet_api::Address out;
        out.set_ip(msg->ip());
        return pb<kubelet_api::Address>{std::move(out)};
      },
      [self, world](const pb<call::Watch>& msg, const watcher_actor& to) {
        self->send(to, all_of(*world, *msg));
        return pb<call::WatchStarted>{};
      },
      [self,
       world](const pb<call::OpenStream>& msg,
              const container_stream_actor& to) -> caf::result<caf::message> {
        if (world->refusal)
          return world->refusal;
        return self->delegate(
            world->tunnel, pb<tunnel::Connect>{msg->connect().connect()}, to);
      },
  };
}

Node node_with(const std::string& name, const std::string& pods,
               const std::string& network) {
  Node node;
  node.mutable_metadata()->set_name(name);
  (*node.mutable_metadata()->mutable_annotations())[rules::network_key] =
      network;
  node.mutable_spec()->set_pod_cidr(pods);
  return node;
}

struct Tunnels : ::testing::Test {
  std::shared_ptr<fake_server> world = std::make_shared<fake_server>();
  net::socket_edges sockets = net::make_socket_edges();
  std::shared_ptr<edges> outside = std::make_shared<edges>();
  actor_config config{2};
  caf::actor_system system{config};
  caf::actor api;
  net::unique_fd pod = net::plain_listener(*net::parse_ipv4(pod_address));
  net::endpoint at = net::local_endpoint(pod.get());
  net::endpoint place = net::free_place();

  Tunnels() {
    outside->ways = sockets.ways;
    outside->sockets = sockets.streams;
    world->nodes = {
        node_with("far", "127.250.7.0/24", "another"),
        node_with("near", "127.250.8.0/24", sockets.ways->network()),
        // Ranges that the cluster does not give.
        node_with("greedy", "0.0.0.0/0", "another"),
        node_with("astray", "10.0.0.0/24", "another")};
    api = system.spawn(server, std::shared_ptr<const fake_server>{world});
    world->tunnel = caf::actor_cast<caf::actor>(
        system.spawn(tunnel_end, at_path("kubelet/far/tunnel")));
  }

  ~Tunnels() override {
    for (auto& each : {near, world->tunnel, api})
      if (each)
        caf::anon_send_exit(each, caf::exit_reason::user_shutdown);
    near = api = world->tunnel = nullptr;
  }

  context at_path(const std::string& path) {
    auto whole = std::make_shared<cluster_config>();
    whole->pod_cidr = "127.250.0.0/17";
    return {real_world(),
            outside,
            std::move(whole),
            caf::actor_cast<directory_actor>(api),
            path,
            1};
  }

  /// Starts the near ends, and waits until they lead to the far node.
  void start() {
    near = caf::actor_cast<caf::actor>(
        system.spawn(tunnels, at_path("proxy/tunnels")));
    ASSERT_TRUE(eventually([&] { return knows("nodes=1"); }));
    EXPECT_EQ(sockets.ways->node_at(at.address), "far");
  }

  /// Whether the near end says that of itself.
  bool knows(const std::string& fact) {
    caf::scoped_actor self{system};
    auto result = false;
    self->request(near, 10s,
                  pb<troupe::system::Describe>{troupe::system::Describe{}})
        .receive(
            [&](const pb<troupe::system::Description>& x) {
              auto& all = x->facts();
              result = std::find(all.begin(), all.end(), fact) != all.end();
            },
            [](const caf::error&) {});
    return result;
  }

  void serve(net::protocol kind = net::protocol::tcp) {
    sockets.services->update({{{kind, place}, {at}, 0s}}, {});
    sockets.thread->run([] {});
  }

  template <class F>
  static bool eventually(F condition) {
    auto deadline = std::chrono::steady_clock::now() + 10s;
    while (!condition() && std::chrono::steady_clock::now() < deadline)
      std::this_thread::yield();
    return condition();
  }

  caf::actor near;
};

} // namespace

TEST_F(Tunnels, LeadToThePodsOfOtherNetworksOnly) {
  start();
  EXPECT_FALSE(sockets.ways->node_at(*net::parse_ipv4("127.250.8.1")));
  EXPECT_FALSE(sockets.ways->node_at(*net::parse_ipv4("127.250.9.1")));
  EXPECT_FALSE(sockets.ways->node_at(*net::parse_ipv4("10.0.0.1")));
}

TEST_F(Tunnels, CarryBytesBothWaysAndTheirEnds) {
  start();
  serve();
  auto client = connected(place);
  auto peer = net::accepted(pod);
  ASSERT_TRUE(send_text(client, "question"));
  EXPECT_EQ(receive_text(peer, 8), "question");
  ASSERT_TRUE(send_text(peer, "answer"));
  EXPECT_EQ(receive_text(client, 6), "answer");
  ::shutdown(client.get(), SHUT_WR);
  EXPECT_EQ(net::next_event(peer), "end");
  ASSERT_TRUE(send_text(peer, "late"));
  peer.reset();
  EXPECT_EQ(receive_text(client, 4), "late");
  EXPECT_EQ(net::next_event(client), "end");
}

TEST_F(Tunnels, CarryMuchInBothDirectionsAtOnce) {
  start();
  serve();
  auto client = connected(place);
  auto peer = net::accepted(pod);
  std::string much(8u << 20, '\0');
  for (size_t i = 0; i < much.size(); ++i)
    much[i] = static_cast<char>(i * 2654435761u >> 24);
  auto send_all = [&](const net::unique_fd& to) {
    EXPECT_TRUE(send_text(to, much));
    ::shutdown(to.get(), SHUT_WR);
  };
  std::thread there{[&] { send_all(client); }};
  std::thread back{[&] { send_all(peer); }};
  std::string got;
  std::thread reader{[&] { got = receive_text(peer, much.size()); }};
  EXPECT_TRUE(receive_text(client, much.size()) == much);
  for (auto* each : {&there, &back, &reader})
    each->join();
  EXPECT_EQ(got.size(), much.size());
  EXPECT_TRUE(got == much);
}

TEST_F(Tunnels, PassResetsOn) {
  start();
  serve();
  auto client = connected(place);
  auto peer = net::accepted(pod);
  net::reset_on_close(peer.get());
  peer.reset();
  EXPECT_EQ(net::next_event(client), "reset");
  client = connected(place);
  peer = net::accepted(pod);
  net::reset_on_close(client.get());
  client.reset();
  EXPECT_EQ(net::next_event(peer), "reset");
}

TEST_F(Tunnels, CarryDatagrams) {
  start();
  auto answerer = net::plain_socket(SOCK_DGRAM);
  ASSERT_TRUE(net::bind_to(answerer, {at.address, 0}));
  at = net::local_endpoint(answerer.get());
  place = net::free_place(SOCK_DGRAM);
  serve(net::protocol::udp);
  auto client = net::plain_datagram_socket();
  ASSERT_EQ(net::connect_to(client, place), 0);
  ASSERT_TRUE(send_text(client, "ping"));
  char bytes[16];
  sockaddr_in from{};
  socklen_t size = sizeof(from);
  ASSERT_EQ(::recvfrom(answerer.get(), bytes, sizeof(bytes), 0,
                       reinterpret_cast<sockaddr*>(&from), &size),
            4);
  ::sendto(answerer.get(), "pong!", 5, 0, reinterpret_cast<sockaddr*>(&from),
           size);
  EXPECT_EQ(receive_text(client, 5), "pong!");
}

TEST_F(Tunnels, LeaveNothingBehindWhenEitherEndIsKilled) {
  start();
  serve();
  auto client = connected(place);
  auto peer = net::accepted(pod);
  caf::anon_send_exit(near, caf::exit_reason::kill);
  EXPECT_EQ(net::next_event(client), "reset");
  EXPECT_EQ(net::next_event(peer), "reset");
  // Until there is another, nobody is led anywhere.
  ASSERT_TRUE(eventually([&] {
    auto late = connected(place);
    return net::next_event(late) == "reset";
  }));
  start();
  client = connected(place);
  peer = net::accepted(pod);
  ASSERT_TRUE(send_text(client, "x"));
  EXPECT_EQ(receive_text(peer, 1), "x");
  caf::anon_send_exit(world->tunnel, caf::exit_reason::kill);
  EXPECT_EQ(net::next_event(client), "reset");
  EXPECT_EQ(net::next_event(peer), "reset");
}

TEST_F(Tunnels, RefuseClientsWhosePodDoesNotAnswer) {
  start();
  serve();
  pod.reset();
  auto client = connected(place);
  EXPECT_EQ(net::next_event(client), "reset");
}

TEST_F(Tunnels, ConnectToPodsOfTheirNodeOnly) {
  caf::scoped_actor self{system};
  tunnel::Connect msg;
  msg.set_address(net::parse_ipv4("127.0.0.1")->value);
  msg.set_port(at.port);
  auto answer = ec::internal_error;
  self->request(world->tunnel, 10s, pb<tunnel::Connect>{msg},
                caf::actor_cast<container_stream_actor>(self))
      .receive(
          [&](const pb<container::StreamOpened>&, const stream_source_actor&) {
            answer = ec::conflict;
          },
          [&](const caf::error& err) { answer = static_cast<ec>(err.code()); });
  EXPECT_EQ(answer, ec::forbidden);
}

TEST_F(Tunnels, TellWhoMissedTheEndOfAStreamThatItIsOver) {
  caf::scoped_actor self{system};
  container::StreamCredit credit;
  credit.set_stream(77);
  credit.set_chunks(8);
  self->send(caf::actor_cast<stream_source_actor>(world->tunnel),
             pb<container::StreamCredit>{credit});
  std::string problem;
  self->receive(
      [&](const pb<container::StreamEnd>& end) {
        EXPECT_EQ(end->stream(), 77u);
        problem = end->error();
      },
      caf::after(10s) >> [] {});
  EXPECT_NE(problem, "");
}

} // namespace troupe
