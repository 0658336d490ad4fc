#include "runtime/dns/wire.hpp"
#include "tests/runtime/dns/packets.hpp"

namespace troupe::dns {

namespace {

message with_answers(size_t count, size_t labels = 1) {
  auto out = asked("web.default.svc.cluster.local", type::a);
  out.response = true;
  for (size_t i = 0; i < count; ++i) {
    auto owner = out.questions[0].owner;
    for (size_t j = 1; j < labels; ++j)
      owner.prepend("x" + std::to_string(i));
    out.answers.push_back({owner, type::a, class_in, 5,
                           data_of(10, 0, static_cast<uint8_t>(i >> 8),
                                   static_cast<uint8_t>(i))});
  }
  return out;
}

} // namespace

TEST(DnsMessage, OfAStrangerIsRead) {
  // As dig asks: an A record, with an extension.
  auto packet = bytes("12 34 01 20 00 01 00 00 00 00 00 01 "
                      "03 'Www' 07 'example' 00 00 01 00 01 "
                      "00 00 29 04 d0 00 00 80 00 00 00");
  auto x = parse(packet);
  ASSERT_TRUE(x);
  EXPECT_EQ(x->id, 0x1234);
  EXPECT_FALSE(x->response);
  EXPECT_TRUE(x->recursion_desired);
  EXPECT_TRUE(x->authentic_data);
  ASSERT_EQ(x->questions.size(), 1u);
  EXPECT_EQ(x->questions[0].owner.text(), "Www.example.");
  EXPECT_EQ(x->questions[0].type, type::a);
  ASSERT_TRUE(x->extended);
  EXPECT_EQ(x->extended->size, 1232);
  EXPECT_TRUE(x->extended->dnssec_ok);
  EXPECT_TRUE(x->additionals.empty());
}

TEST(DnsMessage, IsReadAsItWasWritten) {
  auto x = with_answers(2);
  x.code = code::name_error;
  x.authoritative = x.recursion_available = true;
  x.authorities.push_back(
      {named("cluster.local"), type::soa, class_in, 5,
       soa_data({named("ns.dns.cluster.local"), named("a.cluster.local"), 7, 1,
                 2, 3, 4})});
  x.additionals.push_back(
      {named("b.c"), type::srv, class_in, 9,
       srv_data(1, 2, 3, named("web.default.svc.cluster.local"))});
  auto packet = encode(x);
  auto y = parse(packet);
  ASSERT_TRUE(y);
  EXPECT_EQ(y->answers, x.answers);
  EXPECT_EQ(y->authorities, x.authorities);
  EXPECT_EQ(y->additionals, x.additionals);
  EXPECT_EQ(y->code, x.code);
  EXPECT_TRUE(y->authoritative && y->recursion_available && y->response);
  EXPECT_EQ(soa_minimum(y->authorities[0]), 4u);
  EXPECT_EQ(encode(*y), packet);
}

TEST(DnsMessage, PointsToNamesThatAreThere) {
  auto packet = encode(with_answers(1));
  // The question, then a pointer to it.
  EXPECT_EQ(packet.substr(12 + 31 + 4, 2), bytes("c0 0c"));
  auto x = asked("a.example", type::cname);
  x.answers.push_back({named("a.example"), type::cname, class_in, 5,
                       named("b.example").wire()});
  auto short_one = encode(x);
  EXPECT_EQ(short_one.substr(short_one.size() - 6),
            bytes("00 04 01 'b' c0 0e"));
}

TEST(DnsMessage, KeepsTheCaseOfEachName) {
  auto x = asked("WEB.example", type::cname);
  x.answers.push_back({named("WEB.example"), type::cname, class_in, 5,
                       named("web.EXAMPLE").wire()});
  auto y = parse(encode(x));
  ASSERT_TRUE(y);
  EXPECT_EQ(y->answers, x.answers);
}

// RFC 3597, section 4: only the types of RFC 1035 may have compressed names.
TEST(DnsMessage, DoesNotPointWithinNewerTypes) {
  auto x = asked("web.x", type::srv);
  x.answers.push_back({named("web.x"), type::srv, class_in, 5,
                       srv_data(0, 1, 80, named("web.x"))});
  auto packet = encode(x);
  EXPECT_EQ(packet.substr(packet.size() - 7), bytes("03 'web' 01 'x' 00"));
}

TEST(DnsMessage, IsCutAtTheLimit) {
  auto packet = encode(with_answers(100), 512);
  EXPECT_LE(packet.size(), 512u);
  auto x = parse(packet);
  ASSERT_TRUE(x);
  EXPECT_TRUE(x->truncated);
  // Header and question take 47 bytes, each answer 16.
  EXPECT_EQ(x->answers.size(), 29u);
  EXPECT_FALSE(parse(encode(with_answers(29), 512))->truncated);
}

TEST(DnsMessage, LeavesOutMoreWithoutBeingCut) {
  auto x = with_answers(28);
  x.additionals = with_answers(10).answers;
  x.extended = extension{1232, 0, false};
  auto y = parse(encode(x, 512));
  ASSERT_TRUE(y);
  EXPECT_FALSE(y->truncated);
  EXPECT_EQ(y->answers.size(), 28u);
  EXPECT_TRUE(y->additionals.empty());
  EXPECT_TRUE(y->extended) << "there is always room for it";
}

TEST(DnsMessage, SaysLargeCodesByTheExtension) {
  auto x = asked("a", type::a);
  x.code = code::bad_version;
  x.extended = extension{512, 0, false};
  EXPECT_EQ(parse(encode(x))->code, code::bad_version);
}

TEST(DnsMessage, OfManyNamesIsReadAsItWasWritten) {
  auto x = with_answers(3000, 3);
  auto y = parse(encode(x));
  ASSERT_TRUE(y);
  EXPECT_TRUE(y->truncated || y->answers.size() == 3000u);
  for (size_t i = 0; i < y->answers.size(); ++i)
    ASSERT_EQ(y->answers[i], x.answers[i]) << i;
}

TEST(DnsMessage, IsRefusedWhereItIsNone) {
  auto good = encode(with_answers(2));
  for (size_t size = 0; size < good.size(); ++size)
    EXPECT_FALSE(parse(good.substr(0, size))) << size;
  EXPECT_TRUE(parse(good + "more")) << "what is behind is nobody's";
  for (auto packet :
       {// Two extensions.
        "00 00 00 00 00 00 00 00 00 00 00 02 00 00 29 02 00 00 00 00 00 00 "
        "00 00 00 29 02 00 00 00 00 00 00 00",
        // An extension of a name.
        "00 00 00 00 00 00 00 00 00 00 00 01 01 'a' 00 00 29 02 00 00 00 00 "
        "00 00 00",
        // A CNAME whose name goes beyond its data.
        "00 00 00 00 00 00 00 01 00 00 00 00 00 00 05 00 01 00 00 00 00 00 "
        "02 01 'a' 00",
        // More promised than there is.
        "00 00 00 00 ff ff 00 00 00 00 00 00 00 00 01 00 01"})
    EXPECT_FALSE(parse(bytes(packet))) << packet;
}

TEST(DnsMessage, OfATypeNobodyKnowsStaysAsItIs) {
  auto x = asked("a", 65280);
  x.answers.push_back({named("a"), 65280, class_in, 1, bytes("c0 0c ff")});
  EXPECT_EQ(parse(encode(x))->answers, x.answers);
}

} // namespace troupe::dns
