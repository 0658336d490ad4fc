#include "runtime/net/socket.hpp"
#include "tests/support/secure_process.hpp"

#include <caf/scoped_actor.hpp>
#include <caf/send.hpp>
#include <caf/typed_event_based_actor.hpp>

namespace troupe::test {

namespace {

using namespace std::chrono_literals;

class Dials : public SecureProcesses {};

} // namespace

TEST_F(Dials, FindServersOnly) {
  for (auto& files : {issue_node("node-1"), issue("kubernetes-admin"),
                      issue("system:kube-scheduler")}) {
    secure_process pretender{files};
    auto other = pretender.system.spawn(answers);
    auto bound = pretender.network.publish(other, "127.0.0.1", 0);
    ASSERT_TRUE(bound);
    secure_process client{files_};
    port_ = *bound;
    auto found = dial(client);
    caf::anon_send_exit(other, caf::exit_reason::user_shutdown);
    other = nullptr;
    ASSERT_FALSE(found);
    EXPECT_TRUE(is(found.error(), ec::service_unavailable));
    EXPECT_NE(message_of(found.error()).find("who is no server"),
              std::string::npos)
        << message_of(found.error());
  }
}

TEST_F(Dials, DoNotFindARevokedServer) {
  serve();
  secure_process client{issue_node("node-1")};
  client.network.revoke({serial_of(keys_.server.certificate)});
  EXPECT_FALSE(dial(client));
}

TEST_F(Dials, DoNotWaitForEachOther) {
  serve();
  auto silent =
      net::open_listener(net::protocol::tcp, {net::ipv4{0x7f000001}, 0});
  ASSERT_TRUE(silent);
  auto port = net::local_endpoint(silent->get()).port;
  secure_process client{issue_node("node-1")};
  caf::scoped_actor self{client.system};
  auto asked =
      self->request(client.network.middleman(), 30s, caf::connect_atom::value,
                    std::string{"127.0.0.1"}, port);
  auto found = dial(client);
  ASSERT_TRUE(found) << message_of(found.error());
  EXPECT_TRUE(answered(client, *found));
  // The silent one is given up.
  auto failed = false;
  asked.receive(
      [](caf::node_id&, caf::strong_actor_ptr&, std::set<std::string>&) {},
      [&](const caf::error&) { failed = true; });
  EXPECT_TRUE(failed);
}

TEST_F(Dials, FindWhoWasStartedAnewAtOnce) {
  serve();
  secure_process client{issue_node("node-1")};
  for (int i = 0; i < 5; ++i) {
    auto found = dial(client);
    ASSERT_TRUE(found) << i;
    ASSERT_TRUE(answered(client, *found)) << i;
    caf::scoped_actor self{client.system};
    self->monitor(*found);
    caf::anon_send_exit(actor_, caf::exit_reason::user_shutdown);
    actor_ = nullptr;
    server_.reset();
    self->receive([](const caf::down_msg&) {});
    serve();
  }
}

TEST_F(Dials, SeeAReplacedCertificateAndLeaveOpenConnectionsAlone) {
  serve();
  secure_process before{issue_node("node-1")};
  auto open = dial(before);
  ASSERT_TRUE(open);
  // One that is good for no server, so that it is seen.
  auto replaced = crypto::read_file(issue_node("node-2").credential);
  ASSERT_TRUE(crypto::write_secret_file(files_.credential, *replaced));
  secure_process after{issue_node("node-3")};
  EXPECT_FALSE(dial(after));
  EXPECT_TRUE(answered(before, *open));
}

TEST_F(Dials, EndWithTheNetwork) {
  auto silent =
      net::open_listener(net::protocol::tcp, {net::ipv4{0x7f000001}, 0});
  ASSERT_TRUE(silent);
  auto began = std::chrono::steady_clock::now();
  {
    secure_process client{files_};
    caf::anon_send(client.network.middleman(), caf::connect_atom::value,
                   std::string{"127.0.0.1"},
                   net::local_endpoint(silent->get()).port);
  }
  EXPECT_LT(std::chrono::steady_clock::now() - began, 3s);
}

} // namespace troupe::test
