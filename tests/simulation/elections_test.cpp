// Several servers, each with a scheduler and controllers beside it, of which
// one is active at a time.

#include "messages/api/coordination.pb.h"
#include "messages/api/core_pod.pb.h"
#include "messages/api/meta.pb.h"
#include "runtime/rules/election.hpp"
#include "tests/support/cluster_objects.hpp"
#include "tests/support/simulated_cluster.hpp"
#include "tests/support/term_checks.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

namespace troupe::test {

namespace {

using namespace std::chrono_literals;
using coordination::v1::Lease;
using core::v1::Pod;
using std::chrono::milliseconds;

auto& leases = kind_of<Lease>();
auto& pods = kind_of<Pod>();

const std::vector<std::string> elections{"kube-scheduler",
                                         "kube-controller-manager"};
constexpr size_t server_count = 3;
constexpr size_t replicas = 4;

bool has_fact(const system::ActorEntry& of, const std::string& fact) {
  auto& facts = of.facts();
  return std::find(facts.begin(), facts.end(), fact) != facts.end();
}

/// Where what decides beside a server is: at the top for the first one.
std::string top_of(size_t server) {
  return server == 0 ? "" : "server-" + std::to_string(server + 1) + "/";
}

/// A cluster of three servers that keeps some pods.
class elected_cluster {
public:
  explicit elected_cluster(uint64_t seed)
      : cluster_({seed, 2, true, server_count}) {
    cluster_.observe([this](caf::resumable& job) { checks_.note(job); });
    cluster_.run_until([&] { return !holder_of(elections[1]).empty(); });
    auto wished = replica_set(replicas);
    wished.mutable_metadata()->clear_uid();
    wished.mutable_metadata()->clear_generation();
    wished.mutable_metadata()->clear_resource_version();
    wished.mutable_metadata()->clear_creation_timestamp();
    cluster_.create(object::of(wished));
  }

  simulated_cluster& operator*() { return cluster_; }
  simulated_cluster* operator->() { return &cluster_; }
  const term_checks& checks() const { return checks_; }

  object lease(const std::string& election) {
    auto found = cluster_.get(leases, rules::election_namespace, election);
    return found ? *found : object{};
  }

  std::string holder_of(const std::string& election) {
    return rules::holder_of(lease(election));
  }

  /// The server whose process holds the Lease; none: nobody does.
  std::optional<size_t> server_of(const std::string& election) {
    auto holder = holder_of(election);
    for (size_t i = 0; i < server_count; ++i)
      if (rules::is_life_of(holder, "server-" + std::to_string(i + 1)))
        return i;
    return std::nullopt;
  }

  /// Paths of the actors of that name that think themselves active.
  std::vector<std::string> active(const std::string& path) {
    std::vector<std::string> result;
    for (auto& actor : cluster_.actors())
      for (size_t i = 0; i < server_count; ++i)
        if (actor.path() == top_of(i) + path && has_fact(actor, "active"))
          result.push_back(actor.path());
    return result;
  }

  /// Of each component one is active, where the Lease says.
  bool is_settled() {
    for (auto& [election, component] :
         {std::pair{elections[0], "scheduler"},
          std::pair{elections[1], "controllers/replicaset"}}) {
      auto server = server_of(election);
      if (!server
          || active("elections/" + election)
                 != std::vector{top_of(*server) + "elections/" + election}
          || active(component) != std::vector{top_of(*server) + component})
        return false;
    }
    return true;
  }

  bool settles(std::chrono::seconds most = 60s) {
    return cluster_.run_until([&] { return is_settled(); }, most);
  }

  /// As an administrator, or whoever notices that a process is gone.
  void give_back(const std::string& election) {
    auto now = lease(election);
    if (now)
      cluster_.update(
          rules::released(now, cluster_.now()).with_revision(now.revision()));
  }

  size_t running() {
    size_t result = 0;
    for (auto& pod : cluster_.list(pods, "default"))
      result += pod.as<Pod>().status().phase() == "Running"
                && !pod.meta().has_deletion_timestamp();
    return result;
  }

  /// Pods that are not on their way out.
  size_t staying() {
    size_t result = 0;
    for (auto& pod : cluster_.list(pods, "default"))
      result += !pod.meta().has_deletion_timestamp();
    return result;
  }

  /// The work of both components is done.
  bool works(std::chrono::seconds most = 60s) {
    return cluster_.run_until([&] { return running() == replicas; }, most);
  }

  void delete_a_pod() {
    auto all = cluster_.list(pods, "default");
    if (!all.empty())
      cluster_.remove(pods, "default", all.front().name());
  }

  /// Makes what is beside this server the active one.
  bool move_to(size_t server) {
    for (size_t i = 0; i < server_count; ++i)
      if (i != server)
        cluster_.keep_away(top_of(i) + "elections", 2s);
    for (auto& each : elections)
      give_back(each);
    cluster_.advance(10s);
    return is_settled() && server_of(elections[0]) == server
           && server_of(elections[1]) == server;
  }

  /// A server from everybody. What decides beside the first one has processes
  /// of its own: all of these, or those of its elections.
  void cut_off(size_t server, bool elections_only) {
    if (server != 0)
      return cluster_.wires().cut("server-" + std::to_string(server + 1), "");
    cluster_.wires().cut("elections", "");
    if (!elections_only) {
      cluster_.wires().cut("scheduler", "");
      cluster_.wires().cut("controllers", "");
    }
  }

  void keep_away(size_t server, milliseconds time) {
    for (auto each : {"scheduler", "controllers", "elections"})
      cluster_.keep_away(top_of(server) + each, time);
  }

private:
  term_checks checks_; // hears until the cluster has ended
  simulated_cluster cluster_;
};

struct Elections : ::testing::Test {
  elected_cluster cluster{5};

  void SetUp() override {
    ASSERT_TRUE(cluster.settles());
    ASSERT_TRUE(cluster.works());
  }

  void TearDown() override {
    EXPECT_EQ(cluster.checks().broken(), "");
    EXPECT_GT(cluster.checks().accepted(), replicas);
  }
};

} // namespace

TEST_F(Elections, MakeOneSchedulerAndOneSetOfControllersActive) {
  for (auto& path :
       {"controllers/node", "controllers/garbage_collector",
        "controllers/deployment", "controllers/namespace", "scheduler"})
    EXPECT_EQ(cluster.active(path).size(), 1u) << path;
  for (auto& each : elections) {
    auto& spec = cluster.lease(each).as<Lease>().spec();
    EXPECT_EQ(spec.lease_duration_seconds(), 15);
    EXPECT_TRUE(spec.has_acquire_time() && spec.has_renew_time());
  }
}

TEST_F(Elections, CostOneWriteInFiveSecondsWhereNothingHappens) {
  cluster->advance(30s);
  auto before = cluster.lease(elections[0]).revision();
  cluster->advance(60s);
  auto writes = cluster.lease(elections[0]).revision() - before;
  // Two elections; nodes' leases are written now and then.
  EXPECT_GE(writes, 22u);
  EXPECT_LE(writes, 40u);
}

TEST_F(Elections, LetAStandbyTakeOverAtOnceWhenALeaseIsGivenBack) {
  for (auto& each : elections) {
    auto old = *cluster.server_of(each);
    cluster.keep_away(old, 60s);
    cluster.give_back(each);
    cluster->advance(20ms);
    auto next = cluster.server_of(each);
    ASSERT_TRUE(next) << each;
    EXPECT_NE(*next, old) << each;
    EXPECT_EQ(cluster.active("elections/" + each).size(), 1u);
  }
  cluster.delete_a_pod();
  EXPECT_TRUE(cluster.works(10s));
  cluster->advance(60s);
  EXPECT_TRUE(cluster.is_settled());
}

TEST_F(Elections, LetAStandbyTakeOverFromOneThatIsCutOff) {
  // Processes of their own, then a server with all that is in its process.
  for (size_t old : {0, 1}) {
    ASSERT_TRUE(cluster.move_to(old));
    cluster.cut_off(old, false);
    cluster->turn_to(old + 1);
    cluster->advance(10'500ms);
    auto active = cluster.active("controllers/replicaset");
    EXPECT_EQ(std::count(active.begin(), active.end(),
                         top_of(old) + "controllers/replicaset"),
              0)
        << "it gives up before others take over";
    cluster->advance(6s);
    EXPECT_NE(cluster.server_of(elections[1]), old);
    EXPECT_EQ(cluster.active("controllers/replicaset").size(), 1u);
    cluster.delete_a_pod();
    EXPECT_TRUE(cluster.works());
    cluster->wires().heal();
    cluster->advance(30s);
    EXPECT_TRUE(cluster.is_settled());
  }
}

TEST_F(Elections, FenceOffWhoDoesNotKnowThatItsTermIsOver) {
  auto& election = elections[1];
  ASSERT_TRUE(cluster.move_to(0));
  cluster.cut_off(0, true);
  cluster.give_back(election);
  cluster->advance(50ms);
  ASSERT_NE(cluster.server_of(election), 0u);
  auto active = cluster.active("controllers/replicaset");
  ASSERT_EQ(active.size(), 2u) << "one of them has not heard of it";
  // The new one is away: what is created now, the old one has created.
  cluster->keep_away(
      top_of(*cluster.server_of(election)) + "controllers/replicaset", 3s);
  cluster.delete_a_pod();
  cluster->advance(2s);
  EXPECT_EQ(cluster.staying(), replicas - 1) << "its write was accepted";
  EXPECT_TRUE(cluster.active("controllers/replicaset").empty());
  EXPECT_TRUE(cluster.works());
  cluster->wires().heal();
  EXPECT_TRUE(cluster.settles());
}

TEST_F(Elections, AreNotLostByClocksThatAreSet) {
  auto before = cluster.holder_of(elections[0]);
  for (auto by : {24h, -48h, 24h}) {
    cluster->set_clock(by);
    cluster->advance(40s);
    EXPECT_EQ(cluster.holder_of(elections[0]), before);
    EXPECT_TRUE(cluster.is_settled());
  }
}

TEST_F(Elections, LetComponentsGoOnWhenTheirElectionIsKilled) {
  for (int i = 0; i < 5; ++i) {
    auto server = *cluster.server_of(elections[1]);
    cluster->kill(top_of(server) + "elections/" + elections[1]);
    cluster.delete_a_pod();
    EXPECT_TRUE(cluster.works(10s));
    EXPECT_EQ(cluster.server_of(elections[1]), server);
    EXPECT_TRUE(cluster.settles(5s));
    for (auto& actor : cluster->actors()) {
      if (actor.path() == top_of(server) + "controllers/replicaset") {
        EXPECT_EQ(actor.restarts(), 0u) << actor.last_failure();
      }
    }
  }
}

TEST_F(Elections, EndTheComponentsWhoseElectionStaysAway) {
  auto old = *cluster.server_of(elections[1]);
  auto path = top_of(old) + "controllers/replicaset";
  cluster->keep_away(top_of(old) + "elections/" + elections[1], 60'000ms);
  EXPECT_EQ(cluster.active("controllers/replicaset"), std::vector{path});
  cluster->advance(6s);
  EXPECT_TRUE(cluster.active("controllers/replicaset").empty());
  cluster->advance(15s);
  EXPECT_EQ(cluster.active("controllers/replicaset").size(), 1u);
  EXPECT_NE(cluster.server_of(elections[1]), old);
  cluster.delete_a_pod();
  EXPECT_TRUE(cluster.works());
}

TEST_F(Elections, GoRoundWhenServersAreStartedAnewOneAfterTheOther) {
  for (int round = 0; round < 2; ++round)
    for (size_t i = 0; i < server_count; ++i) {
      cluster->turn_to((i + 1) % server_count);
      if (i == 0)
        cluster.keep_away(i, 2'000ms);
      cluster->fail_power_of(i);
      cluster.delete_a_pod();
      EXPECT_TRUE(cluster.works()) << "server-" << i + 1;
      cluster->advance(5s);
    }
  EXPECT_TRUE(cluster.settles());
}

TEST_F(Elections, AreToldByWhy) {
  auto server = *cluster.server_of(elections[1]);
  EXPECT_EQ(cluster.active("scheduler").size(), 1u);
  auto other = (server + 1) % server_count;
  auto told = cluster->why("ReplicaSet", "default/web");
  EXPECT_NE(told.find("wants 4 pods and has them"), std::string::npos) << told;
  EXPECT_EQ(told.find("standby"), std::string::npos) << told;
  cluster.keep_away(server, 10'000ms);
  told = cluster->why("ReplicaSet", "default/web");
  EXPECT_NE(told.find("is a standby and decides nothing: the active one is "
                      "server-"),
            std::string::npos)
      << told << other;
}

/// One story of three servers to which much happens: whoever is active, no two
/// are. TROUPE_SEED tells one again, TROUPE_SEEDS tells so many.
TEST(ElectionStories, NeverLetTwoWrite) {
  auto given = [](const char* name, uint64_t otherwise) {
    auto* value = std::getenv(name);
    return value != nullptr ? std::stoull(value) : otherwise;
  };
  auto first = given("TROUPE_SEED", 1);
  auto count =
      std::getenv("TROUPE_SEED") != nullptr ? 1 : given("TROUPE_SEEDS", 8);
  size_t terms = 0;
  for (auto seed = first; seed < first + count; ++seed) {
    std::mt19937_64 dice{seed};
    elected_cluster cluster{seed};
    simulated_wires::conditions how;
    for (int i = 0; i < 40; ++i) {
      auto server = dice() % server_count;
      auto& election = elections[dice() % 2];
      switch (dice() % 10) {
        case 0:
          cluster.cut_off(server, dice() % 2 == 0);
          break;
        case 1:
        case 2:
          cluster->wires().heal();
          break;
        case 3:
        case 4:
          cluster.give_back(election);
          break;
        case 5:
          cluster->kill(top_of(server) + "elections/" + election);
          break;
        case 6:
          cluster.keep_away(server, milliseconds(dice() % 20'000));
          break;
        case 7:
          cluster->set_clock(std::chrono::minutes(dice() % 120) - 60min);
          break;
        case 8:
          how.longest = milliseconds(dice() % 200);
          cluster->wires().set(how);
          break;
        default:
          cluster->turn_to(server);
      }
      cluster.delete_a_pod();
      cluster->advance(
          milliseconds(dice() % 4 == 0 ? dice() % 20'000 : dice() % 1'000));
    }
    cluster->wires().heal();
    cluster->wires().set({});
    EXPECT_TRUE(cluster.settles(120s)) << "seed " << seed;
    EXPECT_TRUE(cluster.works(120s)) << "seed " << seed;
    EXPECT_EQ(cluster.checks().broken(), "")
        << "seed " << seed << "; to repeat: TROUPE_SEED=" << seed
        << " build/test_simulation --gtest_filter=ElectionStories.*";
    terms += cluster.checks().terms();
  }
  EXPECT_GT(terms, 5 * count) << "too little happened";
}

} // namespace troupe::test
