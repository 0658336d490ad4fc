#include "tests/support/raw_peer.hpp"
#include "tests/support/secure_process.hpp"

#include <caf/io/middleman.hpp>
#include <caf/io/network/multiplexer.hpp>

#include <algorithm>
#include <cstdint>
#include <ctime>
#include <deque>
#include <fcntl.h>
#include <future>
#include <sys/resource.h>
#include <unistd.h>

namespace troupe::test {

namespace {

using namespace std::chrono_literals;

class Strangers : public SecureProcesses {
protected:
  static std::chrono::nanoseconds cpu_time() {
    timespec now{};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return std::chrono::seconds(now.tv_sec)
           + std::chrono::nanoseconds(now.tv_nsec);
  }

  /// As many descriptors as the machine allows.
  static void raise_limit() {
    rlimit files{};
    ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &files), 0);
    files.rlim_cur = std::min<rlim_t>(files.rlim_max, 65'536);
    ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &files), 0);
  }
};

/// Takes all descriptors that are left but a few.
class greedy {
public:
  explicit greedy(int left) {
    for (int fd; (fd = open("/dev/null", O_RDONLY | O_CLOEXEC)) >= 0;)
      taken_.push_back(fd);
    for (; left > 0 && !taken_.empty(); --left)
      give_one();
  }

  ~greedy() {
    while (!taken_.empty())
      give_one();
  }

private:
  void give_one() {
    close(taken_.back());
    taken_.pop_back();
  }

  std::vector<int> taken_;
};

} // namespace

TEST_F(Strangers, GiveWayToThoseWhoComeAfterThem) {
  raise_limit();
  transport_limits limits;
  limits.strangers = 100;
  limits.strangers_of_address = 20;
  limits.handshake = 60s;
  serve(limits);
  std::deque<raw_peer> silent;
  // In portions: where more wait than the kernel queues for accept, one is let
  // in seconds later.
  for (uint64_t here = 50; here <= 500; here += 50) {
    while (silent.size() < here)
      silent.emplace_back(port_);
    EXPECT_TRUE(wait_until([&] {
      auto counts = server_->network.counts();
      return counts.strangers == 20 && counts.refused == here - 20;
    }));
  }
  EXPECT_TRUE(silent.front().is_closed());
  EXPECT_FALSE(silent.back().is_closed(1ms));
  EXPECT_TRUE(serves());
}

/// Who is accepted and sent away in one turn of the loop was never in it.
TEST_F(Strangers, AreClosedWhenTheyComeAllAtOnce) {
  transport_limits limits;
  limits.strangers_of_address = 20;
  limits.handshake = 60s;
  serve(limits);
  std::promise<void> all_are_here;
  server_->system.middleman().backend().post(
      [here = all_are_here.get_future().share()] { here.wait(); });
  std::deque<raw_peer> silent;
  while (silent.size() < 60)
    silent.emplace_back(port_);
  all_are_here.set_value();
  for (size_t i = 0; i < 40; ++i)
    EXPECT_TRUE(silent[i].is_closed()) << i;
  EXPECT_FALSE(silent.back().is_closed(1ms));
}

TEST_F(Strangers, AreClosedWhenTheyDoNotProveThemselvesInTime) {
  transport_limits limits;
  limits.handshake = 300ms;
  serve(limits);
  raw_peer silent{port_};
  raw_peer half{port_};
  // The header of a record, of which the rest never comes.
  EXPECT_TRUE(half.send(std::string{"\x16\x03\x01\x02\x00\x01", 6}));
  EXPECT_TRUE(silent.is_closed());
  EXPECT_TRUE(half.is_closed());
  EXPECT_TRUE(
      wait_until([&] { return server_->network.counts().strangers == 0; }));
  EXPECT_TRUE(serves());
}

TEST_F(Strangers, AreClosedForGarbage) {
  serve();
  for (auto words : {std::string{"GET / HTTP/1.0\r\n\r\n"},
                     std::string(5'000, '\0'), std::string(5'000, '\xff')}) {
    raw_peer peer{port_};
    peer.send(words);
    EXPECT_TRUE(peer.is_closed());
  }
  EXPECT_TRUE(serves());
}

TEST_F(Strangers, NeedACertificateAndTheActorsProtocol) {
  serve();
  auto admin = issue("kubernetes-admin", {"system:masters"});
  auto refused = [&](const secure_files& files, const std::string& protocol) {
    raw_peer peer{port_};
    return !peer.greet(files, protocol) || peer.is_closed();
  };
  EXPECT_TRUE(refused({}, actors_protocol));
  EXPECT_TRUE(refused(make_keys("theirs"), actors_protocol));
  EXPECT_TRUE(refused(admin, ""));
  EXPECT_TRUE(refused(admin, "h2"));
  EXPECT_TRUE(refused(admin, join_protocol));
  raw_peer welcome{port_};
  EXPECT_TRUE(welcome.greet(admin, actors_protocol));
  EXPECT_EQ(welcome.read(1).size(), 1u);
}

TEST_F(Strangers, AreSurvivedWithoutDescriptors) {
  serve();
  secure_process client{issue("kubernetes-admin")};
  auto found = dial(client);
  ASSERT_TRUE(found);
  // Sockets that are there before the descriptors go.
  std::vector<net::unique_fd> sockets;
  for (int i = 0; i < 20; ++i)
    sockets.emplace_back(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  {
    rlimit before{};
    getrlimit(RLIMIT_NOFILE, &before);
    rlimit low{256, before.rlim_max};
    ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &low), 0);
    greedy all{2};
    sockaddr_in where{};
    where.sin_family = AF_INET;
    where.sin_port = htons(port_);
    where.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    for (auto& each : sockets)
      connect(each.get(), reinterpret_cast<sockaddr*>(&where), sizeof(where));
    auto began = cpu_time();
    auto refused = [&] { return server_->network.counts().refused; };
    EXPECT_TRUE(wait_until([&] { return refused() > 0; }));
    auto before_refusal = refused();
    EXPECT_TRUE(wait_until([&] { return refused() > before_refusal; }));
    EXPECT_TRUE(answered(client, *found));
    EXPECT_LT(cpu_time() - began, 2s);
    setrlimit(RLIMIT_NOFILE, &before);
  }
  sockets.clear();
  EXPECT_TRUE(serves());
}

TEST_F(Strangers, AreServedWithTheLastGoodCertificates) {
  serve();
  ASSERT_TRUE(serves());
  auto hidden = folder_ / "hidden";
  std::filesystem::rename(files_.credential, hidden);
  EXPECT_TRUE(serves());
  std::filesystem::rename(hidden, files_.credential);
  EXPECT_TRUE(serves());
}

TEST_F(Strangers, AreRefusedUntilThereAreCertificates) {
  auto hidden = folder_ / "hidden";
  std::filesystem::rename(files_.credential, hidden);
  serve();
  raw_peer early{port_};
  EXPECT_FALSE(early.greet(issue("kubernetes-admin"), actors_protocol));
  std::filesystem::rename(hidden, files_.credential);
  EXPECT_TRUE(serves());
}

} // namespace troupe::test
