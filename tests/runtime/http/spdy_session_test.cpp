#include "runtime/http/spdy_session.hpp"
#include "tests/support/client_frames.hpp"

#include <gtest/gtest.h>

namespace troupe::http {

namespace {

using lines = std::vector<std::string>;

/// What a client has done, a line each.
lines events_of(spdy_session& session) {
  lines out;
  for (auto& x : session.take_events()) {
    auto id = " " + std::to_string(x.stream);
    switch (x.kind) {
      case spdy_event::type::opened: {
        auto line = "opened" + id;
        for (auto& [name, value] : x.headers)
          line += " " + name + "=" + value;
        out.push_back(line);
        break;
      }
      case spdy_event::type::data:
        out.push_back("data" + id + " " + x.data);
        break;
      case spdy_event::type::finished:
        out.push_back("finished" + id);
        break;
      case spdy_event::type::reset:
        out.push_back("reset" + id);
        break;
      case spdy_event::type::goodbye:
        out.push_back("goodbye");
    }
  }
  return out;
}

class Spdy : public testing::Test {
protected:
  lines say(const std::string& bytes) {
    session.receive(bytes);
    return events_of(session);
  }

  lines hear() { return peer.read(session.take_output()); }

  /// A stream that stands.
  void open(uint32_t id) {
    say(peer.open(id, {{"streamType", "x"}}));
    session.reply(id);
    hear();
  }

  spdy_session session;
  client::spdy peer;
};

TEST_F(Spdy, OpensStreamsWithHeadersOfOneStream) {
  EXPECT_EQ(say(peer.open(1, {{"streamType", "error"}, {"port", "80"}})),
            lines{"opened 1 streamtype=error port=80"});
  EXPECT_EQ(say(peer.open(3, {{"streamType", "data"}, {"port", "80"}})),
            lines{"opened 3 streamtype=data port=80"});
  session.reply(1);
  session.reply(3);
  EXPECT_EQ(hear(), (lines{"reply 1", "reply 3"}));
}

TEST_F(Spdy, CarriesDataBothWaysAndEndsEachAlone) {
  open(1);
  EXPECT_EQ(say(client::spdy::data(1, "ab") + client::spdy::data(1, "c", true)),
            (lines{"data 1 ab", "data 1 c", "finished 1"}));
  session.send(1, "xyz");
  session.finish(1);
  EXPECT_EQ(hear(), (lines{"data 1 xyz", "data 1  fin"}));
  EXPECT_EQ(session.open(), 0u);
}

TEST_F(Spdy, ReadsByteByByte) {
  auto bytes = peer.open(1, {{"a", "b"}}) + client::spdy::data(1, "hello")
               + client::spdy::ping(1) + client::spdy::data(1, "", true);
  std::string data;
  lines rest;
  for (auto c : bytes)
    for (auto& line : say({c}))
      if (line.starts_with("data 1 "))
        data += line.substr(7);
      else
        rest.push_back(line);
  EXPECT_EQ(data, "hello");
  EXPECT_EQ(rest, (lines{"opened 1 a=b", "finished 1"}));
  EXPECT_EQ(hear(), lines{"ping 1"});
}

TEST_F(Spdy, HeedsWindowsOfClientsThatHaveAny) {
  open(1);
  std::string much(200 << 10, 'x');
  session.send(1, much);
  EXPECT_EQ(session.waiting(1), 0u) << "spdystream opens no windows";
  hear();
  open(3);
  // The session's window was overdrawn by what was sent before.
  say(client::spdy::settings(10));
  session.send(3, "0123456789abcdef");
  EXPECT_EQ(session.waiting(3), 16u);
  say(client::spdy::window(0, 1 << 20));
  EXPECT_EQ(hear(), lines{"data 3 0123456789"});
  EXPECT_EQ(session.waiting(3), 6u);
  session.finish(3);
  say(client::spdy::window(3, 4));
  EXPECT_EQ(hear(), lines{"data 3 abcd"});
  say(client::spdy::window(3, 4));
  EXPECT_EQ(hear(), lines{"data 3 ef fin"});
}

TEST_F(Spdy, OpensItsOwnWindowsAsDataIsConsumed) {
  open(1);
  session.consumed(1, 1000);
  EXPECT_EQ(hear(), lines{});
  session.consumed(1, 16 << 10);
  EXPECT_EQ(hear(), (lines{"window 0 17384", "window 1 17384"}));
}

TEST_F(Spdy, ResetsAndForgets) {
  open(1);
  open(3);
  EXPECT_EQ(say(client::spdy::reset(1)), lines{"reset 1"});
  session.send(1, "x");
  EXPECT_EQ(hear(), lines{});
  session.reset(3, spdy_reason::cancel);
  EXPECT_EQ(hear(), lines{"reset 3 5"});
  EXPECT_EQ(say(client::spdy::data(3, "late")), lines{});
  EXPECT_EQ(session.open(), 0u);
}

TEST_F(Spdy, RefusesMoreStreamsThanItServes) {
  spdy_limits limits;
  limits.streams = 1;
  session = spdy_session{limits};
  open(1);
  EXPECT_EQ(say(peer.open(3, {{"a", "b"}})), lines{});
  EXPECT_EQ(hear(), lines{"reset 3 3"});
  // Its headers were read all the same.
  say(client::spdy::reset(1));
  EXPECT_EQ(say(peer.open(5, {{"a", "b"}})), lines{"opened 5 a=b"});
}

TEST_F(Spdy, PassesOverWhatItDoesNotKnow) {
  EXPECT_EQ(say(client::spdy::control(5, 0, "")), lines{});
  EXPECT_EQ(say(client::spdy::control(77, 0, "whatever")), lines{});
  EXPECT_EQ(say(client::spdy::goaway()), lines{"goodbye"});
  EXPECT_FALSE(session.failed());
}

TEST_F(Spdy, EndsASessionThatBreaksTheRules) {
  std::string even = peer.open(2, {});
  std::string broken =
      client::spdy::control(1, 0, std::string(10, '\0') + "no zlib");
  std::string old = client::spdy::ping(1);
  old[1] = 2;
  for (auto& bytes :
       {even, broken, old, client::spdy::control(3, 0, "x"),
        client::spdy::control(4, 0, std::string{"\0\0\0\x09", 4}),
        client::spdy::control(2, 0, std::string(4, '\0')),
        client::spdy::control(1, 0, std::string(65u << 10, '\0'))}) {
    spdy_session one;
    one.receive(bytes);
    EXPECT_TRUE(one.failed());
    EXPECT_EQ(client::spdy{}.read(one.take_output()), lines{"goaway 0 1"});
    one.receive(client::spdy::ping(1));
    EXPECT_EQ(one.take_output(), "");
  }
}

TEST_F(Spdy, BoundsHeaders) {
  say(peer.open(1, {{"a", std::string(17 << 10, 'x')}}));
  EXPECT_TRUE(session.failed());
}

TEST(SpdyHeaders, PartsSeveralValuesOfAName) {
  spdy_header_writer writer;
  spdy_header_reader reader;
  auto got = reader.read(writer.write({{"A", std::string("b\0c", 3)}}));
  ASSERT_TRUE(got);
  EXPECT_EQ(*got, (std::vector<header>{{"a", "b"}, {"a", "c"}}));
}

TEST(SpdyHeaders, DoNotGrowWhereValuesShareAName) {
  spdy_header_writer writer;
  spdy_header_reader reader;
  EXPECT_FALSE(reader.read(
      writer.write({{std::string(4'000, 'a'), std::string(4'000, '\0')}})));
}

TEST(SpdyHeaders, KnowsTheDictionaryOfTheSpecification) {
  spdy_header_writer writer;
  auto block = writer.write({});
  // zlib tells the checksum of the dictionary behind its two bytes of header.
  EXPECT_EQ(block.substr(2, 4), "\xe3\xc6\xa7\xc2");
}

} // namespace

} // namespace troupe::http
