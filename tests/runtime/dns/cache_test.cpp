#include "runtime/dns/cache.hpp"
#include "tests/runtime/dns/packets.hpp"

namespace troupe::dns {

namespace {

using namespace std::chrono_literals;

message said(uint32_t ttl) {
  auto out = asked("a.example", type::a);
  out.response = true;
  out.answers.push_back(
      {named("a.example"), type::a, class_in, ttl, data_of(1, 2, 3, 4)});
  return out;
}

message absent(uint32_t ttl, uint32_t minimum) {
  auto out = asked("a.example", type::a);
  out.response = true;
  out.code = code::name_error;
  out.authorities.push_back({named("example"), type::soa, class_in, ttl,
                             soa_data({named("ns.example"), named("x.example"),
                                       1, 2, 3, 4, minimum})});
  return out;
}

const cache::time begin{100s};

} // namespace

TEST(DnsCache, KnowsHowLongAnAnswerHolds) {
  EXPECT_EQ(lifetime(said(60)), 60s);
  EXPECT_EQ(lifetime(said(100'000)), 3600s);
  EXPECT_EQ(lifetime(said(0)), std::nullopt);
  auto two = said(60);
  two.answers.push_back(two.answers[0]);
  two.answers[1].ttl = 7;
  EXPECT_EQ(lifetime(two), 7s);
  auto cut = said(60);
  cut.truncated = true;
  EXPECT_EQ(lifetime(cut), std::nullopt);
  auto failed = said(60);
  failed.code = code::server_failure;
  EXPECT_EQ(lifetime(failed), std::nullopt);
}

// RFC 2308, section 5.
TEST(DnsCache, KnowsHowLongAnAbsenceHolds) {
  EXPECT_EQ(lifetime(absent(300, 20)), 20s);
  EXPECT_EQ(lifetime(absent(20, 300)), 20s);
  EXPECT_EQ(lifetime(absent(9000, 9000)), 1800s);
  auto nothing = absent(20, 300);
  nothing.code = code::no_error;
  EXPECT_EQ(lifetime(nothing), 20s);
  auto alone = absent(20, 300);
  alone.authorities.clear();
  EXPECT_EQ(lifetime(alone), std::nullopt);
  // A name that leads on to nothing.
  auto led = nothing;
  led.answers.push_back({named("a.example"), type::cname, class_in, 9,
                         named("b.example").wire()});
  EXPECT_EQ(lifetime(led), 9s);
}

TEST(DnsCache, TellsWithTheTimeThatIsLeft) {
  cache known{10'000};
  known.put("k", said(60), begin);
  EXPECT_EQ(known.find("k", begin)->answers[0].ttl, 60u);
  EXPECT_EQ(known.find("k", begin + 59s)->answers[0].ttl, 1u);
  EXPECT_FALSE(known.find("k", begin + 60s));
  EXPECT_EQ(known.entries(), 0u);
  EXPECT_EQ(known.bytes(), 0u);
  EXPECT_FALSE(known.find("other", begin));
}

TEST(DnsCache, ForgetsWhatWasNotAskedForLongest) {
  cache known{3'000};
  for (int i = 0; i < 100; ++i) {
    known.put(std::to_string(i), said(60), begin);
    EXPECT_TRUE(known.find("0", begin)) << "used all the time";
    EXPECT_LE(known.bytes(), 3'000u);
  }
  EXPECT_FALSE(known.find("1", begin));
  EXPECT_TRUE(known.find("99", begin));
}

TEST(DnsCache, TakesTheNewestAnswer) {
  cache known{10'000};
  known.put("k", said(60), begin);
  known.put("k", said(10), begin + 1s);
  EXPECT_EQ(known.find("k", begin + 1s)->answers[0].ttl, 10u);
  EXPECT_EQ(known.entries(), 1u);
}

TEST(DnsCache, KeysTellQuestionsApart) {
  auto key = [](const char* text, uint16_t type, bool ok, bool unchecked) {
    return cache_key({named(text), type, class_in}, ok, unchecked);
  };
  EXPECT_EQ(key("A.x", 1, false, false), key("a.X", 1, false, false));
  EXPECT_NE(key("a.x", 1, false, false), key("a.x", 28, false, false));
  EXPECT_NE(key("a.x", 1, false, false), key("a.x", 1, true, false));
  EXPECT_NE(key("a.x", 1, false, false), key("a.x", 1, false, true));
}

} // namespace troupe::dns
