#include "runtime/dns/responder.hpp"
#include "runtime/dns/wire.hpp"
#include "runtime/net/dns_server.hpp"
#include "tests/runtime/dns/packets.hpp"
#include "tests/runtime/net/plain_sockets.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <mutex>
#include <thread>

namespace troupe::net {

namespace {

using namespace std::chrono_literals;
namespace type = dns::type;
namespace code = dns::code;

/// A server of other names, on a thread of its own, that answers as it is told.
class other_server {
public:
  using answer =
      std::function<std::optional<dns::message>(const dns::message&)>;

  explicit other_server(answer how)
      : how_(std::move(how)), socket_(plain_datagram_socket()) {
    thread_ = std::thread{[this] { serve(); }};
  }

  ~other_server() {
    ending_ = true;
    auto waker = plain_datagram_socket();
    auto to = to_sockaddr(place());
    ::sendto(waker.get(), "", 1, 0, reinterpret_cast<sockaddr*>(&to),
             sizeof(to));
    thread_.join();
  }

  endpoint place() const { return local_endpoint(socket_.get()); }
  int asked() const { return asked_; }

private:
  void serve() {
    while (!ending_) {
      char bytes[4096];
      sockaddr_in from{};
      socklen_t size = sizeof(from);
      auto got = ::recvfrom(socket_.get(), bytes, sizeof(bytes), 0,
                            reinterpret_cast<sockaddr*>(&from), &size);
      if (got < 0)
        continue;
      auto question = dns::parse({bytes, static_cast<size_t>(got)});
      if (!question)
        continue;
      ++asked_;
      auto said = how_(*question);
      if (!said)
        continue;
      auto packet = dns::encode(*said);
      ::sendto(socket_.get(), packet.data(), packet.size(), 0,
               reinterpret_cast<sockaddr*>(&from), sizeof(from));
    }
  }

  answer how_;
  unique_fd socket_;
  std::atomic<bool> ending_{false};
  std::atomic<int> asked_{0};
  std::thread thread_;
};

dns::message replied(const dns::message& question) {
  auto out = question;
  out.response = true;
  out.recursion_available = true;
  return out;
}

std::optional<dns::message> address_of(const dns::message& question) {
  auto out = replied(question);
  out.answers.push_back({question.questions[0].owner, type::a, dns::class_in,
                         60, dns::data_of(192, 0, 2, 1)});
  return out;
}

/// A server at a free place.
struct DnsServer : testing::Test {
  std::filesystem::path folder;
  endpoint place = free_place(SOCK_DGRAM);
  upstream_settings settings;
  dns_limits limits;
  std::unique_ptr<dns_server> server;
  std::mutex mutex;
  std::condition_variable changed;
  std::map<std::string, std::string> problems; ///< guarded by mutex

  DnsServer() {
    std::string pattern = "/tmp/troupe-dns-XXXXXX";
    EXPECT_NE(::mkdtemp(pattern.data()), nullptr);
    folder = pattern;
    settings.resolv_conf = folder / "resolv.conf";
    settings.patience = 200ms;
    ask_whom({});
  }

  ~DnsServer() override {
    server.reset();
    std::filesystem::remove_all(folder);
  }

  /// All at one port, on different addresses of the machine.
  void ask_whom(const std::vector<std::string>& servers) {
    std::ofstream out{settings.resolv_conf};
    for (auto& each : servers)
      out << "nameserver " << each << "\n";
  }

  void start() {
    server = std::make_unique<dns_server>(settings, limits);
    dns_change all;
    all.spaces = {"default"};
    dns::service_names web;
    web.space = "default";
    web.service = "web";
    web.addresses = {*rules::ip_address::parse("10.96.0.7")};
    web.ports = {{"http", "tcp", 80}};
    all.set = {web};
    dns::service_names many;
    many.space = "default";
    many.service = "many";
    many.headless = true;
    for (int i = 1; i < 200; ++i) {
      auto address = *rules::ip_address::parse("10.1.0." + std::to_string(i));
      many.endpoints.push_back({dns::dashed(address), false, address, {}});
    }
    all.set.push_back(many);
    server->replace({*rules::ip_address::parse("10.96.0.10"), {}},
                    std::move(all),
                    [this](const listener_key& key, const std::string& why) {
                      std::lock_guard guard{mutex};
                      problems[to_string(key)] = why;
                      changed.notify_all();
                    });
    listen();
  }

  void listen() {
    {
      std::lock_guard guard{mutex};
      problems.clear();
    }
    server->listen({{protocol::udp, place}, {protocol::tcp, place}});
  }

  /// Returns what is told of the place.
  std::string told(const std::string& of) {
    std::unique_lock guard{mutex};
    EXPECT_TRUE(
        changed.wait_for(guard, 10s, [&] { return problems.count(of) > 0; }));
    return problems[of];
  }

  unique_fd connect() {
    for (;;) {
      auto out = plain_socket();
      if (connect_to(out, place) == 0)
        return out;
    }
  }

  static void send_framed(const unique_fd& to, const dns::message& what) {
    auto packet = dns::encode(what);
    std::string framed;
    dns::put16(framed, static_cast<uint16_t>(packet.size()));
    EXPECT_TRUE(send_text(to, framed + packet));
  }

  static std::optional<dns::message> receive_framed(const unique_fd& from) {
    auto head = receive_text(from, 2);
    if (head.size() < 2)
      return std::nullopt;
    return dns::parse(receive_text(from, dns::get16(head, 0)));
  }

  /// Asks over UDP, again while nobody listens yet.
  std::optional<dns::message> ask(const dns::message& what) {
    auto fd = plain_socket(SOCK_DGRAM);
    if (connect_to(fd, place) != 0)
      return std::nullopt;
    auto packet = dns::encode(what);
    for (;;) {
      ::send(fd.get(), packet.data(), packet.size(), 0);
      char bytes[8192];
      auto got = ::recv(fd.get(), bytes, sizeof(bytes), 0);
      if (got < 0 && errno == ECONNREFUSED)
        continue;
      if (got < 0)
        return std::nullopt;
      return dns::parse({bytes, static_cast<size_t>(got)});
    }
  }

  std::optional<dns::message> ask(std::string_view text, uint16_t type) {
    return ask(dns::asked(text, type));
  }

  /// Lines of a program's output.
  static std::string run(const std::string& command) {
    std::string out;
    auto pipe = ::popen((command + " 2>&1").c_str(), "r");
    std::array<char, 4096> bytes;
    while (auto got = ::fread(bytes.data(), 1, bytes.size(), pipe))
      out.append(bytes.data(), got);
    ::pclose(pipe);
    return out;
  }

  std::string dig(const std::string& rest) {
    return run("dig @" + to_string(place.address) + " -p "
               + std::to_string(place.port) + " " + rest);
  }
};

constexpr auto web = "web.default.svc.cluster.local";
constexpr auto many = "many.default.svc.cluster.local";

} // namespace

TEST_F(DnsServer, AnswersOverUdp) {
  start();
  auto said = ask(web, type::a);
  ASSERT_TRUE(said);
  ASSERT_EQ(said->answers.size(), 1u);
  EXPECT_EQ(said->answers[0].data, dns::data_of(10, 96, 0, 7));
  EXPECT_EQ(ask("no.default.svc.cluster.local", type::a)->code,
            code::name_error);
  EXPECT_EQ(server->stats().queries, 2u);
  EXPECT_EQ(server->stats().listening, 2u);
}

TEST_F(DnsServer, AnswersManyAtOnce) {
  start();
  ASSERT_TRUE(ask(web, type::a));
  auto fd = plain_socket(SOCK_DGRAM);
  ASSERT_EQ(connect_to(fd, place), 0);
  for (uint16_t i = 0; i < 100; ++i) {
    auto what = dns::asked(web, type::a);
    what.id = i;
    auto packet = dns::encode(what);
    ::send(fd.get(), packet.data(), packet.size(), 0);
  }
  for (uint16_t i = 0; i < 100; ++i) {
    char bytes[512];
    auto got = ::recv(fd.get(), bytes, sizeof(bytes), 0);
    ASSERT_GT(got, 0);
    EXPECT_EQ(dns::parse({bytes, static_cast<size_t>(got)})->id, i);
  }
}

TEST_F(DnsServer, AnswersOverTcpWhatIsTooLong) {
  start();
  auto cut = ask(many, type::a);
  ASSERT_TRUE(cut);
  EXPECT_TRUE(cut->truncated);
  auto client = connect();
  send_framed(client, dns::asked(many, type::a));
  send_framed(client, dns::asked(web, type::a));
  auto said = receive_framed(client);
  ASSERT_TRUE(said);
  EXPECT_FALSE(said->truncated);
  EXPECT_EQ(said->answers.size(), 199u);
  EXPECT_EQ(receive_framed(client)->answers.size(), 1u);
}

TEST_F(DnsServer, EndsWithItsClient) {
  start();
  auto client = connect();
  send_framed(client, dns::asked(web, type::a));
  ::shutdown(client.get(), SHUT_WR);
  EXPECT_TRUE(receive_framed(client));
  EXPECT_EQ(receive_text(client, 1), "") << "closed";
}

TEST_F(DnsServer, KeepsNoSilentClients) {
  limits = {2, 1s};
  start();
  auto first = connect();
  send_framed(first, dns::asked(web, type::a));
  ASSERT_TRUE(receive_framed(first));
  auto second = connect();
  auto third = connect();
  send_framed(third, dns::asked(web, type::a));
  ASSERT_TRUE(receive_framed(third));
  EXPECT_EQ(receive_text(first, 1), "") << "made room for the third";
  EXPECT_EQ(receive_text(second, 1), "") << "said nothing";
  EXPECT_EQ(receive_text(third, 1), "");
}

TEST_F(DnsServer, TellsOfPlacesThatAreTaken) {
  auto squatter = plain_socket();
  auto at = to_sockaddr(place);
  ASSERT_EQ(
      ::bind(squatter.get(), reinterpret_cast<sockaddr*>(&at), sizeof(at)), 0);
  ASSERT_EQ(::listen(squatter.get(), 1), 0);
  start();
  auto key = to_string(listener_key{protocol::tcp, place});
  EXPECT_NE(told(key), "");
  EXPECT_TRUE(ask(web, type::a)) << "the other one answers";
  squatter.reset();
  listen();
  EXPECT_EQ(told(key), "");
  EXPECT_EQ(connect_to(plain_socket(), place), 0);
}

TEST_F(DnsServer, FollowsWhatChanges) {
  start();
  ASSERT_TRUE(ask(web, type::a));
  dns_change change;
  change.removed.emplace_back("default", "web");
  change.removed_spaces = {"default"};
  change.spaces = {"other"};
  server->update(change);
  EXPECT_EQ(ask(web, type::a)->code, code::name_error);
  EXPECT_EQ(ask("other.svc.cluster.local", type::a)->code, code::no_error);
}

TEST_F(DnsServer, AsksOthersOnceForWhatTheyKnow) {
  other_server others{address_of};
  settings.port = others.place().port;
  ask_whom({"127.0.0.1"});
  start();
  auto said = ask("Www.example.org", type::a);
  ASSERT_TRUE(said);
  ASSERT_EQ(said->answers.size(), 1u);
  EXPECT_EQ(said->questions[0].owner.text(), "Www.example.org.");
  EXPECT_EQ(said->id, 0x1234);
  EXPECT_FALSE(said->authoritative);
  EXPECT_EQ(ask("www.EXAMPLE.org", type::a)->answers.size(), 1u);
  EXPECT_EQ(others.asked(), 1);
  EXPECT_EQ(server->stats().cached, 1u);
}

TEST_F(DnsServer, BelievesOnlyWhatItAskedFor) {
  other_server others{[](const dns::message& question) {
    // Forged ones first, which a guesser would send.
    auto out = *address_of(question);
    out.id = static_cast<uint16_t>(out.id + 1);
    return std::optional{out};
  }};
  settings.port = others.place().port;
  ask_whom({"127.0.0.1"});
  start();
  auto said = ask("www.example.org", type::a);
  ASSERT_TRUE(said);
  EXPECT_EQ(said->code, code::server_failure);
}

TEST_F(DnsServer, AsksTheNextServer) {
  auto silent = plain_datagram_socket(); // takes everything, says nothing
  auto port = local_endpoint(silent.get()).port;
  auto other = plain_socket(SOCK_DGRAM);
  ASSERT_TRUE(bind_to(other, {{0x7f000002}, port}));
  settings.port = port;
  settings.patience = 1s;
  ask_whom({"127.0.0.1", "127.0.0.2"});
  start();
  std::thread answering{[&] {
    for (int i = 0; i < 2; ++i) {
      char bytes[4096];
      sockaddr_in from{};
      socklen_t size = sizeof(from);
      auto got = ::recvfrom(other.get(), bytes, sizeof(bytes), 0,
                            reinterpret_cast<sockaddr*>(&from), &size);
      ASSERT_GT(got, 0);
      auto packet = dns::encode(
          *address_of(*dns::parse({bytes, static_cast<size_t>(got)})));
      ::sendto(other.get(), packet.data(), packet.size(), 0,
               reinterpret_cast<sockaddr*>(&from), sizeof(from));
    }
  }};
  EXPECT_EQ(ask("a.example.org", type::a)->answers.size(), 1u);
  EXPECT_EQ(ask("b.example.org", type::a)->answers.size(), 1u);
  answering.join();
  char bytes[4096];
  int asked = 0;
  while (::recv(silent.get(), bytes, sizeof(bytes), MSG_DONTWAIT) > 0)
    ++asked;
  EXPECT_EQ(asked, 1) << "the one that answered is asked first now";
}

TEST_F(DnsServer, ServesOthersWhileServersAreSilent) {
  auto silent = plain_datagram_socket();
  settings.port = local_endpoint(silent.get()).port;
  ask_whom({"127.0.0.1"});
  start();
  ASSERT_TRUE(ask(web, type::a));
  std::optional<dns::message> late;
  std::thread waiting{[&] { late = ask("www.example.org", type::a); }};
  char bytes[512];
  ASSERT_GT(::recv(silent.get(), bytes, sizeof(bytes), 0), 0) << "asked";
  EXPECT_TRUE(ask(web, type::a));
  waiting.join();
  ASSERT_TRUE(late);
  EXPECT_EQ(late->code, code::server_failure);
  EXPECT_EQ(server->stats().unanswered, 1u);
}

TEST_F(DnsServer, DoesNotAskItself) {
  settings.port = place.port;
  ask_whom({to_string(place.address)});
  start();
  EXPECT_EQ(ask("www.example.org", type::a)->code, code::server_failure);
  EXPECT_EQ(server->stats().queries, 1u);
}

// As where another server on the machine asks us.
TEST_F(DnsServer, EndsACircleThroughAnother) {
  auto middle = plain_datagram_socket();
  settings.port = local_endpoint(middle.get()).port;
  ask_whom({"127.0.0.1"});
  start();
  std::atomic<bool> ended{false};
  std::thread passing{[&] {
    timeval pause{0, 50'000};
    ::setsockopt(middle.get(), SOL_SOCKET, SO_RCVTIMEO, &pause, sizeof(pause));
    auto to = to_sockaddr(place);
    while (!ended) {
      char bytes[4096];
      auto got = ::recv(middle.get(), bytes, sizeof(bytes), 0);
      if (got > 12)
        ::sendto(middle.get(), bytes, static_cast<size_t>(got), 0,
                 reinterpret_cast<sockaddr*>(&to), sizeof(to));
    }
  }};
  EXPECT_EQ(ask("www.example.org", type::a)->code, code::server_failure);
  EXPECT_LT(server->stats().queries, 20u);
  ended = true;
  passing.join();
}

TEST_F(DnsServer, ReadsItsServersAgain) {
  start();
  EXPECT_EQ(ask("www.example.org", type::a)->code, code::server_failure);
  other_server others{address_of};
  settings.port = others.place().port;
  server.reset();
  start();
  EXPECT_EQ(ask("www.example.org", type::a)->code, code::server_failure);
  ask_whom({"127.0.0.1"});
  auto until = std::chrono::steady_clock::now() + 10s;
  while (std::chrono::steady_clock::now() < until
         && ask("www.example.org", type::a)->code != code::no_error) {
  }
  EXPECT_EQ(ask("www.example.org", type::a)->code, code::no_error);
}

TEST_F(DnsServer, DoesWithoutExtensionsWhereTheyAreNotKnown) {
  other_server old{[](const dns::message& question) {
    auto out = replied(question);
    if (!question.extended)
      return address_of(question);
    out.extended.reset();
    out.code = code::form_error;
    return std::optional{out};
  }};
  settings.port = old.place().port;
  ask_whom({"127.0.0.1"});
  start();
  EXPECT_EQ(ask("www.example.org", type::a)->answers.size(), 1u);
}

TEST_F(DnsServer, PassesOnThatNobodyKnowsAName) {
  other_server others{[](const dns::message& question) {
    auto out = replied(question);
    out.code = code::name_error;
    out.authorities.push_back(
        {dns::named("org"), type::soa, dns::class_in, 60,
         dns::soa_data({dns::named("a"), dns::named("b"), 1, 2, 3, 4, 60})});
    return std::optional{out};
  }};
  settings.port = others.place().port;
  ask_whom({"127.0.0.1"});
  start();
  auto said = ask("no.example.org", type::a);
  ASSERT_TRUE(said);
  EXPECT_EQ(said->code, code::name_error);
  EXPECT_EQ(said->authorities.size(), 1u);
  EXPECT_EQ(ask("no.example.org", type::a)->code, code::name_error);
  EXPECT_EQ(others.asked(), 1);
}

TEST_F(DnsServer, TellsWhatTheMachineSays) {
  ask_whom({"192.0.2.7"});
  server = std::make_unique<dns_server>(settings, limits);
  EXPECT_EQ(server->machine().asks.servers,
            std::vector<std::string>{"192.0.2.7"});
}

// -- what others make of it ---------------------------------------------------

TEST_F(DnsServer, IsUnderstoodByDig) {
  start();
  ASSERT_TRUE(ask(web, type::a));
  auto all = dig(web);
  EXPECT_NE(all.find("status: NOERROR"), all.npos) << all;
  EXPECT_NE(all.find("flags: qr aa rd ra;"), all.npos) << all;
  EXPECT_NE(all.find("EDNS: version: 0, flags:; udp: 1232"), all.npos) << all;
  for (auto word : {"malformed", "extra bytes", "Warning"})
    EXPECT_EQ(all.find(word), all.npos) << all;
  EXPECT_EQ(dig(std::string{"+short "} + web), "10.96.0.7\n");
  EXPECT_EQ(dig("+short SRV _http._tcp.web.default.svc.cluster.local"),
            "0 100 80 web.default.svc.cluster.local.\n");
  EXPECT_EQ(dig("+short -x 10.96.0.7"), "web.default.svc.cluster.local.\n");
  EXPECT_EQ(dig("+short TXT dns-version.cluster.local"), "\"1.1.0\"\n");
  EXPECT_EQ(dig("+short NS cluster.local"), "ns.dns.cluster.local.\n");
  auto missing = dig("no.default.svc.cluster.local");
  EXPECT_NE(missing.find("status: NXDOMAIN"), missing.npos) << missing;
  EXPECT_NE(missing.find("SOA\tns.dns.cluster.local. "
                         "hostmaster.cluster.local."),
            missing.npos)
      << missing;
  auto addresses = dig(std::string{"+short "} + many);
  EXPECT_EQ(std::count(addresses.begin(), addresses.end(), '\n'), 199)
      << "over TCP";
  auto cut = dig(std::string{"+ignore +noedns "} + many);
  EXPECT_NE(cut.find("flags: qr aa tc rd ra;"), cut.npos) << cut;
}

TEST_F(DnsServer, IsUnderstoodByLdns) {
  start();
  ASSERT_TRUE(ask(web, type::a));
  auto drill = [&](const std::string& rest) {
    return run("drill -p " + std::to_string(place.port) + " " + rest);
  };
  auto server_at = " @" + to_string(place.address);
  auto all = drill(web + server_at);
  EXPECT_NE(all.find("rcode: NOERROR"), all.npos) << all;
  EXPECT_NE(all.find("\t5\tIN\tA\t10.96.0.7"), all.npos) << all;
  auto ports =
      drill("_http._tcp.web.default.svc.cluster.local" + server_at + " SRV");
  EXPECT_NE(ports.find("SRV\t0 100 80 web.default.svc.cluster.local."),
            ports.npos)
      << ports;
  auto more = drill("-t " + std::string{many} + server_at);
  EXPECT_NE(more.find("10.1.0.199"), more.npos) << more;
}

} // namespace troupe::net
