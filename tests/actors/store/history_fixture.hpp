#pragma once

#include "group_fixture.hpp"
#include "tests/support/linearizability.hpp"

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

namespace troupe::test {

/// What a watch told.
struct told {
  uint64_t revision = 0;
  std::string key;
  std::string value;

  bool operator==(const told& x) const {
    return revision == x.revision && key == x.key && value == x.value;
  }
};

/// Clients of a group while its members die, are cut off and come back: what
/// they saw must have an order, and whoever watches must hear of everything
/// once. The seed is the parameter, or TROUPE_SEED.
struct store_history : ::testing::TestWithParam<uint64_t> {
  struct client {
    register_call call;
    std::string key;
    later<store_api::TxnResponse> changed;
    later<store_api::RangeResponse> found;
  };

  uint64_t seed = 0;
  std::mt19937_64 random;
  std::unique_ptr<store_group> group;
  std::vector<client> clients{6};
  std::map<std::string, std::vector<register_call>> histories;
  uint64_t values = 0;
  uint64_t moments = 0;
  size_t answered = 0;
  std::shared_ptr<std::vector<told>> heard =
      std::make_shared<std::vector<told>>();
  /// Of the watch that counts.
  std::shared_ptr<uint64_t> watch_id = std::make_shared<uint64_t>(0);
  store_watcher_actor watcher;

  store_history();
  void SetUp() override;
  void TearDown() override;

  /// A group of so many founders.
  void found(size_t servers, const store_options& options = {});

  size_t below(size_t n) { return random() % n; }
  /// A number for each beginning and end, in their order: many share a moment
  /// of virtual time.
  uint64_t now();

  // Clients: each has one call at a time.
  void begin(client& x);
  void end(client& x);
  void go_on(client& x);
  bool is_idle(client& x);
  /// All of them; time passes; now and then something breaks.
  void live();

  /// From now on the watch is one of this server.
  void follow(size_t server);
  /// Breaks something, or mends it.
  void hurt();
  /// Mends all.
  void recover();
  /// Waits for every answer and for members that hold the same, and looks at
  /// what was seen.
  void settle();
  void check();
  /// How all is, for who must find out why it is not well.
  std::string describe();
};

/// Seeds from 1 on: `few`, or TROUPE_SEEDS of them.
std::vector<uint64_t> history_seeds(uint64_t few);

} // namespace troupe::test
