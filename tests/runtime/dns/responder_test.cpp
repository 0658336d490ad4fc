#include "runtime/dns/responder.hpp"
#include "tests/runtime/dns/packets.hpp"

namespace troupe::dns {

namespace {

struct DnsResponder : testing::Test {
  zone names;

  DnsResponder() {
    names.add_space("default");
    add_service("web", "10.96.0.7");
    add_name("away", "db.example.org");
    add_name("near", "web.default.svc.cluster.local");
    add_name("ring", "ring.default.svc.cluster.local");
  }

  void add_service(const std::string& name, const std::string& address) {
    service_names x;
    x.space = "default";
    x.service = name;
    x.addresses = {*rules::ip_address::parse(address)};
    names.set(x);
  }

  void add_name(const std::string& name, const std::string& target) {
    service_names x;
    x.space = "default";
    x.service = name;
    x.elsewhere = target;
    names.set(x);
  }

  verdict ask(const message& what) { return consider(encode(what), names, 0); }
};

constexpr auto web = "Web.default.svc.cluster.local";
constexpr auto away = "away.default.svc.cluster.local";

using act = verdict::act;

} // namespace

TEST_F(DnsResponder, AnswersWhatIsAsked) {
  auto todo = ask(asked(web, type::a));
  ASSERT_EQ(todo.what, act::answer);
  auto said = parse(pack(todo.reply, true));
  ASSERT_TRUE(said);
  EXPECT_EQ(said->id, 0x1234);
  EXPECT_TRUE(said->response && said->authoritative && said->recursion_desired
              && said->recursion_available);
  ASSERT_EQ(said->questions.size(), 1u);
  EXPECT_EQ(said->questions[0].owner, named(web)) << "as it was asked";
  ASSERT_EQ(said->answers.size(), 1u);
  EXPECT_EQ(said->answers[0].owner, named(web));
  EXPECT_EQ(said->answers[0].data, data_of(10, 96, 0, 7));
  EXPECT_FALSE(said->extended);
}

TEST_F(DnsResponder, SaysNothingToWhatIsNoQuestion) {
  EXPECT_EQ(consider("", names, 0).what, act::drop);
  EXPECT_EQ(consider("short", names, 0).what, act::drop);
  auto answer = asked(web, type::a);
  answer.response = true;
  EXPECT_EQ(ask(answer).what, act::drop) << "two servers would never end";
}

TEST_F(DnsResponder, SaysWhatIsWrong) {
  auto code_of = [&](const message& what) {
    auto todo = ask(what);
    EXPECT_EQ(todo.what, act::answer);
    return parse(pack(todo.reply, true))->code;
  };
  auto two = asked(web, type::a);
  two.questions.push_back(two.questions[0]);
  EXPECT_EQ(code_of(two), code::form_error);
  auto zero = asked(web, type::a);
  zero.questions.clear();
  EXPECT_EQ(code_of(zero), code::form_error);
  auto update = asked(web, type::a);
  update.opcode = 5;
  EXPECT_EQ(code_of(update), code::not_implemented);
  auto chaos = asked("version.bind", type::txt);
  chaos.questions[0].klass = 3;
  EXPECT_EQ(code_of(chaos), code::refused);
  EXPECT_EQ(code_of(asked("cluster.local", type::axfr)), code::refused);
  auto newer = asked(web, type::a);
  newer.extended = extension{1232, 1, false};
  EXPECT_EQ(code_of(newer), code::bad_version);
  auto broken = encode(asked(web, type::a));
  broken.pop_back();
  auto todo = consider(broken, names, 0);
  EXPECT_EQ(todo.reply.code, code::form_error);
  EXPECT_EQ(todo.reply.id, 0x1234);
}

TEST_F(DnsResponder, SpeaksOfItsSizeToWhoSpeaksOfTheirs) {
  auto what = asked(web, type::a);
  what.extended = extension{4000, 0, true};
  auto said = parse(pack(ask(what).reply, true));
  ASSERT_TRUE(said && said->extended);
  EXPECT_EQ(said->extended->size, 1232);
  EXPECT_TRUE(said->extended->dnssec_ok);
}

TEST_F(DnsResponder, CutsAtTheSizeOfTheClient) {
  service_names x;
  x.space = "default";
  x.service = "many";
  x.headless = true;
  for (int i = 0; i < 400; ++i) {
    auto text =
        "10.1." + std::to_string(i / 200) + "." + std::to_string(1 + i % 200);
    auto address = *rules::ip_address::parse(text);
    x.endpoints.push_back({dashed(address), false, address, {}});
  }
  names.set(x);
  auto what = asked("many.default.svc.cluster.local", type::a);
  auto size = [&](uint16_t taken, bool udp) {
    what.extended.reset();
    if (taken > 0)
      what.extended = extension{taken, 0, false};
    auto packet = pack(ask(what).reply, udp);
    EXPECT_EQ(parse(packet)->truncated, udp);
    return packet.size();
  };
  EXPECT_LE(size(0, true), 512u);
  EXPECT_LE(size(100, true), 512u);
  EXPECT_GT(size(100, true), 480u) << "less than 512 is 512: RFC 6891, 6.2.3";
  EXPECT_LE(size(1232, true), 1232u);
  EXPECT_GT(size(1232, true), 1200u);
  EXPECT_LE(size(65535, true), 4096u);
  EXPECT_GT(size(0, false), 6400u);
}

TEST_F(DnsResponder, LeavesOtherNamesToOthers) {
  auto todo = ask(asked("example.org", type::a));
  ASSERT_EQ(todo.what, act::forward);
  EXPECT_EQ(todo.next.owner, named("example.org"));
  EXPECT_EQ(complete(todo.reply, nullptr).code, code::server_failure);
  auto said = asked("example.org", type::a);
  said.code = code::name_error;
  said.truncated = true;
  said.authorities.push_back({named("org"), type::ns, class_in, 1, {}});
  auto reply = complete(todo.reply, &said);
  EXPECT_EQ(reply.code, code::name_error);
  EXPECT_TRUE(reply.truncated);
  EXPECT_EQ(reply.id, 0x1234);
  EXPECT_FALSE(reply.authoritative);
  EXPECT_EQ(reply.authorities.size(), 1u);
}

TEST_F(DnsResponder, FollowsWhereAServiceLeads) {
  auto todo = ask(asked(away, type::a));
  ASSERT_EQ(todo.what, act::forward);
  EXPECT_EQ(todo.next.owner, named("db.example.org"));
  EXPECT_EQ(todo.next.type, type::a);
  auto said = asked("db.example.org", type::a);
  said.answers.push_back(
      {named("db.example.org"), type::a, class_in, 60, data_of(1, 2, 3, 4)});
  auto reply = complete(todo.reply, &said);
  ASSERT_EQ(reply.answers.size(), 2u);
  EXPECT_EQ(reply.answers[0].type, type::cname);
  EXPECT_EQ(reply.answers[1].type, type::a);
  EXPECT_EQ(complete(todo.reply, nullptr).answers.size(), 1u);
  EXPECT_EQ(complete(todo.reply, nullptr).code, code::no_error);
  EXPECT_EQ(ask(asked(away, type::cname)).what, act::answer);
}

TEST_F(DnsResponder, FollowsWithinTheCluster) {
  auto todo = ask(asked("near.default.svc.cluster.local", type::a));
  ASSERT_EQ(todo.what, act::answer);
  ASSERT_EQ(todo.reply.answers.size(), 2u);
  EXPECT_EQ(todo.reply.answers[1].data, data_of(10, 96, 0, 7));
  EXPECT_EQ(ask(asked("ring.default.svc.cluster.local", type::a)).what,
            act::answer)
      << "a circle ends";
}

} // namespace troupe::dns
