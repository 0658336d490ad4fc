#include "tests/runtime/dns/packets.hpp"

namespace troupe::dns {

TEST(DnsName, IsWrittenAsItWasRead) {
  for (auto text : {"web.default.svc.cluster.local.", ".", "A.bC.",
                    "\\046\\.x.y.", "a\\000b.", "\\\\.c."})
    EXPECT_EQ(named(named(text).text()), named(text)) << text;
  EXPECT_EQ(named("web.default").text(), "web.default.");
  EXPECT_EQ(named("a\\.b.c").labels().size(), 2u);
  EXPECT_EQ(named("a\\065").wire(), bytes("02 'aA' 00"));
}

TEST(DnsName, IsRefusedWhereItIsNone) {
  std::string label(63, 'a');
  EXPECT_TRUE(name::parse(label));
  EXPECT_FALSE(name::parse(label + "a"));
  EXPECT_FALSE(name::parse(""));
  EXPECT_FALSE(name::parse("a..b"));
  EXPECT_FALSE(name::parse(".a"));
  EXPECT_FALSE(name::parse("a\\"));
  EXPECT_FALSE(name::parse("a\\25"));
  EXPECT_FALSE(name::parse("a\\256"));
  auto longest = label + "." + label + "." + label + "." + std::string(61, 'a');
  EXPECT_TRUE(name::parse(longest));
  EXPECT_FALSE(name::parse(longest + "a"));
}

TEST(DnsName, IsReadThroughPointers) {
  auto packet = bytes("00 03 'com' 00 03 'www' c0 01 01 'a' c0 06");
  size_t at = 6;
  EXPECT_EQ(name::read(packet, at), named("www.com"));
  EXPECT_EQ(at, 12u);
  EXPECT_EQ(name::read(packet, at), named("a.www.com"));
  EXPECT_EQ(at, packet.size());
}

TEST(DnsName, IsNotReadInCircles) {
  struct {
    const char* packet;
    size_t at;
  } cases[] = {
      {"c0 00", 0},             // to itself
      {"c0 02 c0 00", 0},       // forward
      {"01 'a' c0 00", 0},      // back to where it began
      {"01 'a' c0 04 c0 00", 2} // there and back
  };
  for (auto& each : cases) {
    auto at = each.at;
    EXPECT_FALSE(name::read(bytes(each.packet), at)) << each.packet;
  }
}

TEST(DnsName, IsNotReadBeyondTheEnd) {
  for (auto packet :
       {"", "03", "03 'ab'", "03 'abc'", "c0", "40 00", "80 00"}) {
    size_t at = 0;
    EXPECT_FALSE(name::read(bytes(packet), at)) << packet;
  }
}

TEST(DnsName, IsNotLongerThroughPointers) {
  std::string packet(1, '\0');
  for (size_t i = 0; i < 6; ++i) {
    auto before = packet.size();
    packet += '\x3f' + std::string(63, 'a');
    packet += i == 0 ? bytes("c0 00")
                     : std::string{'\xc0', static_cast<char>(before - 66)};
    size_t at = before;
    if (before - 66 > 0xff && i > 0)
      break;
    EXPECT_EQ(name::read(packet, at).has_value(), i < 3) << i;
  }
}

TEST(DnsName, ComparesWithoutCase) {
  EXPECT_TRUE(same(named("WeB.x"), named("web.X")));
  EXPECT_FALSE(same(named("web.x"), named("web.x.y")));
  EXPECT_NE(named("Web"), named("web"));
  EXPECT_EQ(named("Web").lower(), named("web"));
}

TEST(DnsName, FollowsNoMorePointersThanANameCanHave) {
  std::string packet{"\1a\0", 3};
  for (size_t i = 0, to = 0; i < 200; ++i) {
    auto next = packet.size();
    packet += static_cast<char>(0xc0 | to >> 8);
    packet += static_cast<char>(to & 0xff);
    to = next;
  }
  size_t few = 3 + 2 * 100;
  EXPECT_TRUE(name::read(packet, few));
  size_t many = packet.size() - 2;
  EXPECT_FALSE(name::read(packet, many));
}

} // namespace troupe::dns
