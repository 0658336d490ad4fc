#include "runtime/net/address.hpp"

#include <gtest/gtest.h>

using namespace troupe;
using namespace troupe::net;

TEST(Ipv4, ReadsWhatItPrints) {
  for (auto text : {"0.0.0.0", "127.0.0.1", "10.96.0.10", "255.255.255.255"}) {
    auto x = parse_ipv4(text);
    ASSERT_TRUE(x) << text;
    EXPECT_EQ(to_string(*x), text);
  }
  EXPECT_EQ(parse_ipv4("1.2.3.4")->value, 0x01020304u);
}

TEST(Ipv4, RefusesWhatIsNoAddress) {
  for (auto text : {"", "1", "1.2.3", "1.2.3.4.5", "1.2.3.256", "1.2.3.-4",
                    "01.2.3.4", "1.2.3.4 ", " 1.2.3.4", "1..2.3", "::1",
                    "a.b.c.d", "1.2.3.", "0x1.2.3.4"}) {
    auto x = parse_ipv4(text);
    ASSERT_FALSE(x) << text;
    EXPECT_EQ(message_of(x.error()),
              "\"" + std::string{text} + "\" is not an IPv4 address");
  }
}

TEST(Cidr, DropsTheBitsBehindItsLength) {
  EXPECT_EQ(to_string(*parse_cidr("10.96.7.9/16")), "10.96.0.0/16");
  EXPECT_EQ(to_string(*parse_cidr("10.96.7.9/0")), "0.0.0.0/0");
  EXPECT_EQ(to_string(*parse_cidr("10.96.7.9/32")), "10.96.7.9/32");
}

TEST(Cidr, RefusesWhatIsNoRange) {
  for (auto text : {"", "10.0.0.0", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1",
                    "10.0.0.0/08", "10.0.0/8", "/8"})
    EXPECT_FALSE(parse_cidr(text)) << text;
}

TEST(Cidr, KnowsWhatItContainsAndOverlaps) {
  auto range = *parse_cidr("10.1.0.0/16");
  EXPECT_TRUE(range.contains(*parse_ipv4("10.1.0.0")));
  EXPECT_TRUE(range.contains(*parse_ipv4("10.1.255.255")));
  EXPECT_FALSE(range.contains(*parse_ipv4("10.2.0.0")));
  EXPECT_FALSE(range.contains(*parse_ipv4("10.0.255.255")));
  EXPECT_TRUE(range.overlaps(*parse_cidr("10.1.2.0/24")));
  EXPECT_TRUE(range.overlaps(*parse_cidr("10.0.0.0/8")));
  EXPECT_TRUE(range.overlaps(*parse_cidr("0.0.0.0/0")));
  EXPECT_FALSE(range.overlaps(*parse_cidr("10.2.0.0/16")));
  EXPECT_TRUE(parse_cidr("0.0.0.0/0")->contains(*parse_ipv4("255.0.0.1")));
}

TEST(Endpoint, ReadsWhatItPrints) {
  auto x = parse_endpoint("127.0.0.1:8080");
  ASSERT_TRUE(x);
  EXPECT_EQ(to_string(*x), "127.0.0.1:8080");
  EXPECT_EQ(from_sockaddr(to_sockaddr(*x)), *x);
}

TEST(Endpoint, RefusesWhatIsNone) {
  for (auto text : {"", "127.0.0.1", ":80", "127.0.0.1:", "127.0.0.1:65536",
                    "127.0.0.1:-1", "localhost:80", "127.0.0.1:080"})
    EXPECT_FALSE(parse_endpoint(text)) << text;
}
