#include "runtime/system/join_call.hpp"
#include "tests/support/raw_peer.hpp"
#include "tests/support/secure_process.hpp"

#include <atomic>
#include <thread>

namespace troupe::test {

namespace {

using namespace std::chrono_literals;
using reply = secure_network::join_reply;

class Joins : public SecureProcesses {
protected:
  /// Answers each request with itself, twice.
  void serve_joins(const transport_limits& limits = {}) {
    serve(limits);
    server_->network.serve_joins([this](const std::string& request,
                                        const std::string& address,
                                        const reply& answer) {
      address_ = address;
      ++heard_;
      answer(request + request);
    });
  }

  expected<std::string> call(const std::string& request) {
    return join_call(
        "localhost", port_,
        [this](const std::string& chain) {
          shown_ = chain;
          return verdict_;
        },
        request, 5s);
  }

  std::string address_;
  std::string shown_;
  caf::error verdict_;
  std::atomic<int> heard_{0};
};

std::string length(size_t size) {
  std::string result;
  for (int shift = 24; shift >= 0; shift -= 8)
    result += static_cast<char>(size >> shift);
  return result;
}

} // namespace

TEST_F(Joins, AreAnsweredWithoutACertificate) {
  serve_joins();
  auto answer = call("let me in");
  ASSERT_TRUE(answer) << message_of(answer.error());
  EXPECT_EQ(*answer, "let me inlet me in");
  EXPECT_EQ(address_, "127.0.0.1");
  auto large = call(std::string(30'000, 'x'));
  ASSERT_TRUE(large) << message_of(large.error());
  EXPECT_EQ(large->size(), 60'000u);
}

TEST_F(Joins, SeeTheAuthorityBeforeTheySayAnything) {
  serve_joins();
  verdict_ = make_error(ec::forbidden, "another cluster");
  auto answer = call("secret");
  ASSERT_FALSE(answer);
  EXPECT_EQ(message_of(answer.error()), "another cluster");
  EXPECT_EQ(heard_, 0);
  auto last = shown_.rfind("-----BEGIN");
  ASSERT_NE(last, std::string::npos);
  EXPECT_GT(last, 0u);
  EXPECT_EQ(*crypto::authority_hash(shown_.substr(last)),
            *crypto::authority_hash(keys_.authority.certificate));
  EXPECT_EQ(crypto::inspect_certificate(shown_)->who.user, "kube-apiserver");
}

/// It shows the cluster's authority, which is public, but is not by it.
TEST_F(Joins, AreNotMisledByABorrowedAuthority) {
  auto pretender = make_keys("theirs");
  files_.credential = pretender.credential;
  serve_joins();
  auto answer = call("secret");
  ASSERT_FALSE(answer);
  EXPECT_TRUE(is(answer.error(), ec::not_found));
  EXPECT_EQ(shown_, "");
  EXPECT_EQ(heard_, 0);
}

TEST_F(Joins, AreNotMisledByANode) {
  files_ = issue_node("node-1");
  serve_joins();
  auto answer = call("secret");
  ASSERT_FALSE(answer);
  EXPECT_NE(message_of(answer.error()).find("it is system:node:node-1"),
            std::string::npos);
  EXPECT_EQ(heard_, 0);
}

TEST_F(Joins, AreRefusedWhereNobodyHearsThem) {
  serve();
  auto answer = call("let me in");
  ASSERT_FALSE(answer);
  EXPECT_TRUE(is(answer.error(), ec::service_unavailable));
}

TEST_F(Joins, TellWhenNobodyIsThere) {
  auto closed =
      net::open_listener(net::protocol::tcp, {net::ipv4{0x7f000001}, 0});
  ASSERT_TRUE(closed);
  port_ = net::local_endpoint(closed->get()).port;
  auto silent = join_call("127.0.0.1", port_, {}, "x", 1s);
  ASSERT_FALSE(silent);
  EXPECT_NE(message_of(silent.error()).find("did not answer in time"),
            std::string::npos);
  closed->reset();
  auto nobody = join_call("127.0.0.1", port_, {}, "x", 1s);
  ASSERT_FALSE(nobody);
  EXPECT_NE(message_of(nobody.error()).find("cannot connect"),
            std::string::npos);
}

TEST_F(Joins, MayBeAnsweredLaterFromAnotherThreadOnce) {
  serve();
  reply kept;
  std::thread later;
  server_->network.serve_joins(
      [&](const std::string&, const std::string&, const reply& answer) {
        kept = answer;
        later = std::thread{[answer] {
          answer("one");
          answer("two");
        }};
      });
  auto answer = call("let me in");
  ASSERT_TRUE(answer) << message_of(answer.error());
  EXPECT_EQ(*answer, "one");
  later.join();
  // Nobody waits any more, nor is anybody there to tell.
  kept("three");
  TearDown();
  kept("four");
}

TEST_F(Joins, AreClosedWhenTheySayTooMuchOrNothing) {
  transport_limits limits;
  limits.join = 500ms;
  serve_joins(limits);
  raw_peer silent{port_};
  ASSERT_TRUE(silent.greet({}, join_protocol));
  raw_peer greedy{port_};
  ASSERT_TRUE(greedy.greet({}, join_protocol));
  greedy.send(length(limits.join_request + 1));
  EXPECT_TRUE(greedy.is_closed());
  EXPECT_TRUE(silent.is_closed());
  EXPECT_EQ(heard_, 0);
}

TEST_F(Joins, AreNotHeardMoreOftenThanAllowed) {
  transport_limits limits;
  limits.joins_per_second = 3;
  serve_joins(limits);
  std::vector<std::unique_ptr<raw_peer>> peers;
  for (int i = 0; i < 10; ++i) {
    peers.push_back(std::make_unique<raw_peer>(port_));
    ASSERT_TRUE(peers.back()->greet({}, join_protocol));
  }
  for (auto& each : peers)
    each->send(length(1) + "x");
  for (auto& each : peers)
    EXPECT_TRUE(each->is_closed());
  EXPECT_EQ(heard_, 3);
}

TEST_F(Joins, CannotSpeakToActors) {
  serve_joins();
  raw_peer peer{port_};
  ASSERT_TRUE(peer.greet({}, join_protocol));
  // No handshake of CAF's comes, and none is taken for one.
  EXPECT_EQ(peer.read(1, 100ms), "");
  EXPECT_EQ(server_->network.counts().connections, 0u);
}

} // namespace troupe::test
