#include "runtime/http/forward_wire.hpp"
#include "tests/support/client_frames.hpp"

#include <gtest/gtest.h>

namespace troupe::http {

namespace {

using lines = std::vector<std::string>;

lines show(const std::vector<forward_news>& news) {
  lines out;
  for (auto& x : news) {
    auto id = " " + std::to_string(x.connection);
    switch (x.kind) {
      case forward_news::type::connect:
        out.push_back("connect" + id + " " + std::to_string(x.port));
        break;
      case forward_news::type::data:
        out.push_back("data" + id + " " + x.data);
        break;
      case forward_news::type::end:
        out.push_back("end" + id);
        break;
      case forward_news::type::gone:
        out.push_back("gone" + id);
        break;
      case forward_news::type::goodbye:
        out.push_back("goodbye");
    }
  }
  return out;
}

std::vector<header> stream(const std::string& type, const std::string& port,
                           const std::string& request) {
  std::vector<header> out{{"streamType", type}, {"port", port}};
  if (!request.empty())
    out.emplace_back("requestID", request);
  return out;
}

/// The streams of one connection, with numbers from `id` on.
std::string pair(client::spdy& peer, uint32_t id, const std::string& port,
                 const std::string& request) {
  auto out = peer.open(id, stream("error", port, request));
  return out += peer.open(id + 2, stream("data", port, request));
}

TEST(ForwardWire, PairsStreamsOfSpdy) {
  auto got = greet_forward(client::spdy_upgrade("portforward.k8s.io"), {});
  ASSERT_TRUE(got);
  EXPECT_EQ(find_header(got->head.headers, "X-Stream-Protocol-Version"),
            "portforward.k8s.io");
  auto& wire = *got->wire;
  client::spdy peer;
  EXPECT_EQ(show(wire.receive(pair(peer, 1, "80", "0")
                              + client::spdy::data(1, "", true)
                              + client::spdy::data(3, "GET"))),
            (lines{"connect 3 80", "data 3 GET"}));
  EXPECT_EQ(peer.read(client::all_of(wire)), (lines{"reply 1", "reply 3"}));
  wire.say(3, "200");
  wire.finish(3);
  EXPECT_EQ(show(wire.receive(client::spdy::data(3, "", true))),
            lines{"end 3"});
  wire.close(3, {});
  EXPECT_EQ(peer.read(client::all_of(wire)),
            (lines{"data 3 200", "data 3  fin", "data 1  fin"}));
  EXPECT_EQ(show(wire.receive(client::spdy::goaway())), lines{"goodbye"});
  EXPECT_TRUE(wire.over());
}

TEST(ForwardWire, KnowsClientsWithoutRequestNumbers) {
  auto got = greet_forward(client::spdy_upgrade(""), {});
  ASSERT_TRUE(got);
  client::spdy peer;
  EXPECT_EQ(show(got->wire->receive(pair(peer, 5, "81", ""))),
            lines{"connect 7 81"});
}

TEST(ForwardWire, TellsWhyAConnectionFailed) {
  auto got = greet_forward(client::spdy_upgrade("portforward.k8s.io"), {});
  ASSERT_TRUE(got);
  auto& wire = *got->wire;
  client::spdy peer;
  wire.receive(pair(peer, 1, "80", "0"));
  peer.read(client::all_of(wire));
  wire.close(3, "refused");
  EXPECT_EQ(peer.read(client::all_of(wire)),
            (lines{"data 1 refused", "data 3  fin", "data 1  fin"}));
}

TEST(ForwardWire, EndsTheErrorsOfAConnectionThatIsReset) {
  auto got = greet_forward(client::spdy_upgrade("portforward.k8s.io"), {});
  ASSERT_TRUE(got);
  auto& wire = *got->wire;
  client::spdy peer;
  wire.receive(pair(peer, 1, "80", "0"));
  peer.read(client::all_of(wire));
  EXPECT_EQ(show(wire.receive(client::spdy::reset(3))), lines{"gone 3"});
  EXPECT_EQ(peer.read(client::all_of(wire)), lines{"data 1  fin"});
}

TEST(ForwardWire, ResetsStreamsWithoutPortOrType) {
  auto got = greet_forward(client::spdy_upgrade("portforward.k8s.io"), {});
  ASSERT_TRUE(got);
  client::spdy peer;
  auto bytes = peer.open(1, stream("error", "0", "0"));
  bytes += peer.open(3, stream("data", "99999", "0"));
  bytes += peer.open(5, stream("what", "80", "0"));
  bytes += peer.open(7, {{"streamType", "data"}});
  EXPECT_EQ(show(got->wire->receive(bytes)), lines{});
  EXPECT_EQ(peer.read(client::all_of(*got->wire)),
            (lines{"reset 1 1", "reset 3 1", "reset 5 1", "reset 7 1"}));
}

TEST(ForwardWire, CarriesSpdyInMessagesOfWebSocket) {
  auto got =
      greet_forward(client::handshake("SPDY/3.1+portforward.k8s.io"), {});
  ASSERT_TRUE(got);
  EXPECT_EQ(find_header(got->head.headers, "Sec-WebSocket-Protocol"),
            "SPDY/3.1+portforward.k8s.io");
  auto& wire = *got->wire;
  client::spdy peer;
  auto bytes = pair(peer, 1, "80", "0");
  // Where messages end is no matter.
  EXPECT_EQ(show(wire.receive(client::websocket(2, bytes.substr(0, 20)))),
            lines{});
  EXPECT_EQ(show(wire.receive(client::websocket(9, "p")
                              + client::websocket(2, bytes.substr(20)))),
            lines{"connect 3 80"});
  auto messages = client::websocket_messages(client::all_of(wire));
  ASSERT_EQ(messages.size(), 2u);
  EXPECT_EQ(messages[0], "10:p");
  EXPECT_EQ(peer.read(messages[1].substr(2)), (lines{"reply 1", "reply 3"}));
  EXPECT_EQ(show(wire.receive(client::websocket(2, client::spdy::goaway()))),
            (lines{"goodbye", "goodbye"}));
  EXPECT_EQ(client::websocket_messages(client::all_of(wire)),
            lines{std::string("8:\x03\xe8", 4)});
}

TEST(ForwardWire, GivesEachPortAPairOfChannels) {
  auto got = greet_forward(client::handshake("v4.channel.k8s.io"), {"80,8080"});
  ASSERT_TRUE(got);
  auto& wire = *got->wire;
  EXPECT_EQ(client::websocket_messages(client::all_of(wire)),
            (lines{std::string("2:\0P\0", 5), std::string("2:\1P\0", 5),
                   "2:\2\x90\x1f", "2:\3\x90\x1f"}));
  EXPECT_EQ(show(wire.receive({})), (lines{"connect 1 80", "connect 2 8080"}));
  EXPECT_EQ(show(wire.receive(client::websocket(2, "\2hi")
                              + client::websocket(2, "\3no"))),
            lines{"data 2 hi"});
  wire.say(2, "ho");
  wire.close(1, "refused");
  EXPECT_EQ(client::websocket_messages(client::all_of(wire)),
            (lines{"2:\2ho", "2:\1refused"}));
  EXPECT_FALSE(wire.over());
  wire.close(2, {});
  EXPECT_TRUE(wire.over());
  EXPECT_EQ(client::websocket_messages(client::all_of(wire)),
            lines{std::string("8:\x03\xe8", 4)});
}

TEST(ForwardWire, RefusesWhatItCannotServe) {
  auto socket = client::handshake("v4.channel.k8s.io");
  for (auto& ports : std::vector<lines>{{}, {""}, {"0"}, {"x"}, {"70000"}})
    EXPECT_TRUE(is(greet_forward(socket, ports).error(), ec::bad_request));
  EXPECT_TRUE(is(greet_forward({}, {"80"}).error(), ec::bad_request));
  EXPECT_TRUE(is(greet_forward(client::spdy_upgrade("other"), {}).error(),
                 ec::bad_request));
}

} // namespace

} // namespace troupe::http
