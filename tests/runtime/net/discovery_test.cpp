#include "runtime/net/discovery.hpp"

#include <gtest/gtest.h>

#include <sys/socket.h>
#include <unistd.h>

using namespace troupe;
using namespace troupe::net;

namespace {

found_cluster cluster(const std::string& id, std::vector<std::string> servers) {
  return {"sha256:" + id, "troupe", std::move(servers)};
}

/// A port of UDP that nobody has.
uint16_t any_port() {
  unique_fd fd{socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
  auto at = to_sockaddr({{INADDR_ANY}, 0});
  bind(fd.get(), reinterpret_cast<sockaddr*>(&at), sizeof(at));
  return local_endpoint(fd.get()).port;
}

} // namespace

TEST(Discovery, ReadsWhatItWrites) {
  for (auto& x :
       {discovery_message{7, {}},
        discovery_message{0, cluster("ab", {"10.0.0.1:6444"})},
        discovery_message{9, cluster("ab", {"127.0.0.1:1", "10.0.0.2:65535"})}})
    EXPECT_EQ(decode_discovery(encode(x)), x);
}

TEST(Discovery, TakesNothingElse) {
  auto good = encode({1, cluster("ab", {"10.0.0.1:6444"})});
  EXPECT_TRUE(decode_discovery(good));
  EXPECT_FALSE(decode_discovery(""));
  EXPECT_FALSE(decode_discovery("troupe 1"));
  EXPECT_FALSE(decode_discovery(good.substr(1)));
  EXPECT_FALSE(decode_discovery(good + std::string(2'000, 'x')));
  EXPECT_FALSE(decode_discovery("troupe 2\n" + good.substr(9)));
  EXPECT_FALSE(decode_discovery(encode({1, cluster("a b", {})})));
  EXPECT_FALSE(decode_discovery(encode({1, cluster("\x1b[2J", {})})));
  EXPECT_FALSE(decode_discovery(encode({1, cluster("ab", {"somewhere"})})));
  EXPECT_FALSE(decode_discovery(encode({1, found_cluster{"", "troupe", {}}})));
}

TEST(Discovery, TellsOthersNoAddressOfThisMachineAlone) {
  std::vector<std::string> all{"127.0.0.1:6444", "10.0.0.1:6444"};
  EXPECT_EQ(reachable(all, *parse_ipv4("127.0.0.1")), all);
  EXPECT_EQ(reachable(all, *parse_ipv4("10.0.0.9")),
            std::vector<std::string>{"10.0.0.1:6444"});
}

TEST(Discovery, PutsTheServersOfOneClusterTogether) {
  std::vector<found_cluster> all;
  note(all, cluster("a", {"10.0.0.1:1"}));
  note(all, cluster("b", {"10.0.0.2:1"}));
  note(all, cluster("a", {"10.0.0.1:1", "10.0.0.3:1"}));
  ASSERT_EQ(all.size(), 2u);
  EXPECT_EQ(all[0].servers,
            (std::vector<std::string>{"10.0.0.1:1", "10.0.0.3:1"}));
}

TEST(Discovery, FindsEveryClusterOfTheMachine) {
  auto thread = std::make_shared<loop>();
  auto port = any_port();
  auto one = discovery_responder::open(
      thread, port, [] { return cluster("a", {"127.0.0.1:7001"}); });
  auto two = discovery_responder::open(
      thread, port, [] { return cluster("b", {"127.0.0.1:7002"}); });
  ASSERT_TRUE(one && two) << message_of((one ? two : one).error());
  auto found = discover(port);
  ASSERT_TRUE(found) << message_of(found.error());
  ASSERT_EQ(found->size(), 2u);
  two->reset();
  found = discover(port);
  ASSERT_TRUE(found);
  EXPECT_EQ(*found,
            std::vector<found_cluster>{cluster("a", {"127.0.0.1:7001"})});
}

TEST(Discovery, FindsNothingWhereNobodyAnswers) {
  auto found = discover(any_port(), std::chrono::milliseconds(20));
  ASSERT_TRUE(found);
  EXPECT_TRUE(found->empty());
}
