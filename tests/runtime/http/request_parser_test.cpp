#include "runtime/http/request_parser.hpp"

#include <gtest/gtest.h>

namespace troupe::http {

namespace {

using outcome = request_parser::outcome;

TEST(RequestParser, TakesOneRequestAfterTheOther) {
  request_parser parser;
  parser.add("GET /a?x=1 HTTP/1.1\r\nHost: h\r\n\r\n"
             "POST /b HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc"
             "GET /c HTTP/1.1\r\n");
  request x;
  ASSERT_EQ(parser.next(x), outcome::ready);
  EXPECT_EQ(x.method, "GET");
  EXPECT_EQ(x.target, "/a?x=1");
  EXPECT_TRUE(x.keep_alive);
  ASSERT_EQ(parser.next(x), outcome::ready);
  EXPECT_EQ(x.method, "POST");
  EXPECT_EQ(x.body, "abc");
  EXPECT_EQ(find_header(x.headers, "host"), "h");
  EXPECT_EQ(parser.next(x), outcome::incomplete);
  EXPECT_TRUE(parser.begun());
}

TEST(RequestParser, TakesARequestByteByByte) {
  std::string_view text = "PUT /x HTTP/1.1\r\nHost: h\r\n"
                          "Transfer-Encoding: chunked\r\n\r\n"
                          "3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n";
  request_parser parser;
  request x;
  for (size_t i = 0; i + 1 < text.size(); ++i) {
    parser.add(text.substr(i, 1));
    ASSERT_EQ(parser.next(x), outcome::incomplete) << i;
  }
  parser.add(text.substr(text.size() - 1));
  ASSERT_EQ(parser.next(x), outcome::ready);
  EXPECT_EQ(x.body, "abcde");
  EXPECT_FALSE(parser.begun());
}

TEST(RequestParser, TakesABodyOfNoChunksByteByByte) {
  for (std::string rest : {"0\r\n\r\n", "0\r\nA: b\r\n\r\n", "000;x\r\n\r\n"}) {
    request_parser parser;
    parser.add("PUT /x HTTP/1.1\r\nHost: h\r\n"
               "Transfer-Encoding: chunked\r\n\r\n");
    request x;
    for (auto each : rest) {
      ASSERT_EQ(parser.next(x), outcome::incomplete);
      ASSERT_EQ(parser.next(x), outcome::incomplete);
      parser.add({&each, 1});
    }
    ASSERT_EQ(parser.next(x), outcome::ready) << rest;
    EXPECT_EQ(x.body, "");
    EXPECT_FALSE(parser.begun());
  }
}

TEST(RequestParser, RefusesBodiesOfWhichNobodyKnowsTheEnd) {
  for (std::string coding :
       {"xchunked", "identity", "gzip, chunked", "chunked, identity",
        "chunked\r\nTransfer-Encoding: chunked", ""}) {
    request_parser parser;
    parser.add("POST /x HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: " + coding
               + "\r\n\r\nDELETE /y HTTP/1.1\r\nHost: h\r\n\r\n");
    request x;
    EXPECT_EQ(parser.next(x), outcome::refused) << coding;
    EXPECT_EQ(parser.next(x), outcome::refused) << coding;
    EXPECT_GE(parser.refusal().status, 400) << coding;
  }
}

TEST(RequestParser, RefusesExpectationsThatItDoesNotKnow) {
  request_parser parser;
  parser.add("GET /x HTTP/1.1\r\nHost: h\r\nExpect: foo\r\n\r\n");
  request x;
  EXPECT_EQ(parser.next(x), outcome::refused);
  EXPECT_EQ(parser.refusal().status, 417);
}

TEST(RequestParser, BoundsWhatStandsBetweenChunks) {
  for (auto streams : {false, true})
    for (std::string rest : {"5;x=", "0;x=", "0\r\nA: "}) {
      request_limits limits;
      if (streams)
        limits.in_pieces = [](const request&) { return true; };
      request_parser parser{limits};
      parser.add("PUT /x HTTP/1.1\r\nHost: h\r\n"
                 "Transfer-Encoding: chunked\r\n\r\n"
                 + rest);
      request x;
      std::string piece;
      auto seen = parser.next(x);
      for (size_t sent = 0; sent < 2 * limits.head; sent += 1000) {
        parser.add(std::string(1000, 'a'));
        seen = streams ? parser.next_piece(piece) : parser.next(x);
        if (seen == outcome::refused)
          break;
      }
      EXPECT_EQ(seen, outcome::refused) << rest;
      EXPECT_EQ(parser.refusal().status, 431) << rest;
    }
}

TEST(RequestParser, TakesNothingBehindABodyForAHeader) {
  request_parser parser;
  parser.add("PUT /x HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
             "3\r\nabc\r\n0\r\nImpersonate-User: admin\r\n\r\n");
  request x;
  ASSERT_EQ(parser.next(x), outcome::ready);
  EXPECT_EQ(x.body, "abc");
  EXPECT_EQ(find_header(x.headers, "Impersonate-User"), "");
}

TEST(RequestParser, RefusesWhatCouldBeReadInTwoWays) {
  for (std::string text :
       {"GET / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nContent-Length: "
        "4\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nTransfer-Encoding: "
        "chunked\r\n\r\n",
        "GET / HTTP/1.1\r\nHost : h\r\n\r\n", "GET / HTTP/3.7\r\n\r\n",
        "GET / HTTP/1.1\r\nA: b\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        "GET / HTTP/1.1\nHost: h\n\n", "GET / HTTP/1.1\r\nHost: h\n\n",
        "GET / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n"
        "Content-Length: 3\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n"
        "Transfer-Encoding: identity\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
        "fffffffffffffffff\r\n",
        "GE T / HTTP/1.1\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: h\r\nA: \x01\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: h\r\nContent-Length: -1\r\n\r\n",
        "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 hello"}) {
    request_parser parser;
    request x;
    parser.add(text);
    EXPECT_EQ(parser.next(x), outcome::refused) << text;
    EXPECT_EQ(parser.refusal().status, 400) << text;
    // What follows is not looked at.
    parser.add("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    EXPECT_EQ(parser.next(x), outcome::refused);
  }
}

TEST(RequestParser, KeepsToItsBounds) {
  request_parser parser{{256, 10}};
  request x;
  parser.add("GET / HTTP/1.1\r\nHost: h\r\nA: " + std::string(300, 'a'));
  EXPECT_EQ(parser.next(x), outcome::refused);
  EXPECT_EQ(parser.refusal().status, 431);
  for (std::string body :
       {"Content-Length: 11\r\n\r\n", "Transfer-Encoding: chunked\r\n\r\nb\r\n"
                                      "aaaaaaaaaaa\r\n0\r\n\r\n"}) {
    request_parser other{{256, 10}};
    other.add("POST / HTTP/1.1\r\nHost: h\r\n" + body);
    EXPECT_EQ(other.next(x), outcome::refused) << body;
    EXPECT_EQ(other.refusal().status, 413) << body;
  }
}

TEST(RequestParser, ReadsAFoldedLineAsOne) {
  // RFC 9112, 5.2: refused, or with spaces in its place.
  request_parser parser;
  request x;
  parser.add("GET / HTTP/1.1\r\nHost: h\r\nA: b\r\n c\r\n\r\n");
  ASSERT_EQ(parser.next(x), outcome::ready);
  EXPECT_EQ(find_header(x.headers, "A"), "b c");
}

bool is_upload(const request& what) {
  return what.target == "/upload";
}

TEST(RequestParser, TakesBodiesThatStreamInPieces) {
  request_limits limits{256, 10};
  limits.in_pieces = is_upload;
  for (std::string_view body :
       {"Content-Length: 20\r\n\r\n01234567890123456789",
        "Transfer-Encoding: chunked\r\n\r\n"
        "14\r\n01234567890123456789\r\n0\r\n\r\n"})
    for (size_t at_once : {1, 7, 1000}) {
      request_parser parser{limits};
      std::string all = "PUT /upload HTTP/1.1\r\nHost: h\r\n";
      all += body;
      all += "GET /upload HTTP/1.1\r\nHost: h\r\n\r\n";
      request x;
      std::string got;
      auto ended = false;
      auto begun = false;
      for (size_t at = 0; at < all.size(); at += at_once) {
        parser.add(std::string_view{all}.substr(at, at_once));
        if (!begun && parser.next(x) == outcome::ready) {
          begun = true;
          EXPECT_TRUE(x.body.empty());
          EXPECT_TRUE(parser.in_body());
        }
        std::string piece;
        auto result = outcome::ready;
        while (parser.in_body() && result == outcome::ready) {
          result = parser.next_piece(piece);
          if (result == outcome::ready)
            got += piece;
          ended = ended || result == outcome::ended;
        }
        EXPECT_NE(result, outcome::refused);
        if (ended && parser.next(x) == outcome::ready)
          break;
      }
      EXPECT_EQ(got, "01234567890123456789");
      EXPECT_TRUE(ended);
      // One without a body is whole.
      EXPECT_EQ(x.method, "GET");
      EXPECT_FALSE(parser.in_body());
    }
}

TEST(RequestParser, TellsOnceThatABodyIsWaitedFor) {
  request_parser parser;
  request x;
  parser.add("POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\n"
             "Content-Length: 2\r\n\r\n");
  EXPECT_EQ(parser.next(x), outcome::incomplete);
  EXPECT_TRUE(parser.take_expectation());
  EXPECT_FALSE(parser.take_expectation());
  parser.add("ab");
  EXPECT_EQ(parser.next(x), outcome::ready);
}

TEST(RequestParser, LeavesWhatFollowsAnUpgrade) {
  request_parser parser;
  request x;
  parser.add("GET / HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: "
             "x\r\n\r\nabc");
  ASSERT_EQ(parser.next(x), outcome::ready);
  EXPECT_TRUE(header_has_word(x.headers, "connection", "upgrade"));
  EXPECT_EQ(parser.take_rest(), "abc");
}

TEST(HttpMessage, HasHeadsAsHttpHasThem) {
  response_head head{200, {{"Content-Type", "a/b"}}};
  EXPECT_EQ(to_text(head, framing::length, 3, true),
            "HTTP/1.1 200 OK\r\nContent-Type: a/b\r\nContent-Length: "
            "3\r\n\r\n");
  EXPECT_EQ(to_text(head, framing::chunked, 0, false),
            "HTTP/1.1 200 OK\r\nContent-Type: a/b\r\nTransfer-Encoding: "
            "chunked\r\nConnection: close\r\n\r\n");
  EXPECT_EQ(to_chunk("abcdefghijklmnop"), "10\r\nabcdefghijklmnop\r\n");
}

} // namespace

} // namespace troupe::http
