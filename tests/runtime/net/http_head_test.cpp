#include "runtime/net/http_head.hpp"

#include <gtest/gtest.h>

using namespace troupe;
using namespace troupe::net;

namespace {

/// The status and location found, "more" or the error.
std::string parsed(std::string_view bytes) {
  auto x = parse_http_head(bytes);
  if (!x)
    return message_of(x.error());
  if (!*x)
    return "more";
  return std::to_string((*x)->status) + " " + (*x)->location;
}

std::string resolved(std::string_view location) {
  auto x = resolve_location({false, "10.0.0.1", "8080", "/a/b?c=d"}, location);
  return x ? x->text() : "nothing";
}

} // namespace

TEST(HttpHead, IsReadAsItComes) {
  std::string whole = "HTTP/1.1 200 OK\r\nServer: x\r\n\r\nbody";
  for (size_t size = 0; size < whole.find("body"); ++size)
    EXPECT_EQ(parsed(whole.substr(0, size)), "more") << size;
  EXPECT_EQ(parsed(whole), "200 ");
}

TEST(HttpHead, TakesWhatServersSend) {
  EXPECT_EQ(parsed("HTTP/1.0 404 Not Found\n\n"), "404 ");
  EXPECT_EQ(parsed("HTTP/1.1 500\r\n\r\n"), "500 ");
  EXPECT_EQ(parsed("HTTP/1.1 302 Found\r\nlocation:  /x \r\n\r\n"), "302 /x");
  EXPECT_EQ(parsed("HTTP/1.1 100 Continue\r\n\r\n"), "more");
  EXPECT_EQ(parsed("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 x\r\n\r\n"),
            "204 ");
}

TEST(HttpHead, RefusesWhatIsSomethingElse) {
  EXPECT_EQ(parsed("SSH-2.0-x\r\n"), "malformed HTTP response \"SSH-2.0-x\"");
  EXPECT_EQ(parsed("x"), "malformed HTTP response \"x\"");
  EXPECT_EQ(parsed("HTTP/2 200\r\n\r\n"),
            "malformed HTTP response \"HTTP/2 200\"");
  EXPECT_EQ(parsed("HTTP/1.1 20x OK\r\n\r\n"),
            "malformed HTTP response \"HTTP/1.1 20x OK\"");
  EXPECT_EQ(parsed("HTTP/1.1 2000 OK\r\n\r\n"),
            "malformed HTTP response \"HTTP/1.1 2000 OK\"");
  EXPECT_EQ(parsed("HTTP/1.1 200 OK\r\n" + std::string(70000, 'x')),
            "the head of the answer is too long");
}

TEST(HttpLocation, LeadsWhereItSays) {
  EXPECT_EQ(resolved("/x?y"), "http://10.0.0.1:8080/x?y");
  EXPECT_EQ(resolved("x"), "http://10.0.0.1:8080/a/x");
  EXPECT_EQ(resolved("http://other/z#top"), "http://other:80/z");
  EXPECT_EQ(resolved("HTTPS://10.0.0.1:8443"), "https://10.0.0.1:8443/");
  EXPECT_EQ(resolved("http://10.0.0.1:8080?q"), "http://10.0.0.1:8080/?q");
  EXPECT_EQ(resolved(""), "nothing");
  EXPECT_EQ(resolved("ftp://10.0.0.1/"), "nothing");
  EXPECT_EQ(resolved("http:///x"), "nothing");
}
