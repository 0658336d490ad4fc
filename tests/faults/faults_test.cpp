// Three servers as processes under the load of many clients, while whatever
// can happen to them does. TROUPE_NIGHTLY lets it happen longer, TROUPE_SEED
// in another order.

#include "bad_luck.hpp"
#include "load.hpp"

#include <gtest/gtest.h>

#include <cstdlib>

namespace troupe::test {

namespace {

namespace fs = std::filesystem;

constexpr size_t clients = 32;

uint64_t seed() {
  const char* given = std::getenv("TROUPE_SEED");
  return given != nullptr ? std::strtoull(given, nullptr, 10) : 1;
}

int strikes() {
  return std::getenv("TROUPE_NIGHTLY") != nullptr
             ? 200
             : static_cast<int>(bad_luck::kinds());
}

fs::path preload() {
  return TROUPE_BUILD_DIR "/tests/faulty-calls.so";
}

} // namespace

TEST(ServersUnderLoad, LoseNothingWhateverHappens) {
  if (!fs::exists(preload()))
    GTEST_SKIP() << "a sanitizer must be the first that is loaded";
  real_options options;
  options.nodes = 1;
  options.runtime = "simulated";
  options.servers = 3;
  options.processes = true;
  options.preload = preload();
  real_cluster cluster{options};
  ASSERT_TRUE(cluster.up()) << cluster.output();
  server_members stores{cluster.data()};
  load all{stores, server_names, clients, seed()};
  bad_luck luck{cluster, cluster.folder() / "faults", seed()};
  for (int i = 0; i < strikes(); ++i) {
    auto what = luck.strike();
    std::printf("%s\n", what.c_str());
    std::fflush(stdout);
    ASSERT_TRUE(luck.recover())
        << "after " << what << ": " << cluster.output() << luck.account();
    all.next_keys();
    auto before = all.acknowledged();
    ASSERT_TRUE(wait_until([&] { return all.acknowledged() > before + 100; }))
        << "nothing is written after " << what;
  }
  all.settle();
  EXPECT_TRUE(cluster.run("store hash")) << cluster.output();
}

} // namespace troupe::test
