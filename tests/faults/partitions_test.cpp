// Three servers, each on a machine of its own, under the load of many clients
// while the network between them is cut in every way. TROUPE_NIGHTLY cuts it
// more often, TROUPE_SEED in another order.

#include "load.hpp"
#include "machines.hpp"
#include "three_servers.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <random>
#include <thread>
#include <unistd.h>

namespace troupe::test {

namespace {

using namespace std::chrono_literals;

constexpr size_t clients = 32;

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
  machines all{server_names.size()};
  real_options options;
  options.runtime = "simulated";
  three_servers servers{options, &all};
  auto& cluster = servers.cluster();
  ASSERT_TRUE(servers.start()) << cluster.output();
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
