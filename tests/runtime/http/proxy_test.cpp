#include "runtime/http/proxy_links.hpp"
#include "runtime/http/proxy_request.hpp"
#include "runtime/http/response_parser.hpp"

#include <gtest/gtest.h>

namespace troupe::http {

namespace {

using lines = std::vector<std::string>;
using outcome = response_parser::outcome;

/// Everything a parser makes of bytes that come one by one: the status, the
/// body, how it ends.
std::string parse(const std::string& bytes, bool ends, bool head_only = false) {
  response_parser parser{head_only};
  std::string out;
  std::string piece;
  auto read = [&] {
    for (;;)
      switch (parser.next(piece)) {
        case outcome::incomplete:
          return true;
        case outcome::head:
          out += std::to_string(parser.head().status) + " ";
          break;
        case outcome::body:
          out += piece;
          break;
        case outcome::ended:
          out += " ended";
          return false;
        case outcome::refused:
          out += " refused";
          return false;
      }
  };
  for (auto c : bytes) {
    parser.add({&c, 1});
    if (!read())
      return out;
  }
  if (ends) {
    parser.end();
    read();
  }
  return out;
}

TEST(ResponseParser, TakesBodiesInAnyFraming) {
  EXPECT_EQ(parse("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabcdef", false),
            "200 abc ended");
  EXPECT_EQ(parse("HTTP/1.1 404 No\r\nTransfer-Encoding: chunked\r\n\r\n"
                  "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n",
                  false),
            "404 abcde ended");
  EXPECT_EQ(parse("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                  "0\r\nA: b\r\n\r\n",
                  false),
            "200  ended");
  EXPECT_EQ(parse("HTTP/1.0 200 OK\r\n\r\nabc", true), "200 abc ended");
  EXPECT_EQ(parse("HTTP/1.1 204 None\r\n\r\n", false), "204  ended");
  EXPECT_EQ(parse("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n", false, true),
            "200  ended");
}

TEST(ResponseParser, PassesInterimAnswersOver) {
  EXPECT_EQ(parse("HTTP/1.1 100 Continue\r\n\r\n"
                  "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx",
                  false),
            "200 x ended");
}

TEST(ResponseParser, RefusesWhatIsNoAnswer) {
  EXPECT_EQ(parse("SSH-2.0-x\r\n\r\n", false), " refused");
  EXPECT_EQ(parse("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0;x="
                      + std::string(70'000, 'a'),
                  false),
            "200  refused");
  EXPECT_EQ(parse("", true), " refused");
  EXPECT_EQ(parse("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nab", true),
            "200 ab refused");
}

TEST(ResponseParser, LeavesOtherProtocolsAlone) {
  response_parser parser{false};
  parser.add("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\nbytes");
  std::string piece;
  EXPECT_EQ(parser.next(piece), outcome::head);
  EXPECT_EQ(parser.take_rest(), "bytes");
}

const proxied_place place{"/api/v1/namespaces/n/pods/p/proxy", "api:6443"};

TEST(ProxyLinks, LeadsThroughTheProxy) {
  EXPECT_EQ(proxied_link("/a/b?c#d", place), place.prefix + "/a/b?c#d");
  EXPECT_EQ(proxied_link("/a/", place), place.prefix + "/a/");
  EXPECT_EQ(proxied_link("/", place), place.prefix + "/");
  EXPECT_EQ(proxied_link("http://api:6443/a", place),
            "http://api:6443" + place.prefix + "/a");
  for (std::string same :
       {"a/b", "#d", "?q", "http://other/a", "mailto:x@y", "//other/x", ""})
    EXPECT_EQ(proxied_link(same, place), same);
  EXPECT_EQ(proxied_link(place.prefix + "/a", place), place.prefix + "/a");
}

TEST(ProxyLinks, FindsThemInPages) {
  EXPECT_EQ(proxied_page(R"(<a href="/rewriteme">test</a>)", place),
            R"(<a href=")" + place.prefix + R"(/rewriteme">test</a>)");
  EXPECT_EQ(proxied_page("<IMG alt='/x' SRC='/y'/><p href=/z>/w", place),
            "<IMG alt='/x' SRC='" + place.prefix + "/y'/><p href=/z>/w");
  EXPECT_EQ(proxied_page("<link rel=x href=/y>", place),
            "<link rel=x href=" + place.prefix + "/y>");
  for (std::string same :
       {"<!-- <a href=\"/x\"> -->", "a < b", "<", "<a", "<a href", "<a href=",
        "<script>'<a href=\"/x\">'</script>", "<a = / \" >", "</a href='/x'>"})
    EXPECT_EQ(proxied_page(same, place), same);
}

TEST(ProxyRequest, SplitsTargets) {
  auto to = split_proxied("/api/v1/namespaces/n/pods/p/proxy/a%20b/?x=1", 7);
  EXPECT_EQ(to.prefix, "/api/v1/namespaces/n/pods/p/proxy");
  EXPECT_EQ(to.path, "/a%20b/");
  EXPECT_EQ(to.query, "?x=1");
  to = split_proxied("/api/v1/namespaces/n/pods/p/proxy", 7);
  EXPECT_EQ(to.path, "");
}

TEST(ProxyRequest, PassesOnWhatConcernsTheServer) {
  request what;
  what.method = "POST";
  what.body = "hi";
  what.headers = {{"Host", "api:6443"},     {"Authorization", "Bearer x"},
                  {"Connection", "X-Mine"}, {"X-Mine", "1"},
                  {"Accept", "a"},          {"Impersonate-User", "u"},
                  {"Content-Length", "2"},  {"Content-Type", "t"}};
  EXPECT_EQ(proxied_request(what, {"/p", "/x", "?y"}, {}),
            "POST /x?y HTTP/1.1\r\nHost: api:6443\r\nAccept: a\r\n"
            "Content-Type: t\r\nX-Forwarded-Uri: /p/x\r\n"
            "Connection: close\r\nContent-Length: 2\r\n\r\nhi");
  what = {};
  what.method = "GET";
  what.headers = {{"Connection", "Upgrade"}, {"Upgrade", "websocket"}};
  EXPECT_EQ(proxied_request(what, {"/p", "", ""}, {true}),
            "GET / HTTP/1.1\r\nX-Forwarded-Uri: /p/\r\nConnection: Upgrade\r\n"
            "Upgrade: websocket\r\n\r\n");
}

TEST(ProxyRequest, SaysHowABodyThatStreamsIsFramedAndFromWhere) {
  request what;
  what.method = "PUT";
  what.headers = {{"Transfer-Encoding", "chunked"},
                  {"X-Forwarded-For", "10.0.0.1"}};
  EXPECT_EQ(proxied_request(what, {"/p", "/x", ""}, {false, true, "10.0.0.2"}),
            "PUT /x HTTP/1.1\r\nX-Forwarded-For: 10.0.0.1, 10.0.0.2\r\n"
            "X-Forwarded-Uri: /p/x\r\nConnection: close\r\n"
            "Transfer-Encoding: chunked\r\n\r\n");
  what.headers = {{"Content-Length", "5000000000"}};
  EXPECT_EQ(proxied_request(what, {"/p", "/x", ""}, {false, true}),
            "PUT /x HTTP/1.1\r\nX-Forwarded-Uri: /p/x\r\n"
            "Connection: close\r\nContent-Length: 5000000000\r\n\r\n");
}

TEST(ProxyRequest, KeepsATokenThatIsCalledAProtocol) {
  constexpr auto name = "Sec-WebSocket-Protocol";
  std::string token = "base64url.bearer.authorization.k8s.io.c2VjcmV0";
  auto asked = [&](const std::string& protocols) {
    request what;
    what.method = "GET";
    what.headers = {{name, protocols}};
    return proxied_request(what, {{}, "/", {}}, {true});
  };
  EXPECT_EQ(asked(token).find(name), std::string::npos);
  auto both = asked(token + ", chat");
  EXPECT_NE(both.find("Sec-WebSocket-Protocol: chat\r\n"), std::string::npos);
  EXPECT_EQ(both.find("c2VjcmV0"), std::string::npos);
}

TEST(ProxyRequest, TellsWhatConcernsTheClient) {
  response_head head{200,
                     {{"Content-Type", "t"},
                      {"Content-Length", "2"},
                      {"Connection", "close"},
                      {"Access-Control-Allow-Origin", "*"},
                      {"X-Own", "1"}}};
  auto got = proxied_head(head);
  EXPECT_EQ(got.headers, (std::vector<header>{{"Content-Type", "t"},
                                              {"Content-Length", "2"},
                                              {"X-Own", "1"}}));
}

} // namespace

} // namespace troupe::http
