#include "runtime/dns/resolv_conf.hpp"

#include <gtest/gtest.h>

namespace troupe::dns {

TEST(ResolvConf, IsReadAsResolversReadIt) {
  auto x = parse_resolv_conf("# by hand\n"
                             "domain a.example ignored\n"
                             "search b.example\tc.example ; not this\n"
                             "nameserver 10.0.0.2\n"
                             "nameserver\n"
                             "  nameserver fe80::1%eth0 more\n"
                             "options ndots:2 timeout:1\n"
                             "options rotate\n"
                             "unheard of\n");
  resolv_conf wanted{{"10.0.0.2", "fe80::1%eth0"},
                     {"b.example", "c.example"},
                     {"ndots:2", "timeout:1", "rotate"}};
  EXPECT_EQ(x, wanted);
  EXPECT_EQ(parse_resolv_conf("search x\ndomain y z\n").searches,
            std::vector<std::string>{"y"});
  EXPECT_EQ(parse_resolv_conf(""), resolv_conf{});
}

} // namespace troupe::dns
