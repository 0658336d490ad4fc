// Three servers and five nodes with pods, in processes of their own, on one
// machine or each on its own, while users write, read and watch and whatever
// can happen does. TROUPE_NIGHTLY lets it happen longer, TROUPE_SEED in another
// order.

#include "misfortune.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <unistd.h>

namespace troupe::test {

namespace {

/// The first of what may happen anywhere are processes that are killed.
constexpr int kills = 5;

uint64_t seed() {
  const char* given = std::getenv("TROUPE_SEED");
  return given != nullptr ? std::strtoull(given, nullptr, 10) : 1;
}

size_t rounds() {
  return std::getenv("TROUPE_NIGHTLY") != nullptr ? 10 : 1;
}

bool may_preload() {
  return std::filesystem::exists(TROUPE_BUILD_DIR "/tests/faulty-calls.so");
}

/// Each of them, again and again, in an order of the seed.
void suffer(spread_cluster& all, std::vector<misfortune> each) {
  std::mt19937_64 chance{seed()};
  for (size_t round = 0; round < rounds(); ++round) {
    std::shuffle(each.begin(), each.end(), chance);
    for (auto& what : each) {
      auto begin = std::chrono::steady_clock::now();
      all.load().longest_gap();
      what.run(all);
      all.recover(what.name);
      std::printf("%5.1f s, no writes for %4lld ms: %s\n",
                  std::chrono::duration<double>(std::chrono::steady_clock::now()
                                                - begin)
                      .count(),
                  static_cast<long long>(all.load().longest_gap().count()),
                  what.name.c_str());
      std::fflush(stdout);
      if (testing::Test::HasFailure())
        return;
    }
  }
  all.load().settle();
}

} // namespace

TEST(ServersAndNodes, LoseNothingOnOneMachine) {
  if (!may_preload())
    GTEST_SKIP() << "a sanitizer must be the first that is loaded";
  std::unique_ptr<machines> own;
  if (geteuid() == 0)
    own = std::make_unique<machines>(0);
  spread_cluster all{nullptr, seed()};
  all.start();
  if (HasFailure())
    return;
  suffer(all, misfortunes());
}

/// As who brings a new version does: one after the other, in order.
TEST(ServersAndNodes, AreRestartedOneByOneUnnoticed) {
  if (!may_preload())
    GTEST_SKIP() << "a sanitizer must be the first that is loaded";
  std::unique_ptr<machines> own;
  if (geteuid() == 0)
    own = std::make_unique<machines>(0);
  spread_cluster all{nullptr, seed()};
  all.start();
  if (HasFailure())
    return;
  auto pods = all.sets().running();
  for (auto& server : server_names) {
    // Who ends `up` in order ends the cluster with all servers.
    if (server == server_names[0])
      all.servers().kill(server);
    else
      all.servers().end(server);
    all.expect_writes();
    all.recover("the restart of " + server);
    EXPECT_EQ(all.sets().running(), pods) << "after " << server;
  }
  for (auto& node : all.nodes()) {
    node->end();
    node->start();
    all.recover("the restart of " + node->name());
    EXPECT_EQ(all.sets().running(), pods) << "after " << node->name();
  }
  all.load().settle();
}

TEST(ServersAndNodes, LoseNothingEachOnItsMachine) {
  if (!may_preload() || geteuid() != 0)
    GTEST_SKIP() << "needs root, for networks of its own, and no sanitizer";
  machines own{8};
  spread_cluster all{&own, seed()};
  all.start();
  if (HasFailure())
    return;
  auto each = network_misfortunes();
  auto& everywhere = misfortunes();
  each.insert(each.end(), everywhere.begin(), everywhere.begin() + kills);
  suffer(all, each);
}

} // namespace troupe::test
