#include "runtime/net/bridge_network.hpp"
#include "runtime/net/cluster_network.hpp"
#include "runtime/net/forwarder.hpp"
#include "runtime/net/pod_network.hpp"
#include "tests/runtime/net/own_namespace.hpp"

#include <algorithm>
#include <future>

using namespace troupe;
using namespace troupe::net;

namespace {

struct bridged : isolated {
  void SetUp() override {
    isolated::SetUp();
    if (IsSkipped())
      return;
    auto made = bridge_network::open(addresses);
    ASSERT_TRUE(made) << message_of(made.error());
    network = std::make_unique<bridge_network>(*made);
    for (auto* ns : {&a, &b})
      *ns = new_namespace();
    auto joined = network->attach("pod-a", pod(1), a.get());
    ASSERT_TRUE(joined) << message_of(joined.error());
    ASSERT_TRUE(network->attach("pod-b", pod(2), b.get()));
  }

  ipv4 pod(uint64_t n) const { return addresses.pod_range(0)->at(n); }

  std::vector<std::string> link_names() {
    std::vector<std::string> out;
    auto kernel = netlink::open();
    auto links = list_links(*kernel);
    for (auto& x : *links)
      out.push_back(x.name);
    std::sort(out.begin(), out.end());
    return out;
  }

  unique_fd serve_in(const unique_fd& ns, const endpoint& at) {
    unique_fd out;
    in_namespace(ns, [&] {
      out = plain_socket();
      EXPECT_TRUE(bind_to(out, at));
      EXPECT_EQ(::listen(out.get(), 16), 0);
    });
    return out;
  }

  unique_fd dial_from(const unique_fd& ns, const endpoint& to) {
    unique_fd out;
    in_namespace(ns, [&] { out = connected(to); });
    return out;
  }

  static void expect_joined(const unique_fd& client, const unique_fd& peer) {
    EXPECT_TRUE(send_text(client, "hello"));
    EXPECT_EQ(receive_text(peer, 5), "hello");
    EXPECT_TRUE(send_text(peer, "world"));
    EXPECT_EQ(receive_text(client, 5), "world");
  }

  layout addresses{network_mode::bridge, *parse_cidr("10.201.0.0/16")};
  std::unique_ptr<bridge_network> network;
  unique_fd a, b;
};

} // namespace

using BridgeNetwork = bridged;

TEST_F(BridgeNetwork, LetsPodsReachEachOther) {
  endpoint at{pod(2), 8080};
  auto server = serve_in(b, at);
  auto client = dial_from(a, at);
  expect_joined(client, accepted(server));
}

TEST_F(BridgeNetwork, GivesAPodALoopbackOfItsOwn) {
  endpoint at{loopback(), 7000};
  auto server = serve_in(a, at);
  auto other = serve_in(b, at);
  auto client = dial_from(a, at);
  expect_joined(client, accepted(server));
}

TEST_F(BridgeNetwork, LetsTheMachineReachPods) {
  endpoint at{pod(1), 8080};
  auto server = serve_in(a, at);
  auto client = connected(at);
  expect_joined(client, accepted(server));
}

TEST_F(BridgeNetwork, LetsPodsReachTheNodes) {
  auto node = *addresses.node_address(0);
  ASSERT_TRUE(network->add_node(node));
  ASSERT_TRUE(network->add_node(node)) << "again is fine";
  auto server = plain_listener(node);
  auto client = dial_from(a, local_endpoint(server.get()));
  expect_joined(client, accepted(server));
  ASSERT_TRUE(network->remove_node(node));
  ASSERT_TRUE(network->remove_node(node));
  EXPECT_FALSE(bind_to(plain_socket(), {node, 0}));
}

TEST_F(BridgeNetwork, AnswersForServices) {
  endpoint service{addresses.services().at(10), 80};
  endpoint at{pod(2), 8080};
  auto server = serve_in(b, at);
  loop net;
  forwarder edge{net};
  edge.update({{{protocol::tcp, service}, {at}}}, {});
  net.run([] {});
  auto from_pod = dial_from(a, service);
  expect_joined(from_pod, accepted(server));
  auto from_machine = connected(service);
  expect_joined(from_machine, accepted(server));
  // A pod reaches itself through its service as well.
  auto from_itself = dial_from(b, service);
  expect_joined(from_itself, accepted(server));
}

TEST_F(BridgeNetwork, RefusesAServiceThatNobodyServes) {
  in_namespace(a, [&] {
    EXPECT_EQ(connect_to(plain_socket(), {addresses.services().at(11), 80}),
              ECONNREFUSED);
  });
}

TEST_F(BridgeNetwork, IsTakenOverAfterItsMakerDied) {
  endpoint at{pod(1), 8080};
  auto server = serve_in(a, at);
  auto client = dial_from(b, at);
  auto peer = accepted(server);
  auto before = link_names();
  network.reset();
  auto again = bridge_network::open(addresses);
  ASSERT_TRUE(again) << message_of(again.error());
  expect_joined(client, peer);
  EXPECT_EQ(link_names(), before);
}

TEST_F(BridgeNetwork, JoinsAPodAgain) {
  ASSERT_TRUE(network->attach("pod-a", pod(3), a.get()));
  auto server = serve_in(a, {pod(3), 8080});
  auto client = dial_from(b, {pod(3), 8080});
  expect_joined(client, accepted(server));
}

TEST_F(BridgeNetwork, FindsTheNextOwnerOfAnAddressAtOnce) {
  endpoint at{pod(1), 8080};
  auto hardware_in = [](const unique_fd& ns) {
    auto inside = netlink::open_in(ns.get());
    return find_link(*inside, "eth0")->hardware;
  };
  auto remembered = hardware_in(a);
  auto expect_found = [&](const unique_fd& ns) {
    EXPECT_EQ(hardware_in(ns), remembered);
    auto server = serve_in(ns, at);
    auto from_pod = dial_from(b, at);
    expect_joined(from_pod, accepted(server));
    auto from_machine = connected(at);
    expect_joined(from_machine, accepted(server));
  };
  expect_found(a);
  // Neighbours remember where it was.
  auto next = new_namespace();
  ASSERT_TRUE(network->detach("pod-a"));
  ASSERT_TRUE(network->attach("pod-next", pod(1), next.get()));
  expect_found(next);
}

TEST_F(BridgeNetwork, KeepsItsOwnHardwareAddressWhenPodsComeAndGo) {
  auto kernel = netlink::open();
  auto before = find_link(*kernel, "troupe-10-201")->hardware;
  EXPECT_EQ(before.size(), 6u);
  for (int i = 10; i < 20; ++i) {
    auto ns = new_namespace();
    ASSERT_TRUE(network->attach(std::to_string(i), pod(i), ns.get()));
    EXPECT_EQ(find_link(*kernel, "troupe-10-201")->hardware, before);
  }
}

TEST_F(BridgeNetwork, RemovesOnlyWhatIsItsOwn) {
  auto kernel = netlink::open();
  ASSERT_TRUE(create_bridge(*kernel, "stranger", pod(99)));
  layout other{network_mode::bridge, *parse_cidr("10.202.0.0/16")};
  ASSERT_TRUE(bridge_network::open(other));
  ASSERT_TRUE(bridge_network::remove(addresses));
  EXPECT_EQ(link_names(),
            (std::vector<std::string>{"lo", "stranger", "troupe-10-202"}));
  EXPECT_FALSE(bind_to(plain_socket(), {addresses.services().at(1), 0}));
  EXPECT_TRUE(bind_to(plain_socket(), {other.services().at(1), 0}));
  EXPECT_TRUE(bridge_network::remove(addresses)) << "nothing left is fine";
}

TEST_F(BridgeNetwork, StaysWhileSomebodyElseIsInIt) {
  ASSERT_TRUE(network->add_node(*addresses.node_address(1)));
  ASSERT_TRUE(bridge_network::remove_if_unused(addresses, {"pod-a"}));
  EXPECT_EQ(link_names().size(), 3u) << "lo, the bridge, the other pod";
  ASSERT_TRUE(bridge_network::remove_if_unused(addresses, {"pod-b"}));
  EXPECT_EQ(link_names().size(), 2u) << "a node answers there";
  ASSERT_TRUE(network->remove_node(*addresses.node_address(1)));
  ASSERT_TRUE(bridge_network::remove_if_unused(addresses, {}));
  EXPECT_EQ(link_names(), std::vector<std::string>{"lo"});
  EXPECT_TRUE(bridge_network::remove_if_unused(addresses, {}));
}

TEST_F(BridgeNetwork, LeavesAnInterfaceOfItsNameToItsOwner) {
  layout other{network_mode::bridge, *parse_cidr("10.203.0.0/16")};
  auto kernel = netlink::open();
  ASSERT_TRUE(create_bridge(*kernel, "troupe-10-203", pod(99)));
  auto refused = bridge_network::open(other);
  ASSERT_FALSE(refused);
  EXPECT_TRUE(is(refused.error(), ec::conflict));
  EXPECT_TRUE(bridge_network::remove(other));
  EXPECT_TRUE(find_link(*kernel, "troupe-10-203"));
}

TEST_F(BridgeNetwork, DetachesPodsThatAreGone) {
  auto before = link_names().size();
  ASSERT_TRUE(network->detach_others({"pod-b"}));
  EXPECT_EQ(link_names().size(), before - 1);
  ASSERT_TRUE(network->detach("pod-b"));
  ASSERT_TRUE(network->detach("pod-b"));
  EXPECT_EQ(link_names(), (std::vector<std::string>{"lo", "troupe-10-201"}));
}

TEST_F(BridgeNetwork, KnowsTheRangesOfOthers) {
  layout other{network_mode::bridge, *parse_cidr("10.202.0.0/16")};
  ASSERT_TRUE(bridge_network::open(other));
  auto used = bridge_network::used_ranges(&addresses);
  ASSERT_TRUE(used);
  auto overlaps = [&](const layout& x) {
    return std::any_of(used->begin(), used->end(),
                       [&](const cidr& y) { return y.overlaps(x.whole()); });
  };
  EXPECT_TRUE(overlaps(other));
  EXPECT_FALSE(overlaps(addresses));
}

TEST_F(BridgeNetwork, IsJoinedByPathFromAnotherThread) {
  auto c = new_namespace();
  auto path = "/proc/self/fd/" + std::to_string(c.get());
  bridged_pods edge{*network};
  auto join = [&](const std::string& address, const std::string& where) {
    std::promise<std::string> told;
    edge.join("pod-c", address, where,
              [&](const std::string& problem) { told.set_value(problem); });
    return told.get_future().get();
  };
  EXPECT_EQ(join(net::to_string(pod(3)), path), "");
  auto server = serve_in(c, {pod(3), 8080});
  auto client = dial_from(a, {pod(3), 8080});
  expect_joined(client, accepted(server));
  EXPECT_EQ(join("nowhere", path), "\"nowhere\" is not an IPv4 address");
  EXPECT_EQ(join("10.201.128.9", "/nonexistent"),
            "cannot open the network namespace /nonexistent: No such file or "
            "directory");
  edge.leave("pod-c");
}

TEST_F(BridgeNetwork, SaysThatANamespaceIsGone) {
  auto refused = network->attach("pod-c", pod(9), 0);
  ASSERT_FALSE(refused);
  EXPECT_NE(message_of(refused.error()).find("pod-c"), std::string::npos);
}

TEST_F(BridgeNetwork, IsPossibleHere) {
  EXPECT_EQ(bridge_network::obstacle(), "");
}
