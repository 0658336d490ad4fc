#include "runtime/dns/wire.hpp"
#include "runtime/dns/zone.hpp"
#include "tests/runtime/dns/packets.hpp"

#include <algorithm>

namespace troupe::dns {

namespace {

rules::ip_address at(std::string_view text) {
  auto out = rules::ip_address::parse(text);
  EXPECT_TRUE(out) << text;
  return out.value_or(rules::ip_address{});
}

std::string shown(const record& x) {
  auto owner = x.owner.text();
  auto rest = [&](size_t from) {
    return name::read(x.data, from).value_or(name{}).text();
  };
  switch (x.type) {
    case type::a:
    case type::aaaa: {
      rules::ip_address address;
      address.v6 = x.type == type::aaaa;
      std::copy(x.data.begin(), x.data.end(), address.bytes.begin());
      return owner + (address.v6 ? " AAAA " : " A ") + address.str();
    }
    case type::srv:
      return owner + " SRV " + std::to_string(get16(x.data, 0)) + " "
             + std::to_string(get16(x.data, 2)) + " "
             + std::to_string(get16(x.data, 4)) + " " + rest(6);
    case type::ptr:
      return owner + " PTR " + rest(0);
    case type::cname:
      return owner + " CNAME " + rest(0);
    case type::ns:
      return owner + " NS " + rest(0);
    case type::soa:
      return owner + " SOA";
    case type::txt:
      return owner + " TXT " + x.data.substr(1);
    default:
      return owner + " " + std::to_string(x.type);
  }
}

using lines = std::vector<std::string>;

struct DnsZone : testing::Test {
  zone names;

  DnsZone() {
    names.set_server(at("10.96.0.10"));
    names.set_ranges({*rules::ip_range::parse("10.96.0.0/16")});
    names.add_space("default");
    names.add_space("empty");
    service_names web;
    web.space = "default";
    web.service = "web";
    web.addresses = {at("10.96.0.7"), at("fd00::7")};
    web.ports = {
        {"http", "tcp", 80}, {"metrics", "tcp", 9090}, {"quic", "udp", 80}};
    web.endpoints = {
        {"10-1-0-1", false, at("10.1.0.1"), {{"http", "tcp", 8080}}}};
    names.set(web);
    names.set(database());
    service_names away;
    away.space = "default";
    away.service = "away";
    away.elsewhere = "db.example.org";
    names.set(away);
  }

  static service_names database() {
    service_names db;
    db.space = "default";
    db.service = "db";
    db.headless = true;
    std::vector<service_port> ports{{"sql", "tcp", 5432}};
    db.endpoints = {{"db-0", true, at("10.1.0.2"), ports},
                    {"10-1-0-3", false, at("10.1.0.3"), ports},
                    {"fd00--3", false, at("fd00::3"), ports}};
    return db;
  }

  /// Code, answers and what is beside them; "SOA" stands for an authority.
  lines ask(std::string_view text, uint16_t type, uint32_t turn = 0) {
    auto found = names.answer({named(text), type, class_in}, turn);
    if (!found)
      return {"others'"};
    lines out;
    if (found->code != code::no_error)
      out.push_back("NXDOMAIN");
    for (auto& x : found->answers) {
      EXPECT_EQ(x.ttl, 5u);
      out.push_back(shown(x));
    }
    for (auto& x : found->additionals)
      out.push_back("+ " + shown(x));
    EXPECT_EQ(found->answers.empty(), !found->authorities.empty()) << text;
    if (found->follow)
      out.push_back("> " + found->follow->text());
    return out;
  }
};

const lines none; // the name is there, but no such record
const lines no_name{"NXDOMAIN"};

constexpr auto web = "web.default.svc.cluster.local.";
constexpr auto db = "db.default.svc.cluster.local.";

} // namespace

TEST_F(DnsZone, LeadsServicesToTheirAddresses) {
  EXPECT_EQ(ask(web, type::a), lines{std::string{web} + " A 10.96.0.7"});
  EXPECT_EQ(ask(web, type::aaaa), lines{std::string{web} + " AAAA fd00::7"});
  EXPECT_EQ(ask(web, type::mx), none);
}

TEST_F(DnsZone, KeepsTheCaseOfTheQuestion) {
  EXPECT_EQ(ask("WeB.default.SVC.cluster.LOCAL", type::a),
            lines{"WeB.default.SVC.cluster.LOCAL. A 10.96.0.7"});
}

TEST_F(DnsZone, KnowsWhatIsThereAndWhatIsNot) {
  EXPECT_EQ(ask("no.default.svc.cluster.local", type::a), no_name);
  EXPECT_EQ(ask("web.other.svc.cluster.local", type::a), no_name);
  EXPECT_EQ(ask("default.svc.cluster.local", type::a), none);
  EXPECT_EQ(ask("empty.svc.cluster.local", type::a), none);
  EXPECT_EQ(ask("other.svc.cluster.local", type::a), no_name);
  EXPECT_EQ(ask("svc.cluster.local", type::a), none);
  EXPECT_EQ(ask("pod.cluster.local", type::a), none);
  EXPECT_EQ(ask("cluster.local", type::a), none);
  EXPECT_EQ(ask("x.cluster.local", type::a), no_name);
  EXPECT_EQ(ask("x.web.default.svc.cluster.local", type::a), no_name);
  EXPECT_EQ(ask("a.b.c.default.svc.cluster.local", type::a), no_name);
  EXPECT_EQ(ask("*.default.svc.cluster.local", type::a), no_name);
}

TEST_F(DnsZone, LeavesOtherNamesToOthers) {
  for (auto text : {"example.org", "local", "notcluster.local", ".",
                    "cluster.local.example.org"})
    EXPECT_EQ(ask(text, type::a), lines{"others'"}) << text;
}

TEST_F(DnsZone, TellsPortsOfServices) {
  EXPECT_EQ(ask("_http._tcp.web.default.svc.cluster.local", type::srv),
            (lines{"_http._tcp.web.default.svc.cluster.local. SRV 0 100 80 "
                   "web.default.svc.cluster.local.",
                   "+ web.default.svc.cluster.local. A 10.96.0.7",
                   "+ web.default.svc.cluster.local. AAAA fd00::7"}));
  EXPECT_EQ(ask("_http._tcp.web.default.svc.cluster.local", type::a), none);
  EXPECT_EQ(ask("_http._udp.web.default.svc.cluster.local", type::srv),
            no_name);
  EXPECT_EQ(ask("_no._tcp.web.default.svc.cluster.local", type::srv), no_name);
  EXPECT_EQ(ask("_tcp.web.default.svc.cluster.local", type::srv), none);
  EXPECT_EQ(ask("_sctp.web.default.svc.cluster.local", type::srv), no_name);
  // Without a port, all of them; two of these are one record.
  auto all = ask(web, type::srv);
  EXPECT_EQ(
      std::count_if(all.begin(), all.end(),
                    [](auto& x) { return x.find(" SRV 0 50 ") != x.npos; }),
      2);
}

TEST_F(DnsZone, LeadsHeadlessServicesToTheirEndpoints) {
  EXPECT_EQ(ask(db, type::a), (lines{std::string{db} + " A 10.1.0.2",
                                     std::string{db} + " A 10.1.0.3"}));
  EXPECT_EQ(ask(db, type::a, 1), (lines{std::string{db} + " A 10.1.0.3",
                                        std::string{db} + " A 10.1.0.2"}));
  EXPECT_EQ(ask(db, type::aaaa), lines{std::string{db} + " AAAA fd00::3"});
  EXPECT_EQ(ask("db-0.db.default.svc.cluster.local", type::a),
            lines{"db-0.db.default.svc.cluster.local. A 10.1.0.2"});
  EXPECT_EQ(ask("db-0.db.default.svc.cluster.local", type::aaaa), none);
  EXPECT_EQ(ask("10-1-0-3.db.default.svc.cluster.local", type::a),
            lines{"10-1-0-3.db.default.svc.cluster.local. A 10.1.0.3"});
  EXPECT_EQ(ask("10-1-0-1.web.default.svc.cluster.local", type::a),
            lines{"10-1-0-1.web.default.svc.cluster.local. A 10.1.0.1"});
  auto ports = ask("_sql._tcp.db.default.svc.cluster.local", type::srv);
  ASSERT_EQ(ports.size(), 6u);
  EXPECT_EQ(ports[0], "_sql._tcp.db.default.svc.cluster.local. SRV 0 33 5432 "
                      "db-0.db.default.svc.cluster.local.");
  EXPECT_EQ(ports[3], "+ db-0.db.default.svc.cluster.local. A 10.1.0.2");
}

TEST_F(DnsZone, HasNoNameForAHeadlessServiceWithoutEndpoints) {
  auto alone = database();
  alone.endpoints.clear();
  names.set(alone);
  EXPECT_EQ(ask(db, type::a), no_name);
  EXPECT_EQ(ask("_sql._tcp.db.default.svc.cluster.local", type::srv), no_name);
  EXPECT_EQ(ask("2.0.1.10.in-addr.arpa", type::ptr), lines{"others'"});
}

TEST_F(DnsZone, LeadsElsewhere) {
  EXPECT_EQ(ask("away.default.svc.cluster.local", type::cname),
            lines{"away.default.svc.cluster.local. CNAME db.example.org."});
  EXPECT_EQ(ask("away.default.svc.cluster.local", type::a),
            (lines{"away.default.svc.cluster.local. CNAME db.example.org.",
                   "> db.example.org."}));
  EXPECT_EQ(ask("x.away.default.svc.cluster.local", type::a), no_name);
}

TEST_F(DnsZone, ReadsTheNamesOfPods) {
  EXPECT_EQ(ask("10-0-0-1.default.pod.cluster.local", type::a),
            lines{"10-0-0-1.default.pod.cluster.local. A 10.0.0.1"});
  EXPECT_EQ(ask("10-0-0-1.default.pod.cluster.local", type::aaaa), none);
  EXPECT_EQ(ask("2001-db8--1.default.pod.cluster.local", type::aaaa),
            lines{"2001-db8--1.default.pod.cluster.local. AAAA 2001:db8::1"});
  EXPECT_EQ(ask("10-0-0-1.other.pod.cluster.local", type::a), no_name);
  EXPECT_EQ(ask("10-0-0-256.default.pod.cluster.local", type::a), no_name);
  EXPECT_EQ(ask("web.default.pod.cluster.local", type::a), no_name);
  EXPECT_EQ(ask("default.pod.cluster.local", type::a), none);
}

TEST_F(DnsZone, FindsNamesOfAddresses) {
  EXPECT_EQ(
      ask("7.0.96.10.in-addr.arpa", type::ptr),
      lines{"7.0.96.10.in-addr.arpa. PTR web.default.svc.cluster.local."});
  EXPECT_EQ(ask("7.0.96.10.in-addr.arpa", type::a), none);
  EXPECT_EQ(
      ask("7.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.d.f."
          "ip6.arpa",
          type::ptr)
          .size(),
      1u);
  EXPECT_EQ(
      ask("2.0.1.10.in-addr.arpa", type::ptr),
      lines{"2.0.1.10.in-addr.arpa. PTR db-0.db.default.svc.cluster.local."});
  // An endpoint of a service with an address of its own, that has no name.
  EXPECT_EQ(ask("1.0.1.10.in-addr.arpa", type::ptr), lines{"others'"});
  EXPECT_EQ(ask("9.0.96.10.in-addr.arpa", type::ptr), no_name)
      << "nobody else knows addresses of the cluster";
  EXPECT_EQ(ask("0.96.10.in-addr.arpa", type::ptr), lines{"others'"});
  EXPECT_EQ(ask("07.0.96.10.in-addr.arpa", type::ptr), lines{"others'"});
}

TEST_F(DnsZone, TellsOfItself) {
  EXPECT_EQ(ask("cluster.local", type::soa), lines{"cluster.local. SOA"});
  EXPECT_EQ(ask("cluster.local", type::ns),
            (lines{"cluster.local. NS ns.dns.cluster.local.",
                   "+ ns.dns.cluster.local. A 10.96.0.10"}));
  EXPECT_EQ(ask("ns.dns.cluster.local", type::a),
            lines{"ns.dns.cluster.local. A 10.96.0.10"});
  EXPECT_EQ(ask("dns.cluster.local", type::a), none);
  EXPECT_EQ(ask("dns-version.cluster.local", type::txt),
            lines{"dns-version.cluster.local. TXT 1.1.0"});
}

TEST_F(DnsZone, ForgetsWhatIsTakenAway) {
  names.remove("default", "web");
  EXPECT_EQ(ask(web, type::a), no_name);
  EXPECT_EQ(ask("7.0.96.10.in-addr.arpa", type::ptr), no_name);
  names.remove_space("default");
  EXPECT_EQ(ask(db, type::a), no_name);
  names.clear();
  EXPECT_EQ(ask("empty.svc.cluster.local", type::a), no_name);
  EXPECT_EQ(names.services(), 0u);
}

TEST_F(DnsZone, AddressesMayBelongToSeveral) {
  auto twin = database();
  twin.service = "db2";
  names.set(twin);
  EXPECT_EQ(ask("2.0.1.10.in-addr.arpa", type::ptr).size(), 2u);
  names.remove("default", "db");
  EXPECT_EQ(
      ask("2.0.1.10.in-addr.arpa", type::ptr),
      lines{"2.0.1.10.in-addr.arpa. PTR db-0.db2.default.svc.cluster.local."});
}

} // namespace troupe::dns
