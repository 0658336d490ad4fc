// Three servers, each on a machine of its own, under the load of many clients
// while the network between them is cut in every way. TROUPE_NIGHTLY cuts it
// more often, TROUPE_SEED in another order.

#include "load.hpp"
#include "machines.hpp"

#include <gtest/gtest.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <random>
#include <spawn.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

extern char** environ;

namespace troupe::test {

namespace {

using namespace std::chrono_literals;

constexpr size_t clients = 32;

size_t machine_of(const std::string& server) {
  return static_cast<size_t>(server.back() - '0');
}

/// A server's process on another machine than that of `up`.
class remote_server {
public:
  remote_server(real_cluster& cluster, const machines& all, std::string name)
      : name_(std::move(name)) {
    command_ = all.launcher(machine_of(name_)) + cluster.program("troupe")
               + " --data-dir " + cluster.data().string() + " server --name "
               + name_ + " >>" + (cluster.folder() / name_).string() + " 2>&1";
  }

  ~remote_server() { end(); }

  remote_server(const remote_server&) = delete;
  remote_server& operator=(const remote_server&) = delete;

  /// Starts it until it holds its place.
  bool start(const real_cluster& cluster) {
    return wait_until([&] {
      if (pid_ != 0 && waitpid(pid_, nullptr, WNOHANG) == pid_)
        pid_ = 0;
      if (pid_ == 0)
        pid_ = spawn();
      return cluster.server(name_) == pid_;
    });
  }

  void end() {
    if (pid_ == 0)
      return;
    kill(pid_, SIGTERM);
    waitpid(pid_, nullptr, 0);
    pid_ = 0;
  }

private:
  pid_t spawn() {
    auto line = "exec " + command_;
    std::string words[] = {"sh", "-c", line};
    char* args[] = {words[0].data(), words[1].data(), words[2].data(), nullptr};
    pid_t pid = 0;
    if (posix_spawn(&pid, "/bin/sh", nullptr, nullptr, args, environ) != 0)
      return 0;
    return pid;
  }

  std::string name_;
  std::string command_;
  pid_t pid_ = 0;
};

/// The three servers, each on its machine.
class spread_cluster {
public:
  explicit spread_cluster(const machines& all)
      : cluster(options(all)),
        second_(cluster, all, "server-2"),
        third_(cluster, all, "server-3") {
    // A group of three serves with two, so that `up` waits for one of these.
    bool good = false;
    std::thread first{[&] { good = cluster.up(); }};
    auto others = wait_until([&] {
                    return std::filesystem::exists(cluster.data() / "servers"
                                                   / "settings.json");
                  })
                  && second_.start(cluster) && third_.start(cluster);
    first.join();
    started = good && others;
  }

  real_cluster cluster;
  bool started = false;

private:
  static real_options options(const machines& all) {
    real_options result;
    result.nodes = 1;
    result.runtime = "simulated";
    result.servers = 3;
    result.processes = true;
    for (auto& server : server_names)
      result.hosts.push_back(machines::address(machine_of(server)));
    result.launcher = all.launcher(machine_of(server_names[0]));
    return result;
  }

  remote_server second_;
  remote_server third_;
};

/// One way of cutting a network in which one server has a special place.
struct strike {
  std::string name;
  bool majority; ///< clients and most servers still hear each other
  void (*run)(machines&, const std::vector<size_t>&);
};

// The first is the one with the special place; the others are its peers.
const std::vector<strike> strikes{
    {"cut off from its peers, not from clients", true,
     [](machines& all, const std::vector<size_t>& x) {
       all.cut(x[0], x[1]);
       all.cut(x[0], x[2]);
     }},
    {"cut off from everybody", true,
     [](machines& all, const std::vector<size_t>& x) {
       all.cut(x[0], x[1]);
       all.cut(x[0], x[2]);
       all.cut(x[0], machines::here);
     }},
    {"cut off from one peer", true,
     [](machines& all, const std::vector<size_t>& x) { all.cut(x[0], x[1]); }},
    {"not heard by its peers", true,
     [](machines& all, const std::vector<size_t>& x) {
       all.silence(x[0], x[1]);
       all.silence(x[0], x[2]);
     }},
    {"not hearing its peers", true,
     [](machines& all, const std::vector<size_t>& x) {
       all.silence(x[1], x[0]);
       all.silence(x[2], x[0]);
     }},
    {"alone, as its peers are", false,
     [](machines& all, const std::vector<size_t>& x) {
       all.cut(x[0], x[1]);
       all.cut(x[0], x[2]);
       all.cut(x[1], x[2]);
     }},
};

std::vector<size_t> with_first(const std::string& server) {
  std::vector<size_t> result{machine_of(server)};
  for (auto& other : server_names)
    if (other != server)
      result.push_back(machine_of(other));
  return result;
}

uint64_t seed() {
  const char* given = std::getenv("TROUPE_SEED");
  return given != nullptr ? std::strtoull(given, nullptr, 10) : 1;
}

size_t rounds() {
  return std::getenv("TROUPE_NIGHTLY") != nullptr ? 10 : 1;
}

} // namespace

TEST(ServersApart, LoseNothingWhereverTheNetworkIsCut) {
  if (geteuid() != 0)
    GTEST_SKIP() << "needs root, for networks of its own";
  machines all;
  spread_cluster spread{all};
  auto& cluster = spread.cluster;
  ASSERT_TRUE(spread.started) << cluster.output();
  server_members stores{cluster.data()};
  load clients_of{stores, server_names, clients, seed()};
  std::mt19937_64 chance{seed()};
  for (size_t i = 0; i < rounds() * strikes.size(); ++i) {
    auto& how = strikes[i % strikes.size()];
    // Mostly the one that leads: it has the most to lose.
    auto who = chance() % 4 == 0 ? server_names[chance() % server_names.size()]
                                 : leader_of(cluster).value_or("server-1");
    std::printf("%s: %s\n", who.c_str(), how.name.c_str());
    std::fflush(stdout);
    how.run(all, with_first(who));
    auto before = clients_of.acknowledged();
    if (how.majority) {
      EXPECT_TRUE(wait_until([&] {
        return clients_of.acknowledged() > before + 100;
      })) << "nothing is written while "
          << who << " is " << how.name;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(chance() % 3'000));
    all.join_all();
    EXPECT_TRUE(wait_until([&] { return cluster.run("store hash"); }))
        << "after " << who << " was " << how.name << ": " << cluster.output();
    clients_of.next_keys();
    before = clients_of.acknowledged();
    ASSERT_TRUE(wait_until([&] {
      return clients_of.acknowledged() > before + 100;
    })) << "nothing is written after "
        << who << " was " << how.name;
  }
  clients_of.settle();
}

} // namespace troupe::test
