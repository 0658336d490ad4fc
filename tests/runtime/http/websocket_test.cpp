#include "runtime/http/stream_channels.hpp"
#include "tests/support/client_frames.hpp"

#include <gtest/gtest.h>

namespace troupe::http {

namespace {

using outcome = websocket_reader::outcome;
using lines = std::vector<std::string>;

/// What a reader makes of bytes: "2:text" each, "4:" with its code for a close,
/// and the code of a failure last.
lines read(websocket_reader& reader, std::string_view bytes) {
  lines out;
  reader.add(bytes);
  websocket_message msg;
  for (;;) {
    auto got = reader.next(msg);
    if (got == outcome::incomplete)
      return out;
    if (got == outcome::failed) {
      out.push_back("failed "
                    + std::to_string(static_cast<int>(reader.problem())));
      return out;
    }
    auto line = std::to_string(static_cast<int>(msg.kind)) + ":" + msg.data;
    if (msg.kind == websocket_kind::close)
      line += " " + std::to_string(static_cast<int>(msg.code));
    out.push_back(line);
  }
}

lines read_all(std::string_view bytes) {
  websocket_reader reader;
  return read(reader, bytes);
}

TEST(WebSocket, GreetsAsTheSpecificationSays) {
  auto got = greet_websocket(client::handshake("a, b"), {"b", "c"});
  ASSERT_TRUE(got);
  EXPECT_EQ(got->protocol, "b");
  // RFC 6455, 1.3.
  EXPECT_EQ(find_header(got->head.headers, "Sec-WebSocket-Accept"),
            "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
  EXPECT_EQ(find_header(got->head.headers, "Sec-WebSocket-Protocol"), "b");
  auto none = greet_websocket(client::handshake(""), {"", "c"});
  ASSERT_TRUE(none);
  EXPECT_EQ(find_header(none->head.headers, "Sec-WebSocket-Protocol"), "");
}

TEST(WebSocket, RefusesWhatIsNoHandshake) {
  EXPECT_TRUE(is(greet_websocket(client::handshake("a"), {"b"}).error(),
                 ec::forbidden));
  EXPECT_TRUE(
      is(greet_websocket(client::handshake(""), {"b"}).error(), ec::forbidden));
  for (auto* without : {"Connection", "Upgrade", "Sec-WebSocket-Version",
                        "Sec-WebSocket-Key"}) {
    auto headers = client::handshake("");
    std::erase_if(headers, [&](auto& h) { return h.first == without; });
    EXPECT_TRUE(is(greet_websocket(headers, {""}).error(), ec::bad_request))
        << without;
  }
}

TEST(WebSocket, TakesNoTokenForAProtocol) {
  auto headers = client::handshake(
      "base64url.bearer.authorization.k8s.io.abc, v4.channel.k8s.io");
  EXPECT_EQ(offered_protocols(headers), lines{"v4.channel.k8s.io"});
}

TEST(WebSocket, ReadsMessagesOfAnySize) {
  for (size_t size : {0u, 1u, 125u, 126u, 65535u, 65536u, 100000u}) {
    std::string data(size, 'x');
    EXPECT_EQ(read_all(client::websocket(2, data)), lines{"2:" + data});
    auto bytes = websocket_frame(websocket_kind::binary, data);
    uint8_t opcode = 0;
    EXPECT_EQ(client::take_websocket(bytes, opcode), data);
    EXPECT_EQ(opcode, 2);
    EXPECT_TRUE(bytes.empty());
  }
}

TEST(WebSocket, ReadsByteByByte) {
  auto bytes = client::websocket(1, "hello") + client::websocket(9, "p")
               + client::websocket(8, std::string{"\x03\xe8", 2} + "bye");
  websocket_reader reader;
  lines got;
  for (auto c : bytes)
    for (auto& line : read(reader, {&c, 1}))
      got.push_back(line);
  EXPECT_EQ(got, (lines{"1:hello", "9:p", "8:bye 1000"}));
}

TEST(WebSocket, PutsFragmentsTogetherWithPingsBetween) {
  EXPECT_EQ(
      read_all(client::websocket(1, "a", false) + client::websocket(9, "p")
               + client::websocket(0, "b", false) + client::websocket(0, "c")),
      (lines{"9:p", "1:abc"}));
}

TEST(WebSocket, EndsAStreamThatBreaksTheRules) {
  auto unmasked = websocket_frame(websocket_kind::binary, "x");
  auto reserved = client::websocket(2, "x");
  reserved[0] = static_cast<char>(reserved[0] | 0x40);
  const lines wrong{"failed 1002"};
  EXPECT_EQ(read_all(unmasked), wrong);
  EXPECT_EQ(read_all(reserved), wrong);
  EXPECT_EQ(read_all(client::websocket(3, "x")), wrong);
  EXPECT_EQ(read_all(client::websocket(11, "x")), wrong);
  EXPECT_EQ(read_all(client::websocket(0, "x")), wrong);
  EXPECT_EQ(read_all(client::websocket(9, "x", false)), wrong);
  EXPECT_EQ(read_all(client::websocket(9, std::string(126, 'x'))), wrong);
  EXPECT_EQ(
      read_all(client::websocket(1, "a", false) + client::websocket(1, "b")),
      wrong);
  EXPECT_EQ(read_all(client::websocket(8, "x")), wrong);
  EXPECT_EQ(read_all(client::websocket(8, std::string{"\x03\xed", 2})), wrong);
  // A length that would fit in fewer bytes.
  EXPECT_EQ(read_all(std::string{"\x82\xfe\x00\x05", 4} + "mask12345"), wrong);
}

TEST(WebSocket, KnowsTextFromBytes) {
  EXPECT_EQ(read_all(client::websocket(1, "\xc3\xa4\xf0\x9f\x98\x80")).size(),
            1u);
  for (std::string text :
       {"\xff", "\xc0\x80", "\xed\xa0\x80", "\xe4\xbd", "\xf4\x90\x80\x80"})
    EXPECT_EQ(read_all(client::websocket(1, text)), lines{"failed 1007"});
  EXPECT_EQ(read_all(client::websocket(2, "\xff")), lines{"2:\xff"});
}

TEST(WebSocket, BoundsWhatItKeeps) {
  websocket_reader reader{10};
  EXPECT_EQ(read(reader, client::websocket(2, "0123456789")),
            lines{"2:0123456789"});
  EXPECT_EQ(read(reader, client::websocket(2, "01234567", false)
                             + client::websocket(0, "89x")),
            lines{"failed 1009"});
  EXPECT_EQ(read(reader, client::websocket(2, "x")), lines{"failed 1009"});
}

TEST(WebSocket, SaysGoodbyeInOneFrame) {
  auto bytes = websocket_goodbye(websocket_code::internal,
                                 std::string(122, 'x') + "\xc3\xa4");
  uint8_t opcode = 0;
  auto data = client::take_websocket(bytes, opcode);
  EXPECT_EQ(opcode, 8);
  EXPECT_EQ(data, std::string("\x03\xf3", 2) + std::string(122, 'x'));
}

TEST(StreamChannels, ReadsBothForms) {
  auto raw = form_of_protocol("v4.channel.k8s.io");
  auto said = read_channel(raw, std::string("\0hi", 3));
  ASSERT_TRUE(said);
  EXPECT_EQ(said->channel, 0);
  EXPECT_EQ(said->data, "hi");
  EXPECT_FALSE(read_channel(raw, ""));
  auto text = form_of_protocol("v4.base64.channel.k8s.io");
  said = read_channel(text, "0Zm9vCg==");
  ASSERT_TRUE(said);
  EXPECT_EQ(said->data, "foo\n");
  EXPECT_FALSE(read_channel(text, "0not base64"));
  EXPECT_EQ(client::websocket_messages(channel_frame(text, 1, "\n")),
            lines{"1:1Cg=="});
  EXPECT_EQ(client::websocket_messages(channel_frame(raw, 1, "\n")),
            lines{"2:\x01\n"});
}

TEST(StreamChannels, ClosesChannelsFromTheFifthVersionOn) {
  auto fifth = form_of_protocol("v5.channel.k8s.io");
  auto said = read_channel(fifth, std::string("\xff\0", 2));
  ASSERT_TRUE(said);
  EXPECT_TRUE(said->end);
  EXPECT_EQ(said->channel, 0);
  auto fourth = form_of_protocol("v4.channel.k8s.io");
  said = read_channel(fourth, std::string("\xff\0", 2));
  ASSERT_TRUE(said);
  EXPECT_FALSE(said->end);
  EXPECT_EQ(said->channel, 255);
}

TEST(StreamChannels, ReadsSizesInPieces) {
  size_reader reader;
  EXPECT_FALSE(reader.add("{\"Width\":80,"));
  auto size = reader.add("\"Height\":24}\n{\"Wid");
  ASSERT_TRUE(size);
  EXPECT_EQ(size->width, 80u);
  EXPECT_EQ(size->height, 24u);
  EXPECT_FALSE(reader.add("th\":0,\"Height\":24}"));
  EXPECT_FALSE(reader.add("nonsense}"));
  EXPECT_TRUE(reader.add("{\"Width\":1,\"Height\":1}"));
}

} // namespace

} // namespace troupe::http
