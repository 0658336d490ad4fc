// Whoever reaches the actors' port of a cluster and means ill, without a
// certificate and with a node's.

#include "messages/call.pb.h"
#include "messages/system.pb.h"
#include "runtime/crypto/key_files.hpp"
#include "runtime/crypto/kubeconfig.hpp"
#include "runtime/crypto/proof.hpp"
#include "runtime/system/context.hpp"
#include "tests/support/actor_peer.hpp"
#include "tests/support/basp_frames.hpp"
#include "tests/support/real_cluster.hpp"
#include "tests/support/secure_process.hpp"

#include <caf/event_based_actor.hpp>
#include <caf/scoped_actor.hpp>
#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <fstream>
#include <future>
#include <sys/resource.h>
#include <tuple>

namespace troupe::test {

namespace {

using namespace std::chrono_literals;

struct Attacks : ::testing::Test {
  real_cluster cluster{options()};
  uint16_t port = 0;
  pid_t process = 0;
  size_t before = 0; ///< memory

  static real_options options() {
    real_options result;
    result.nodes = 1;
    result.runtime = "simulated";
    return result;
  }

  void SetUp() override {
    rlimit files{};
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = std::min<rlim_t>(files.rlim_max, 65'536);
    setrlimit(RLIMIT_NOFILE, &files);
    ASSERT_TRUE(cluster.up()) << cluster.output();
    process = cluster.server();
    port = find_port();
    ASSERT_NE(port, 0);
    ASSERT_TRUE(cluster.run("create configmap before")) << cluster.output();
    before = memory();
  }

  uint16_t find_port() const {
    auto config = crypto::read_kubeconfig(cluster.data() / "kubeconfig");
    auto access = crypto::choose(*config, {});
    auto address = addresses_of(access->cluster).at(0);
    return static_cast<uint16_t>(
        std::stoi(address.substr(address.rfind(':') + 1)));
  }

  /// Of the cluster's process, kB.
  size_t memory() const {
    std::ifstream in{"/proc/" + std::to_string(process) + "/status"};
    for (std::string word; in >> word;)
      if (size_t size = 0; word == "VmRSS:" && in >> size)
        return size;
    return 0;
  }

  /// What a node that was taken over has in its hands.
  secure_files node_files() {
    auto keys = crypto::open_cluster_keys(cluster.data() / "pki", {},
                                          real_world()->now());
    EXPECT_TRUE(keys);
    auto made =
        crypto::issue(keys->authority, {"system:node:node-1", {"system:nodes"}},
                      {}, real_world()->now());
    EXPECT_TRUE(made);
    auto path = cluster.folder() / "node.pem";
    EXPECT_TRUE(crypto::write_secret_file(path, made->pem()));
    return {path.string(), keys->authority_file.string()};
  }

  using opened = std::tuple<pb<call::SessionOpened>, session_actor>;

  /// Opens one more session by a certificate.
  static expected<opened> open_session(caf::scoped_actor& self,
                                       const front_door_actor& door,
                                       const secure_files& files) {
    call::OpenSession msg;
    self->request(door, 10s, pb<call::AskNonce>{call::AskNonce{}})
        .receive([&](const pb<call::Nonce>& x) { msg.set_nonce(x->value()); },
                 [](caf::error&) {});
    auto own = crypto::parse_credential(*crypto::read_file(files.credential));
    auto proof = crypto::make_proof(*own, msg.nonce());
    call::Proof sent;
    sent.set_certificate(proof->certificate);
    sent.set_signature(proof->signature);
    msg.set_proof(sent.SerializeAsString());
    expected<opened> result{caf::sec::runtime_error};
    self->request(door, 10s, pb<call::OpenSession>{std::move(msg)})
        .receive(
            [&](const pb<call::SessionOpened>& x,
                const session_actor& session) {
              result = opened{x, session};
            },
            [&](caf::error& err) { result = std::move(err); });
    return result;
  }

  /// The same process, with all its actors as they were, and little more
  /// memory.
  void expect_unharmed() {
    EXPECT_EQ(cluster.server(), process);
    EXPECT_TRUE(cluster.run("create configmap after")) << cluster.output();
    EXPECT_LT(memory(), before + 100'000);
    auto actors = cluster.client().actors();
    ASSERT_TRUE(actors);
    for (auto& each : actors->actors())
      EXPECT_EQ(each.restarts(), 0u) << each.path();
  }
};

} // namespace

TEST_F(Attacks, OfStrangersKeepNobodyFromBeingServed) {
  std::deque<raw_peer> strangers;
  for (int i = 0; i < 2'000; ++i) {
    strangers.emplace_back(port);
    if (i % 4 == 1)
      strangers.back().send("GET / HTTP/1.1\r\n\r\n");
    else if (i % 4 == 2)
      strangers.back().send(std::string{"\x16\x03\x01\x02\x00\x01", 6});
    if (i % 500 == 0) {
      EXPECT_TRUE(cluster.run("get nodes")) << cluster.output();
    }
  }
  EXPECT_TRUE(strangers.front().is_closed());
  expect_unharmed();
}

TEST_F(Attacks, OfANodeEndNoActors) {
  auto files = node_files();
  for (uint64_t actor = 1; actor <= 100; ++actor) {
    actor_peer peer{port, files};
    auto reason = basp::number(2, 1)
                  + basp::number(static_cast<uint64_t>(caf::atom("exit")), 8)
                  + basp::content({}, "");
    peer.send(basp::message(5, actor, {"@exit"},
                            basp::handle(5, peer.node()) + reason));
    ASSERT_TRUE(peer.is_closed()) << actor;
  }
  expect_unharmed();
}

TEST_F(Attacks, OfANodeReachNothingOfServers) {
  auto files = node_files();
  for (auto type : {"pb:troupe.raft_api.Message", "pb:troupe.store_api.Txn",
                    "pb:troupe.system.Resolve", "pb:troupe.http_api.Data"}) {
    actor_peer peer{port, files};
    peer.send(basp::message(5, peer.gate(), {type}, basp::text(""), 7));
    EXPECT_TRUE(peer.is_closed()) << type;
  }
  expect_unharmed();
}

TEST_F(Attacks, OfANodeTakeNoMemory) {
  auto files = node_files();
  for (int i = 0; i < 5; ++i) {
    actor_peer peer{port, files};
    peer.send(
        basp::frame_of_size({basp::direct_message, 0, 7, 5, 6}, 0xf0000000U));
    EXPECT_TRUE(peer.is_closed());
  }
  // Announced, and never sent.
  std::deque<actor_peer> waiting;
  for (uint32_t i = 0; i < 6; ++i) {
    waiting.emplace_back(port, files, i + 10);
    waiting.back().send(basp::frame_of_size({basp::direct_message, 0, 7, 5, 6},
                                            uint32_t{8} << 20));
  }
  EXPECT_LT(memory(), before + 50'000);
  // Questions whose answers nobody reads.
  actor_peer deaf{port, files, 9};
  std::string questions;
  for (int i = 0; i < 1'000; ++i)
    questions += deaf.question();
  auto taken = true;
  for (int i = 0; i < 1'000 && taken; ++i)
    taken = deaf.send(questions);
  EXPECT_FALSE(taken);
  waiting.clear();
  expect_unharmed();
}

TEST_F(Attacks, OfANodeOpenNoSessionsWithoutEnd) {
  auto files = node_files();
  secure_process node{files};
  auto door = node.network.dial<front_door_actor>("127.0.0.1", port, 10s);
  ASSERT_TRUE(door) << message_of(door.error());
  caf::scoped_actor self{node.system};
  for (int i = 0; i < 500; ++i) {
    auto session = open_session(self, *door, files);
    ASSERT_TRUE(session) << i << ": " << message_of(session.error());
  }
  auto more = open_session(self, *door, files);
  ASSERT_FALSE(more);
  EXPECT_TRUE(is(more.error(), ec::too_many_requests));
  EXPECT_EQ(message_of(more.error()),
            "too many sessions: 500 of this certificate are open, try again "
            "later");
  // Others are not concerned.
  expect_unharmed();
}

TEST_F(Attacks, OfANodeThatAwaitsNoAnswersAreAnsweredAll) {
  constexpr size_t most = 20'000;
  auto files = node_files();
  secure_process node{files};
  auto door = node.network.dial<front_door_actor>("127.0.0.1", port, 10s);
  ASSERT_TRUE(door) << message_of(door.error());
  caf::scoped_actor self{node.system};
  auto session = open_session(self, *door, files);
  ASSERT_TRUE(session) << message_of(session.error());
  call::Request msg;
  msg.set_verb(call::GET);
  msg.set_api_version("v1");
  msg.set_kind("Node");
  msg.set_name("node-1");
  msg.set_secret(std::get<0>(*session)->secret());
  std::promise<void> all;
  size_t done = 0;
  size_t refused = 0;
  node.system.spawn(
      [&, to = std::get<1>(*session)](caf::event_based_actor* by) {
        auto one_less = [&, by] {
          if (done + refused < most)
            return;
          all.set_value();
          by->quit();
        };
        for (size_t i = 0; i < most; ++i)
          by->request(to, caf::infinite, pb<call::Request>{msg}, object{})
              .then(
                  [&, one_less](const pb<call::Response>&,
                                const std::vector<object>&) {
                    ++done;
                    one_less();
                  },
                  [&, one_less](caf::error& err) {
                    if (is(err, ec::too_many_requests))
                      ++refused;
                    one_less();
                  });
        return caf::behavior{[](caf::unit_t) {}};
      });
  ASSERT_EQ(all.get_future().wait_for(60s), std::future_status::ready);
  EXPECT_GE(done, 400u);
  EXPECT_EQ(done + refused, most);
  RecordProperty("refused", static_cast<int>(refused));
  expect_unharmed();
}

} // namespace troupe::test
