#include "tests/runtime/raft/simulation.hpp"

#include <gtest/gtest.h>

#include <cstdlib>

namespace troupe::raft::sim {

namespace {

constexpr uint64_t shards = 4;
constexpr uint64_t events = 20'000;

uint64_t seeds() {
  auto* set = std::getenv("TROUPE_SEEDS");
  return set != nullptr ? std::strtoull(set, nullptr, 10) : 500;
}

/// The seeds are shared out, so that they use all processors.
struct RaftSimulation : ::testing::TestWithParam<uint64_t> {};

} // namespace

TEST_P(RaftSimulation, KeepsEveryPromiseUnderFaults) {
  tally all;
  for (auto seed = 1 + GetParam(); seed <= seeds(); seed += shards) {
    try {
      all.add(simulation{seed}.run(events));
    } catch (const std::exception& err) {
      FAIL() << "seed " << seed << ": " << err.what() << "\n"
             << how_to_repeat(seed, events);
    }
  }
  // A run in which nothing happens proves nothing.
  EXPECT_GT(all.writes, 100 * seeds() / shards);
  EXPECT_GT(all.reads, 50 * seeds() / shards);
  EXPECT_GT(all.terms, 5 * seeds() / shards);
  RecordProperty("tally", show(all));
}

INSTANTIATE_TEST_SUITE_P(Shard, RaftSimulation,
                         ::testing::Range(uint64_t{0}, shards));

TEST(RaftSimulation, IsTheSameTwice) {
  auto trace = [](uint64_t seed) {
    std::string lines;
    simulation{seed, [&](const std::string& line) { lines += line + "\n"; }}
        .run(5'000);
    return lines;
  };
  for (uint64_t seed = 1; seed <= 5; ++seed) {
    auto first = trace(seed);
    EXPECT_EQ(first, trace(seed));
    EXPECT_GT(first.size(), 10'000u);
  }
}

} // namespace troupe::raft::sim
