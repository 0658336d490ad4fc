#include "runtime/etcd/place.hpp"

#include <gtest/gtest.h>

namespace troupe::etcd {

TEST(EtcdPlace, NamesOneServerOrSeveral) {
  auto one = parse_place("etcd://db.example:2379");
  ASSERT_TRUE(one);
  ASSERT_EQ(one->servers.size(), 1u);
  EXPECT_EQ(one->servers[0],
            (std::pair<std::string, std::string>{"db.example", "2379"}));
  EXPECT_FALSE(one->secure());
  auto some = parse_place("etcd://10.0.0.1:1,[fe80::1]:65535/");
  ASSERT_TRUE(some);
  ASSERT_EQ(some->servers.size(), 2u);
  EXPECT_EQ(name_of(*some, 0), "10.0.0.1:1");
  EXPECT_EQ(name_of(*some, 1), "[fe80::1]:65535");
}

TEST(EtcdPlace, SaysWhatIsWrongWithAUrl) {
  auto why = [](std::string_view url) {
    auto place = parse_place(url);
    if (place)
      return std::string{"nothing"};
    auto text = message_of(place.error());
    return text.substr(0, text.find(';'));
  };
  EXPECT_EQ(why("http://a:1"), "http://a:1: does not begin with etcd://");
  EXPECT_EQ(why("etcd://"), ": has no port");
  EXPECT_EQ(why("etcd://a"), "a: has no port");
  EXPECT_EQ(why("etcd://a:b"), "a:b: has a bad port");
  EXPECT_EQ(why("etcd://a:0"), "a:0: has a bad port");
  EXPECT_EQ(why("etcd://a:70000"), "a:70000: has a bad port");
  EXPECT_EQ(why("etcd://:1"), ":1: is no host and port");
  EXPECT_EQ(why("etcd://a b:1"), "a b:1: is no host and port");
  EXPECT_EQ(why("etcd://a:1,"), ": has no port");
  EXPECT_EQ(why("etcd://fe80::1:1"),
            "fe80::1:1: an IPv6 address stands in square brackets");
}

} // namespace troupe::etcd
