#include "tests/support/actor_peer.hpp"
#include "tests/support/basp_frames.hpp"
#include "tests/support/raw_peer.hpp"
#include "tests/support/secure_process.hpp"

#include <caf/actor_cast.hpp>
#include <caf/scoped_actor.hpp>
#include <caf/send.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <atomic>
#include <memory>

namespace troupe::test {

namespace {

using namespace std::chrono_literals;

class Peers : public SecureProcesses {
protected:
  /// Whoever sends this is cut off, and the others are served.
  void expect_refused(const secure_files& files, const std::string& frame) {
    actor_peer peer{port_, files};
    EXPECT_TRUE(peer.send(frame));
    EXPECT_TRUE(peer.is_closed());
    EXPECT_TRUE(serves());
  }
};

using message_actor = caf::typed_actor<caf::reacts_to<pb<system::Describe>>>;

/// Watches whoever speaks to it, and counts those who were lost.
message_actor::behavior_type watches(message_actor::pointer self,
                                     std::shared_ptr<std::atomic<int>> met,
                                     std::shared_ptr<std::atomic<int>> lost) {
  self->set_down_handler([lost](const caf::down_msg&) { ++*lost; });
  return {[self, met](const pb<system::Describe>&) {
    self->monitor(self->current_sender());
    ++*met;
  }};
}

} // namespace

TEST_F(Peers, AreAnswered) {
  serve();
  actor_peer peer{port_, issue_node("node-1")};
  EXPECT_TRUE(peer.is_answered());
  EXPECT_TRUE(peer.stays());
}

/// CAF's own way to end a remote actor: any process may.
TEST_F(Peers, CannotEndActors) {
  serve();
  for (auto& files : {issue_node("node-1"), files_}) {
    secure_process client{files};
    auto found = dial(client);
    ASSERT_TRUE(found);
    ASSERT_TRUE(answered(client, *found));
    caf::scoped_actor self{client.system};
    self->monitor(*found);
    caf::anon_send_exit(*found, caf::exit_reason::kill);
    // The connection ends, the actor does not.
    self->receive([](const caf::down_msg&) {},
                  caf::after(10s) >>
                      [] { ADD_FAILURE() << "nothing happened"; });
    EXPECT_TRUE(serves());
  }
}

TEST_F(Peers, CannotLinkToActorsNorStartOthers) {
  serve();
  auto node = issue_node("node-1");
  actor_peer probe{port_, node};
  auto link = static_cast<uint64_t>(caf::link_atom::uint_value());
  expect_refused(
      node, basp::message(5, probe.gate(), {"@atom", "@strong_actor_ptr"},
                          basp::number(link, 8)
                              + basp::handle(probe.gate(), probe.theirs())));
  constexpr auto spawner = static_cast<uint64_t>(caf::atom("SpawnServ"));
  expect_refused(node, basp::frame({basp::direct_message, 1, 7, 5, spawner},
                                   basp::number(0, 1)
                                       + basp::content({"@atom", "@str"}, "")));
}

TEST_F(Peers, CannotSendTheStoresMessagesUnlessTheyAreServers) {
  serve();
  auto raft = [](const actor_peer& peer) {
    return basp::message(5, peer.gate(), {"pb:troupe.raft_api.AskNonce"},
                         basp::text(""), 7);
  };
  for (auto& files : {issue_node("node-1"), issue("kubernetes-admin"),
                      issue("system:kube-scheduler")}) {
    actor_peer peer{port_, files};
    EXPECT_TRUE(peer.send(raft(peer)));
    EXPECT_TRUE(peer.is_closed());
  }
  actor_peer server{port_, files_};
  EXPECT_TRUE(server.send(raft(server)));
  EXPECT_TRUE(server.stays());
}

TEST_F(Peers, CannotSendHugeFrames) {
  serve();
  for (uint32_t size : {uint32_t{9} << 20, 0xf0000000U})
    expect_refused(
        issue_node("node-1"),
        basp::frame_of_size({basp::direct_message, 0, 7, 5, 6}, size));
}

TEST_F(Peers, CannotReachOthersThroughUs) {
  serve();
  auto third = basp::node(99);
  auto node = issue_node("node-1");
  actor_peer probe{port_, node};
  expect_refused(node, basp::frame({basp::routed_message, 0, 7, 5, 6},
                                   probe.node() + third + basp::number(0, 1)
                                       + basp::content({}, "")));
  expect_refused(node, basp::frame({basp::monitor_message, 0, 0, 0, 6},
                                   third + probe.theirs()));
}

TEST_F(Peers, CannotGoByTheIdentityOfAnother) {
  serve();
  auto one = issue_node("node-1");
  auto other = issue_node("node-2");
  actor_peer first{port_, one, 7};
  ASSERT_TRUE(first.is_answered());
  // It may be closed before it has seen that it was let in at all.
  auto stays = false;
  try {
    stays = !actor_peer{port_, other, 7}.is_closed();
  } catch (const std::runtime_error&) {
    stays = false;
  }
  EXPECT_FALSE(stays);
  EXPECT_TRUE(first.is_answered());
  // As its second connection, it may.
  actor_peer again{port_, one, 7};
  EXPECT_TRUE(again.stays());
  // A server's identity is not to be had by coming first.
  actor_peer server{port_, files_, 7};
  EXPECT_TRUE(first.is_closed());
  EXPECT_TRUE(again.is_closed());
  EXPECT_TRUE(server.stays());
}

/// A process that dials more than once uses one of its connections.
TEST_F(Peers, AreLostWithTheConnectionThatTheyUse) {
  serve();
  auto met = std::make_shared<std::atomic<int>>(0);
  auto lost = std::make_shared<std::atomic<int>>(0);
  auto watching = server_->system.spawn(watches, met, lost);
  auto port = server_->network.publish(watching, "127.0.0.1", 0);
  ASSERT_TRUE(port);
  auto files = issue_node("node-1");
  auto speak = [&](actor_peer& x, uint64_t source) {
    return x.send(basp::message(source, x.gate(), {"pb:troupe.system.Describe"},
                                basp::text("")));
  };
  auto first = std::make_unique<actor_peer>(*port, files);
  ASSERT_TRUE(speak(*first, 5));
  ASSERT_TRUE(wait_until([&] { return *met == 1; }));
  // Closed by a client that has one, had it come to that.
  actor_peer beside{*port, files};
  EXPECT_TRUE(beside.stays());
  first.reset();
  EXPECT_TRUE(wait_until([&] { return *lost == 1; }));
  actor_peer second{*port, files};
  ASSERT_TRUE(speak(second, 6));
  ASSERT_TRUE(wait_until([&] { return *met == 2; }));
  // It had lost the second, which we do not know.
  actor_peer third{*port, files};
  EXPECT_TRUE(second.stays());
  ASSERT_TRUE(third.send(basp::selection(third.node())));
  EXPECT_TRUE(second.is_closed());
  EXPECT_TRUE(wait_until([&] { return *lost == 2; }));
  ASSERT_TRUE(speak(third, 7));
  EXPECT_TRUE(wait_until([&] { return *met == 3; }));
  EXPECT_TRUE(third.stays());
  caf::anon_send_exit(watching, caf::exit_reason::user_shutdown);
}

TEST_F(Peers, MayNotSpeakBesideTheConnectionThatTheyUse) {
  serve();
  auto files = issue_node("node-1");
  actor_peer first{port_, files};
  ASSERT_TRUE(first.is_answered());
  actor_peer beside{port_, files};
  EXPECT_TRUE(beside.send(beside.question()));
  EXPECT_TRUE(beside.is_closed());
  EXPECT_TRUE(first.is_answered());
}

TEST_F(Peers, HaveANumberOfConnectionsEach) {
  transport_limits limits;
  limits.nodes.connections = 2;
  serve(limits);
  auto node = issue_node("node-1");
  auto first = std::make_unique<actor_peer>(port_, node, 1);
  actor_peer second{port_, node, 2};
  raw_peer third{port_};
  third.greet(node, actors_protocol);
  EXPECT_TRUE(third.is_closed());
  EXPECT_TRUE(second.is_answered());
  actor_peer other{port_, issue_node("node-2"), 3};
  EXPECT_TRUE(other.is_answered());
  first.reset();
  EXPECT_TRUE(
      wait_until([&] { return server_->network.counts().connections == 2; }));
  actor_peer next{port_, node, 4};
  EXPECT_TRUE(next.is_answered());
}

TEST_F(Peers, AreCutOffWhenTheyDoNotRead) {
  transport_limits limits;
  limits.nodes.backlog = 200'000;
  serve(limits);
  actor_peer peer{port_, issue_node("node-1")};
  std::string questions;
  for (int i = 0; i < 1'000; ++i)
    questions += peer.question();
  auto refused = [&] { return server_->network.counts().refused > 0; };
  for (int i = 0; i < 500 && !refused() && peer.send(questions); ++i)
    ;
  EXPECT_TRUE(wait_until(refused));
  EXPECT_TRUE(serves());
}

TEST_F(Peers, AreCutOffWhenTheySayNothing) {
  transport_limits limits;
  limits.handshake = 300ms;
  serve(limits, 1'000ms);
  raw_peer silent{port_};
  EXPECT_TRUE(silent.greet(issue_node("node-1"), actors_protocol));
  EXPECT_TRUE(silent.is_closed());
  // One that hangs later is noticed by its heartbeats, which do not come.
  actor_peer stopped{port_, issue_node("node-2")};
  EXPECT_TRUE(stopped.is_closed());
  EXPECT_TRUE(serves());
}

TEST_F(Peers, AreCutOffOnceTheirCertificateIsRevoked) {
  serve();
  auto node = issue_node("node-1");
  actor_peer good{port_, issue_node("node-2"), 1};
  actor_peer bad{port_, node, 2};
  ASSERT_TRUE(bad.is_answered());
  auto text = crypto::read_file(node.credential);
  ASSERT_TRUE(text);
  server_->network.revoke({"00", serial_of(*text)});
  EXPECT_TRUE(bad.is_closed());
  raw_peer again{port_};
  again.greet(node, actors_protocol);
  EXPECT_TRUE(again.is_closed());
  EXPECT_TRUE(good.is_answered());
  server_->network.revoke({});
  actor_peer back{port_, node, 3};
  EXPECT_TRUE(back.is_answered());
}

/// A process is not to be met twice as many times as it comes.
TEST_F(Peers, LeaveNothingBehind) {
  serve();
  auto node = issue_node("node-1");
  for (uint32_t i = 1; i <= 20; ++i) {
    actor_peer peer{port_, node, i};
    ASSERT_TRUE(peer.is_answered());
  }
  EXPECT_TRUE(wait_until([&] {
    auto counts = server_->network.counts();
    return counts.connections == 0 && counts.strangers == 0;
  }));
}

} // namespace troupe::test
