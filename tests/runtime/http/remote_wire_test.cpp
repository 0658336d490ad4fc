#include "runtime/http/remote_wire.hpp"
#include "tests/support/client_frames.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace troupe::http {

namespace {

using lines = std::vector<std::string>;

constexpr remote_options all{true, true, true, false};
constexpr remote_options terminal{true, true, false, true};

lines show(const std::vector<remote_news>& news) {
  lines out;
  for (auto& x : news)
    switch (x.kind) {
      case remote_news::type::ready:
        out.push_back("ready");
        break;
      case remote_news::type::input:
        out.push_back("input " + x.data);
        break;
      case remote_news::type::input_end:
        out.push_back("end");
        break;
      case remote_news::type::resize:
        out.push_back("size " + std::to_string(x.size.width) + "x"
                      + std::to_string(x.size.height));
        break;
      case remote_news::type::goodbye:
        out.push_back("goodbye");
    }
  return out;
}

std::unique_ptr<remote_wire> greet(const std::vector<header>& headers,
                                   const remote_options& options) {
  auto got = greet_remote(headers, options);
  EXPECT_TRUE(got);
  return got ? std::move(got->wire) : nullptr;
}

lines told(remote_wire& wire) {
  return client::websocket_messages(client::all_of(wire));
}

std::string on(char channel, const std::string& data) {
  return client::websocket(2, std::string{channel} + data);
}

const std::string goodbye = std::string("8:\x03\xe8", 4);

TEST(RemoteWire, SpeaksTheFifthProtocolOfWebSockets) {
  auto wire = greet(client::handshake("v5.channel.k8s.io"), all);
  EXPECT_EQ(told(*wire), lines{"2:\x01"});
  EXPECT_EQ(show(wire->receive({})), lines{"ready"});
  EXPECT_EQ(
      show(wire->receive(on('\0', "hi")
                         + client::websocket(2, std::string("\xff\0", 2)))),
      (lines{"input hi", "end"}));
  wire->say(remote_channel::output, "out");
  wire->say(remote_channel::errors, "err");
  wire->finish(false, R"({"x":1})", "text");
  EXPECT_EQ(told(*wire), (lines{"2:\x01out",
                                "2:\x02"
                                "err",
                                "2:\x03{\"x\":1}", goodbye}));
  wire->say(remote_channel::output, "late");
  EXPECT_EQ(told(*wire), lines{});
  EXPECT_EQ(
      show(wire->receive(client::websocket(8, std::string("\x03\xe8", 2)))),
      lines{"goodbye"});
  EXPECT_EQ(told(*wire), lines{});
}

TEST(RemoteWire, TellsOlderClientsFailuresAlone) {
  for (auto* protocol : {"channel.k8s.io", ""}) {
    auto wire = greet(client::handshake(protocol), {false, true, false, false});
    EXPECT_EQ(told(*wire), lines{"2:\x01"});
    wire->say(remote_channel::errors, "nobody wants it");
    wire->finish(true, "{}", "");
    EXPECT_EQ(told(*wire), lines{goodbye});
  }
  auto wire = greet(client::handshake("base64.channel.k8s.io"), all);
  EXPECT_EQ(told(*wire), lines{"1:1"});
  wire->finish(false, "{}", "it failed");
  EXPECT_EQ(told(*wire), (lines{"1:3aXQgZmFpbGVk", goodbye}));
}

TEST(RemoteWire, AnswersPingsAndPassesSizesOn) {
  auto wire = greet(client::handshake("v4.channel.k8s.io"), terminal);
  told(*wire);
  wire->receive({});
  EXPECT_EQ(show(wire->receive(client::websocket(9, "p")
                               + on('\4', R"({"Width":80,"Height":24})"))),
            lines{"size 80x24"});
  EXPECT_EQ(told(*wire), lines{"10:p"});
  EXPECT_EQ(show(wire->receive(client::websocket(3, "x"))), lines{"goodbye"});
  EXPECT_EQ(told(*wire), lines{std::string("8:\x03\xea", 4)});
}

/// A client of SPDY that opens streams of these types, 1, 3, 5, ...
lines open_streams(remote_wire& wire, client::spdy& peer, const lines& types) {
  std::string bytes;
  uint32_t id = 1;
  for (auto& type : types) {
    bytes += peer.open(id, {{"streamType", type}});
    id += 2;
  }
  return show(wire.receive(bytes));
}

TEST(RemoteWire, WaitsForAllStreamsOfSpdy) {
  auto wire = greet(client::spdy_upgrade("v4.channel.k8s.io"), all);
  client::spdy peer;
  EXPECT_EQ(show(wire->receive({})), lines{});
  EXPECT_EQ(open_streams(*wire, peer, {"error", "stdin", "stdout"}), lines{});
  EXPECT_EQ(peer.read(client::all_of(*wire)),
            (lines{"reply 1", "reply 3", "reply 5"}));
  EXPECT_EQ(show(wire->receive(client::spdy::data(3, "hi")
                               + peer.open(7, {{"streamType", "stderr"}}))),
            (lines{"ready", "input hi"}));
  EXPECT_EQ(show(wire->receive(client::spdy::data(3, "", true))), lines{"end"});
  wire->say(remote_channel::output, "out");
  wire->say(remote_channel::errors, "err");
  wire->finish(true, "{}", "");
  EXPECT_EQ(
      peer.read(client::all_of(*wire)),
      (lines{"reply 7", "data 5 out", "data 7 err", "data 1 {}", "data 5  fin",
             "data 7  fin", "data 1  fin", "data 3  fin"}));
  EXPECT_EQ(show(wire->receive(client::spdy::goaway())), lines{"goodbye"});
}

TEST(RemoteWire, GivesTerminalsTheirSizes) {
  auto wire = greet(client::spdy_upgrade("v4.channel.k8s.io"), terminal);
  client::spdy peer;
  EXPECT_EQ(open_streams(*wire, peer, {"error", "stdin", "stdout"}), lines{});
  EXPECT_EQ(show(wire->receive(
                peer.open(7, {{"streamType", "resize"}})
                + client::spdy::data(7, "{\"Width\":80,\"Height\":24}\n"))),
            (lines{"ready", "size 80x24"}));
  // Before the third version there were none.
  auto old = greet(client::spdy_upgrade(""), terminal);
  client::spdy other;
  EXPECT_EQ(open_streams(*old, other, {"error", "stdin", "stdout"}),
            lines{"ready"});
}

TEST(RemoteWire, ResetsStreamsThatNobodyKnows) {
  auto wire = greet(client::spdy_upgrade("v4.channel.k8s.io"), all);
  client::spdy peer;
  open_streams(*wire, peer, {"error", "error", "what"});
  EXPECT_EQ(peer.read(client::all_of(*wire)),
            (lines{"reply 1", "reset 3 1", "reset 5 1"}));
}

TEST(RemoteWire, ChoosesAProtocolOrSaysWhichThereAre) {
  auto headers = client::spdy_upgrade("v9.channel.k8s.io");
  EXPECT_TRUE(is(greet_remote(headers, all).error(), ec::bad_request));
  headers.emplace_back("X-Stream-Protocol-Version", "v3.channel.k8s.io");
  auto got = greet_remote(headers, all);
  ASSERT_TRUE(got);
  EXPECT_EQ(find_header(got->head.headers, "X-Stream-Protocol-Version"),
            "v3.channel.k8s.io");
  EXPECT_EQ(got->head.status, 101);
  auto none = greet_remote({}, all);
  ASSERT_FALSE(none);
  EXPECT_EQ(message_of(none.error()), "Upgrade request required");
}

TEST(RemoteWire, SaysHowItEndedInKubernetesWords) {
  using nlohmann::json;
  EXPECT_EQ(success_status(), R"({"metadata":{},"status":"Success"})");
  auto text = exit_message({"sh", "-c", "exit 3"}, 3);
  EXPECT_EQ(text, "command terminated with non-zero exit code: error executing "
                  "command [sh -c exit 3], exit code 3");
  auto exit = json::parse(exit_status(3, text));
  EXPECT_EQ(exit["reason"], "NonZeroExitCode");
  EXPECT_EQ(exit["details"]["causes"][0]["reason"], "ExitCode");
  EXPECT_EQ(exit["details"]["causes"][0]["message"], "3");
  auto failure = json::parse(failure_status("no\xff"));
  EXPECT_EQ(failure["reason"], "InternalError");
  EXPECT_EQ(failure["code"], 500);
}

} // namespace

} // namespace troupe::http
