#include "runtime/net/forwarder.hpp"
#include "tests/runtime/net/plain_sockets.hpp"

#include <condition_variable>
#include <deque>
#include <fcntl.h>
#include <sys/resource.h>

using namespace troupe;
using namespace troupe::net;
using namespace std::chrono_literals;

namespace {

/// What the forwarder reported, in order.
class reports {
public:
  service_edge::report hook() {
    return [this](const listener_key& key, const std::string& problem) {
      std::lock_guard guard{mutex_};
      all_.push_back(to_string(key) + " " + problem);
      changed_.notify_all();
    };
  }

  std::string next() {
    std::unique_lock guard{mutex_};
    if (!changed_.wait_for(guard, 10s, [this] { return !all_.empty(); }))
      return "nothing";
    auto out = all_.front();
    all_.pop_front();
    return out;
  }

private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::string> all_;
};

struct forwarding : ::testing::Test {
  void serve(std::vector<endpoint> targets, std::chrono::seconds affinity = 0s,
             protocol kind = protocol::tcp) {
    edge.update({{{kind, place}, std::move(targets), affinity}}, {});
    settle();
  }

  /// Waits until the forwarder has done what it was told.
  void settle() {
    net.run([] {});
  }

  /// Asks the loop until `condition` holds, or ten seconds have passed.
  template <class F>
  bool eventually(F condition) {
    auto deadline = loop::clock::now() + 10s;
    while (!condition() && loop::clock::now() < deadline)
      settle();
    return condition();
  }

  reports told;
  loop net;
  forwarder edge{net};
  endpoint place = free_place();
  unique_fd server = plain_listener();
  endpoint target = local_endpoint(server.get());
};

uint64_t cpu_time_of_process() {
  rusage use{};
  ::getrusage(RUSAGE_SELF, &use);
  return static_cast<uint64_t>(use.ru_utime.tv_sec + use.ru_stime.tv_sec)
             * 1'000'000
         + static_cast<uint64_t>(use.ru_utime.tv_usec + use.ru_stime.tv_usec);
}

} // namespace

using Forwarder = forwarding;

TEST_F(Forwarder, CarriesBytesBothWays) {
  serve({target});
  auto client = connected(place);
  auto peer = accepted(server);
  EXPECT_TRUE(send_text(client, "question"));
  EXPECT_EQ(receive_text(peer, 8), "question");
  EXPECT_TRUE(send_text(peer, "answer"));
  EXPECT_EQ(receive_text(client, 6), "answer");
  EXPECT_EQ(edge.stats().listening, 1u);
  EXPECT_EQ(edge.stats().connections, 1u);
  client.reset();
  EXPECT_EQ(next_event(peer), "end");
  peer.reset();
  EXPECT_TRUE(eventually([&] { return edge.stats().connections == 0; }));
  EXPECT_EQ(edge.stats().accepted, 1u);
  EXPECT_EQ(edge.stats().failed, 0u);
}

TEST_F(Forwarder, PassesTheEndOfOneDirectionOn) {
  serve({target});
  auto client = connected(place);
  auto peer = accepted(server);
  EXPECT_TRUE(send_text(client, "request"));
  ::shutdown(client.get(), SHUT_WR);
  EXPECT_EQ(receive_text(peer, 7), "request");
  EXPECT_EQ(next_event(peer), "end");
  EXPECT_TRUE(send_text(peer, "late answer"));
  EXPECT_EQ(receive_text(client, 11), "late answer");
  peer.reset();
  EXPECT_EQ(next_event(client), "end");
}

TEST_F(Forwarder, PassesAResetOn) {
  serve({target});
  auto client = connected(place);
  auto peer = accepted(server);
  EXPECT_TRUE(send_text(client, "x"));
  EXPECT_EQ(receive_text(peer, 1), "x");
  reset_on_close(peer.get());
  peer.reset();
  EXPECT_EQ(next_event(client), "reset");
  EXPECT_TRUE(eventually([&] { return edge.stats().connections == 0; }));
}

TEST_F(Forwarder, CarriesMuchThroughASlowReader) {
  serve({target});
  auto client = connected(place);
  auto peer = accepted(server);
  std::string much(32u << 20, '\0');
  for (size_t i = 0; i < much.size(); ++i)
    much[i] = static_cast<char>(i * 2654435761u >> 24);
  std::thread sender{[&] {
    EXPECT_TRUE(send_text(client, much));
    ::shutdown(client.get(), SHUT_WR);
  }};
  std::string got;
  while (got.size() < much.size()) {
    auto part = receive_text(peer, 100'000);
    if (part.empty())
      break;
    got += part;
    settle();
  }
  sender.join();
  EXPECT_EQ(got.size(), much.size());
  EXPECT_EQ(got, much);
  EXPECT_EQ(next_event(peer), "end");
}

TEST_F(Forwarder, HoldsBackASenderThatNobodyReads) {
  serve({target});
  auto client = connected(place);
  auto peer = accepted(server);
  timeval short_time{0, 200'000};
  ::setsockopt(client.get(), SOL_SOCKET, SO_SNDTIMEO, &short_time,
               sizeof(short_time));
  std::string block(1u << 20, 'x');
  size_t taken = 0;
  while (taken < 256 && send_text(client, block))
    ++taken;
  EXPECT_LT(taken, 64u) << "megabytes were taken without a reader";
}

TEST_F(Forwarder, TakesTargetsOneAfterTheOther) {
  auto other = plain_listener();
  serve({target, local_endpoint(other.get())});
  for (int i = 0; i < 3; ++i) {
    auto first = connected(place);
    EXPECT_TRUE(accepted(server));
    auto second = connected(place);
    EXPECT_TRUE(accepted(other));
  }
}

TEST_F(Forwarder, KeepsAClientWithItsTarget) {
  auto other = plain_listener();
  serve({target, local_endpoint(other.get())}, 60s);
  for (int i = 0; i < 4; ++i) {
    auto client = connected(place);
    EXPECT_TRUE(accepted(server));
  }
}

TEST_F(Forwarder, TriesTheNextTargetWhenOneDoesNotAnswer) {
  serve({free_place(), target});
  for (int i = 0; i < 3; ++i) {
    auto client = connected(place);
    auto peer = accepted(server);
    EXPECT_TRUE(send_text(client, "x"));
    EXPECT_EQ(receive_text(peer, 1), "x");
  }
}

TEST_F(Forwarder, ResetsAClientWhenNoTargetAnswers) {
  serve({free_place()});
  auto client = connected(place);
  EXPECT_EQ(next_event(client), "reset");
  EXPECT_TRUE(eventually([&] { return edge.stats().failed == 1; }));
}

TEST_F(Forwarder, RefusesWhereThereAreNoTargets) {
  serve({});
  EXPECT_EQ(connect_to(plain_socket(), place), ECONNREFUSED);
  serve({target});
  EXPECT_EQ(connect_to(plain_socket(), place), 0);
  serve({});
  EXPECT_EQ(connect_to(plain_socket(), place), ECONNREFUSED);
  EXPECT_EQ(edge.stats().listening, 0u);
}

TEST_F(Forwarder, LeavesOpenConnectionsAloneWhenTheirPlaceGoes) {
  serve({target});
  auto client = connected(place);
  auto peer = accepted(server);
  edge.update({}, {{protocol::tcp, place}});
  settle();
  EXPECT_EQ(connect_to(plain_socket(), place), ECONNREFUSED);
  EXPECT_TRUE(send_text(client, "still here"));
  EXPECT_EQ(receive_text(peer, 10), "still here");
}

TEST_F(Forwarder, ServesExactlyWhatReplacesTheRest) {
  auto second = free_place();
  edge.replace({{{protocol::tcp, place}, {target}}}, told.hook());
  settle();
  auto client = connected(place);
  auto peer = accepted(server);
  edge.replace({{{protocol::tcp, second}, {target}}}, told.hook());
  settle();
  EXPECT_EQ(connect_to(plain_socket(), place), ECONNREFUSED);
  EXPECT_EQ(connect_to(plain_socket(), second), 0);
  EXPECT_TRUE(send_text(client, "x"));
  EXPECT_EQ(receive_text(peer, 1), "x");
}

TEST_F(Forwarder, ReportsAPlaceThatIsTakenAndTriesAgain) {
  auto taken = plain_listener();
  auto at = local_endpoint(taken.get());
  edge.replace({{{protocol::tcp, at}, {target}}}, told.hook());
  EXPECT_EQ(told.next(), to_string(at) + "/TCP Address already in use");
  taken.reset();
  edge.update({}, {});
  EXPECT_EQ(told.next(), to_string(at) + "/TCP ");
  EXPECT_EQ(connect_to(plain_socket(), at), 0);
}

TEST_F(Forwarder, ReportsAnAddressThatIsNotOurs) {
  endpoint at{{0xc0000201}, 80}; // 192.0.2.1, for documentation only
  edge.replace({{{protocol::tcp, at}, {target}}}, told.hook());
  EXPECT_EQ(told.next(), "192.0.2.1:80/TCP Cannot assign requested address");
}

TEST_F(Forwarder, WaitsWithoutWorkWhileNothingHappens) {
  serve({target});
  auto idle = connected(place);
  auto idle_peer = accepted(server);
  auto half_closed = connected(place);
  auto half_closed_peer = accepted(server);
  ::shutdown(half_closed.get(), SHUT_WR);
  EXPECT_EQ(next_event(half_closed_peer), "end");
  // The peer's answer is full and nobody reads it, then it hangs up as well:
  // its end waits behind data.
  auto stuck = connected(place);
  auto stuck_peer = accepted(server);
  ::shutdown(stuck.get(), SHUT_WR);
  timeval short_time{0, 100'000};
  ::setsockopt(stuck_peer.get(), SOL_SOCKET, SO_SNDTIMEO, &short_time,
               sizeof(short_time));
  send_text(stuck_peer, std::string(64u << 20, 'x'));
  ::shutdown(stuck_peer.get(), SHUT_WR);
  settle();
  auto before = cpu_time_of_process();
  ::usleep(200'000); // the time that is measured
  EXPECT_LT(cpu_time_of_process() - before, 20'000u);
}

TEST_F(Forwarder, SurvivesTheEndOfDescriptors) {
#ifdef __SANITIZE_ADDRESS__
  GTEST_SKIP() << "the sanitizers' own checks need descriptors";
#endif
  serve({target});
  auto first = plain_socket();
  auto second = plain_socket();
  rlimit before{};
  ::getrlimit(RLIMIT_NOFILE, &before);
  auto lowest_free = ::dup(0);
  ::close(lowest_free);
  rlimit none = before;
  none.rlim_cur = static_cast<rlim_t>(lowest_free);
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &none), 0);
  EXPECT_EQ(connect_to(first, place), 0);
  EXPECT_EQ(connect_to(second, place), 0);
  EXPECT_TRUE(send_text(first, "a"));
  EXPECT_TRUE(send_text(second, "b"));
  auto spent = cpu_time_of_process();
  ::usleep(150'000); // the time that is measured
  EXPECT_LT(cpu_time_of_process() - spent, 20'000u);
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
  auto peer = accepted(server);
  EXPECT_EQ(receive_text(peer, 1), "a");
  auto next = accepted(server);
  EXPECT_EQ(receive_text(next, 1), "b");
}

TEST_F(Forwarder, CarriesDatagramsBothWays) {
  auto service = plain_datagram_socket();
  place = free_place(SOCK_DGRAM);
  serve({local_endpoint(service.get())}, 0s, protocol::udp);
  auto client = plain_datagram_socket();
  ASSERT_EQ(connect_to(client, place), 0);
  for (int i = 0; i < 3; ++i) {
    EXPECT_TRUE(send_text(client, "ping"));
    char text[16];
    sockaddr_in from{};
    socklen_t size = sizeof(from);
    auto got = ::recvfrom(service.get(), text, sizeof(text), 0,
                          reinterpret_cast<sockaddr*>(&from), &size);
    ASSERT_EQ(got, 4);
    ::sendto(service.get(), "pong!", 5, 0, reinterpret_cast<sockaddr*>(&from),
             size);
    // The client is connected: it takes answers from the service only.
    EXPECT_EQ(receive_text(client, 5), "pong!");
  }
  EXPECT_EQ(edge.stats().connections, 1u);
  EXPECT_EQ(edge.stats().accepted, 1u);
}

TEST_F(Forwarder, MovesDatagramsToTheTargetsOfNow) {
  auto old_one = plain_datagram_socket();
  auto new_one = plain_datagram_socket();
  place = free_place(SOCK_DGRAM);
  serve({local_endpoint(old_one.get())}, 0s, protocol::udp);
  auto client = plain_datagram_socket();
  ASSERT_EQ(connect_to(client, place), 0);
  EXPECT_TRUE(send_text(client, "1"));
  EXPECT_EQ(receive_text(old_one, 1), "1");
  serve({local_endpoint(new_one.get())}, 0s, protocol::udp);
  EXPECT_TRUE(send_text(client, "2"));
  EXPECT_EQ(receive_text(new_one, 1), "2");
  serve({}, 0s, protocol::udp);
  EXPECT_TRUE(send_text(client, "3"));
  char byte = 0;
  EXPECT_EQ(::recv(client.get(), &byte, 1, 0), -1);
  EXPECT_EQ(errno, ECONNREFUSED);
  EXPECT_EQ(edge.stats().connections, 0u);
}

TEST_F(Forwarder, ForgetsClientsOfDatagramsThatAreSilent) {
  auto service = plain_datagram_socket();
  auto at = free_place(SOCK_DGRAM);
  forwarder short_memory{net, nullptr, 50ms};
  short_memory.update({{{protocol::udp, at}, {local_endpoint(service.get())}}},
                      {});
  settle();
  auto client = plain_datagram_socket();
  ASSERT_EQ(connect_to(client, at), 0);
  for (int i = 0; i < 2; ++i) {
    EXPECT_TRUE(send_text(client, "x"));
    EXPECT_EQ(receive_text(service, 1), "x");
    EXPECT_TRUE(
        eventually([&] { return short_memory.stats().connections == 0; }));
  }
  EXPECT_EQ(short_memory.stats().accepted, 2u);
}

namespace {

/// A forwarder some of whose targets are beside another node.
struct ForwarderWithFarWays : forwarding {
  far_ways ways{"here"};
  forwarder far_edge{net, &ways};
  std::atomic<int> asked{0};
  endpoint to;      ///< of the last one that is served
  unique_fd served; ///< its socket

  ~ForwarderWithFarWays() override { ways.serve({}); }

  void lead_to(ipv4 address) { ways.lead({{{address, 32}, "far"}}); }

  /// Takes whoever wants a connection and keeps its socket.
  void answer(const caf::error& with = {}) {
    ways.serve([this, with](uint64_t number) {
      auto what = ways.take(number);
      ASSERT_TRUE(what);
      EXPECT_EQ(what->node, "far");
      if (!with) {
        to = what->to;
        served = std::move(what->socket);
      }
      ++asked;
      what->answer(with);
    });
  }

  void serve_far(std::vector<endpoint> targets, protocol kind = protocol::tcp) {
    far_edge.update({{{kind, place}, std::move(targets), 0s}}, {});
    settle();
  }
};

constexpr endpoint far_place{{0x0a630001}, 80};

} // namespace

TEST_F(ForwarderWithFarWays, CarriesBytesToWhoServesTheWay) {
  lead_to(far_place.address);
  answer();
  serve_far({far_place});
  auto client = connected(place);
  ASSERT_TRUE(eventually([&] { return asked == 1; }));
  EXPECT_EQ(to, far_place);
  ASSERT_TRUE(send_text(client, "question"));
  ::fcntl(served.get(), F_SETFL, 0);
  EXPECT_EQ(receive_text(served, 8), "question");
  ASSERT_TRUE(send_text(served, "answer"));
  EXPECT_EQ(receive_text(client, 6), "answer");
}

TEST_F(ForwarderWithFarWays, PassesAResetOfTheFarEndOn) {
  lead_to(far_place.address);
  answer();
  serve_far({far_place});
  auto client = connected(place);
  ASSERT_TRUE(eventually([&] { return asked == 1; }));
  reset_on_close(served.get());
  served.reset();
  EXPECT_EQ(next_event(client), "reset");
}

TEST_F(ForwarderWithFarWays, TriesTheNextTargetWhenThereIsNoWay) {
  lead_to(far_place.address);
  answer(make_error(ec::service_unavailable, "no"));
  serve_far({far_place, target});
  for (int i = 0; i < 2; ++i) { // each is the first once
    auto client = connected(place);
    auto peer = accepted(server);
    ASSERT_TRUE(send_text(client, "x"));
    EXPECT_EQ(receive_text(peer, 1), "x");
  }
  EXPECT_EQ(asked, 1);
}

TEST_F(ForwarderWithFarWays, RefusesWhileNobodyConnects) {
  lead_to(far_place.address);
  serve_far({far_place});
  auto client = connected(place);
  EXPECT_EQ(next_event(client), "reset");
}

TEST_F(ForwarderWithFarWays, CarriesDatagrams) {
  place = free_place(SOCK_DGRAM);
  lead_to(far_place.address);
  answer();
  serve_far({far_place}, protocol::udp);
  auto client = plain_datagram_socket();
  ASSERT_EQ(connect_to(client, place), 0);
  ASSERT_TRUE(send_text(client, "ping"));
  ASSERT_TRUE(eventually([&] { return asked == 1; }));
  ::fcntl(served.get(), F_SETFL, 0);
  EXPECT_EQ(receive_text(served, 4), "ping");
  ASSERT_TRUE(send_text(served, "pong!"));
  EXPECT_EQ(receive_text(client, 5), "pong!");
  // Once it is gone it is asked again, though not for every datagram.
  served.reset();
  auto sent = 0;
  EXPECT_TRUE(eventually([&] {
    ++sent;
    return send_text(client, "ping") && asked == 2;
  }));
  EXPECT_GT(sent, 2);
  EXPECT_EQ(far_edge.stats().connections, 1u);
}

TEST_F(Forwarder, ResetsItsConnectionsWhenItEnds) {
  auto own = std::make_unique<forwarder>(net);
  auto at = free_place();
  own->update({{{protocol::tcp, at}, {target}}}, {});
  settle();
  auto client = connected(at);
  auto peer = accepted(server);
  EXPECT_TRUE(send_text(client, "x"));
  EXPECT_EQ(receive_text(peer, 1), "x");
  own.reset();
  EXPECT_EQ(next_event(client), "reset");
  EXPECT_EQ(next_event(peer), "reset");
}
