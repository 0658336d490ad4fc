#include "actors/system/server_renewal.hpp"
#include "runtime/system/server_links.hpp"
#include "tests/support/fake_api.hpp"

#include <caf/actor_cast.hpp>
#include <caf/stateful_actor.hpp>
#include <gtest/gtest.h>

namespace troupe {

namespace {

using namespace std::chrono_literals;

/// Processes that share a certificate which is good for three hours, each with
/// a renewal.
struct ServerRenewal : ::testing::Test {
  test::fake_world world;
  std::vector<caf::actor> actors;
  time_point issued = world.at("test").now();
  bool broken = false; ///< nothing can be issued
  size_t issues = 0;
  size_t tries = 0;

  void SetUp() override {
    auto links = std::make_shared<server_links>();
    links->renew = [this](time_point now) -> expected<time_point> {
      ++tries;
      if (broken)
        return make_error(ec::internal_error, "the disk is full");
      if (now >= issued + 2h) {
        issued = now;
        ++issues;
      }
      return issued + 2h;
    };
    world.outside().servers = links;
  }

  void start() {
    actors.push_back(caf::actor_cast<caf::actor>(
        world.system().spawn(server_renewal, world.at("renewal"))));
    world.run();
  }

  void TearDown() override {
    for (auto& each : actors)
      world.end(each);
  }
};

} // namespace

TEST_F(ServerRenewal, IssuesTheCertificateAnewInTheLastThirdOfItsLife) {
  start();
  world.advance(119min);
  EXPECT_EQ(issues, 0u);
  world.advance(40min);
  EXPECT_EQ(issues, 1u);
  EXPECT_EQ(world.facts_of(actors[0])[1], "renewed=1");
  for (int i = 0; i < 20; ++i) {
    world.advance(10min);
    EXPECT_LT(world.at("test").now(), issued + 3h);
  }
  EXPECT_GE(issues, 2u);
}

TEST_F(ServerRenewal, IsDoneOnceByThoseThatShareTheCertificate) {
  for (int i = 0; i < 3; ++i)
    start();
  world.advance(165min);
  EXPECT_EQ(issues, 1u);
  for (auto& each : actors)
    EXPECT_EQ(world.facts_of(each)[1], "renewed=1");
}

TEST_F(ServerRenewal, IsDoneAtOnceWhereItIsLate) {
  issued -= 150min;
  start();
  EXPECT_EQ(issues, 1u);
}

TEST_F(ServerRenewal, TriesAgainAndHourlyAtLeast) {
  start();
  broken = true;
  world.advance(6h);
  auto before = tries;
  world.advance(3h);
  EXPECT_GE(tries - before, 2u);
  EXPECT_LE(tries - before, 4u);
  broken = false;
  world.advance(61min);
  EXPECT_EQ(issues, 1u);
  EXPECT_EQ(world.facts_of(actors[0])[2], "failures=0");
}

} // namespace troupe
