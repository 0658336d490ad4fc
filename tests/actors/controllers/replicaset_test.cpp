#include "actors/controllers/replicaset.hpp"
#include "actors/controllers/replication.hpp"
#include "messages/api/core_pod.pb.h"
#include "runtime/rules/election.hpp"
#include "runtime/rules/ownership.hpp"
#include "tests/support/controller_fixture.hpp"

namespace troupe {

namespace {

using namespace std::chrono_literals;
using apps::v1::ReplicaSet;
using core::v1::Pod;

struct ReplicaSetController : test::controller_fixture {
  size_t pods() { return all("Pod").size(); }

  const apps::v1::ReplicaSetStatus& status() {
    set_ = api.find("ReplicaSet", "default/web");
    return set_.as<ReplicaSet>().status();
  }

  void resize(int replicas) {
    auto set = api.find("ReplicaSet", "default/web").copy<ReplicaSet>();
    set.mutable_spec()->set_replicas(replicas);
    api.put(set);
    world.run();
  }

  object set_;
};

TEST_F(ReplicaSetController, CreatesThePodsOfASet) {
  start(replicaset);
  api.put(test::replica_set(3));
  world.run();
  EXPECT_EQ(pods(), 3u);
  EXPECT_EQ(api.of(call::CREATE, "Pod").size(), 3u);
  EXPECT_EQ(status().replicas(), 3);
  EXPECT_EQ(status().observed_generation(), 1);
  EXPECT_EQ(api.events("SuccessfulCreate").size(), 3u);
  EXPECT_EQ(why("default/web").front(), "wants 3 pods and has them");
}

TEST_F(ReplicaSetController, StandsByUntilItIsTheActiveOne) {
  world.set_term(0);
  api.put(test::replica_set(3));
  start(replicaset);
  resize(2);
  world.advance(60s);
  EXPECT_TRUE(api.requests.empty()) << "not even events";
  auto facts = world.facts_of(caf::actor_cast<caf::actor>(actor));
  EXPECT_EQ(facts.at(0), "standby");
  EXPECT_EQ(why("default/web").front(),
            "is a standby and decides nothing: nobody is active now");
  world.set_term(7);
  EXPECT_EQ(pods(), 2u);
  for (auto& each : api.requests)
    EXPECT_EQ(each.msg.term(), 7u);
  facts = world.facts_of(caf::actor_cast<caf::actor>(actor));
  EXPECT_EQ(facts.at(0), "active");
}

TEST_F(ReplicaSetController, EndsWhenItIsTheActiveOneNoLonger) {
  start(replicaset);
  world.set_term(0);
  api.put(test::replica_set(3));
  world.run();
  EXPECT_TRUE(api.requests.empty());
  EXPECT_TRUE(world.facts_of(caf::actor_cast<caf::actor>(actor)).empty());
}

TEST_F(ReplicaSetController, EndsWhenAWriteOfItsTermIsRefused) {
  api.refuse = [](const test::fake_api::asked&) -> std::optional<caf::error> {
    return rules::term_over("kube-controller-manager");
  };
  start(replicaset);
  api.put(test::replica_set(3));
  world.run();
  EXPECT_EQ(pods(), 0u);
  EXPECT_EQ(world.refusals(), 1u) << "the election is told";
  EXPECT_TRUE(world.facts_of(caf::actor_cast<caf::actor>(actor)).empty());
}

TEST_F(ReplicaSetController, GoesOnInAnotherTermOfItsOwn) {
  start(replicaset);
  world.set_term(5);
  api.put(test::replica_set(3));
  world.run();
  EXPECT_EQ(pods(), 3u);
  EXPECT_EQ(api.of(call::CREATE, "Pod").front().msg.term(), 5u);
}

TEST_F(ReplicaSetController, RemembersAsAStandbyOnlyWhatIsThere) {
  world.set_term(0);
  start(replicaset);
  api.put(test::replica_set(1));
  for (int i = 0; i < 5000; ++i) {
    auto set = test::replica_set(1);
    set.mutable_metadata()->set_name("old-" + std::to_string(i));
    api.put(set);
    api.remove("ReplicaSet", "default/old-" + std::to_string(i));
    world.run();
  }
  auto facts = world.facts_of(caf::actor_cast<caf::actor>(actor));
  ASSERT_EQ(facts.at(1).rfind("marked=", 0), 0u) << facts.at(1);
  EXPECT_LT(std::stoul(facts.at(1).substr(7)), 2500u);
  world.set_term(1);
  EXPECT_EQ(pods(), 1u);
}

TEST_F(ReplicaSetController, FindsSetsThatWereThereBefore) {
  api.put(test::replica_set(3));
  start(replicaset);
  EXPECT_EQ(pods(), 3u);
}

TEST_F(ReplicaSetController, ReplacesAPodThatIsDeleted) {
  api.put(test::replica_set(3));
  start(replicaset);
  auto first = all("Pod").begin()->first;
  api.remove("Pod", first);
  world.run();
  EXPECT_EQ(pods(), 3u);
  EXPECT_FALSE(api.find("Pod", first)) << "names are not used again";
}

TEST_F(ReplicaSetController, GrowsAndShrinks) {
  api.put(test::replica_set(3));
  start(replicaset);
  resize(7);
  EXPECT_EQ(pods(), 7u);
  resize(2);
  EXPECT_EQ(pods(), 2u);
  EXPECT_EQ(api.events("SuccessfulDelete").size(), 5u);
  EXPECT_EQ(status().replicas(), 2);
}

TEST_F(ReplicaSetController, CountsPodsThatBecomeReady) {
  api.put(test::replica_set(2));
  start(replicaset);
  for (auto& [key, each] : all("Pod")) {
    auto pod = each.copy<Pod>();
    test::set_ready(pod, true, test::new_year());
    api.put(pod);
  }
  world.run();
  EXPECT_EQ(status().ready_replicas(), 2);
  EXPECT_EQ(status().available_replicas(), 2);
}

TEST_F(ReplicaSetController, WaitsForMinReadySecondsByOneTimer) {
  auto set = test::replica_set(1);
  set.mutable_spec()->set_min_ready_seconds(30);
  api.put(set);
  start(replicaset);
  auto pod = all("Pod").begin()->second.copy<Pod>();
  test::set_ready(pod, true, world.at("x").now());
  api.put(pod);
  world.run();
  EXPECT_EQ(status().ready_replicas(), 1);
  EXPECT_EQ(status().available_replicas(), 0);
  world.advance(31s);
  EXPECT_EQ(status().available_replicas(), 1);
}

TEST_F(ReplicaSetController, AdoptsABarePodAndCreatesTheRest) {
  api.put(test::pod("bare"));
  api.put(test::replica_set(3));
  start(replicaset);
  EXPECT_EQ(pods(), 3u);
  EXPECT_TRUE(rules::controlled_by(api.find("Pod", "default/bare").meta(),
                                   object::of(test::replica_set())));
}

TEST_F(ReplicaSetController, AsksAgainWhetherItMayAdoptWhenNoAnswerCame) {
  api.put(test::pod("bare"));
  api.put(test::replica_set(1));
  api.refuse =
      [](const test::fake_api::asked& what) -> std::optional<caf::error> {
    if (what.msg.verb() == call::GET)
      return make_error(ec::service_unavailable, "it went down");
    return std::nullopt;
  };
  start(replicaset);
  api.refuse = nullptr;
  world.advance(2s);
  EXPECT_EQ(pods(), 1u);
  EXPECT_TRUE(rules::controlled_by(api.find("Pod", "default/bare").meta(),
                                   object::of(test::replica_set())));
}

TEST_F(ReplicaSetController, ReleasesAPodWhoseLabelsChangeAndReplacesIt) {
  api.put(test::replica_set(2));
  start(replicaset);
  auto pod = all("Pod").begin()->second.copy<Pod>();
  (*pod.mutable_metadata()->mutable_labels())["app"] = "other";
  api.put(pod);
  world.run();
  EXPECT_EQ(pods(), 3u);
  auto released = api.find("Pod", "default/" + pod.metadata().name());
  EXPECT_EQ(rules::controller_of(released.meta()), nullptr);
}

TEST_F(ReplicaSetController, ARefusedCreateStopsTheRestAndIsTold) {
  api.refuse =
      [](const test::fake_api::asked& what) -> std::optional<caf::error> {
    if (what.msg.verb() == call::CREATE && what.msg.kind() == "Pod")
      return make_error(ec::forbidden, "exceeded quota");
    return std::nullopt;
  };
  api.put(test::replica_set(100));
  start(replicaset);
  EXPECT_LE(api.of(call::CREATE, "Pod").size(), 2u);
  ASSERT_EQ(status().conditions_size(), 1);
  EXPECT_EQ(status().conditions(0).reason(), "FailedCreate");
  EXPECT_EQ(status().conditions(0).message(), "exceeded quota");
  EXPECT_EQ(api.events("FailedCreate").front(),
            "Error creating: exceeded quota");
  api.refuse = nullptr;
  world.advance(2s);
  EXPECT_EQ(pods(), 100u);
  EXPECT_EQ(status().conditions_size(), 0);
}

TEST_F(ReplicaSetController, AnAnswerThatIsLostMakesNoSecondPod) {
  api.put(test::replica_set(3));
  // The server does what it is asked, and dies before it can say so.
  api.refuse =
      [&](const test::fake_api::asked& what) -> std::optional<caf::error> {
    if (what.msg.verb() != call::CREATE || what.msg.kind() != "Pod")
      return std::nullopt;
    api.put(what.body);
    return make_error(ec::service_unavailable, "it went down");
  };
  start(replicaset);
  api.refuse = nullptr;
  world.advance(2s);
  EXPECT_EQ(pods(), 3u);
}

TEST_F(ReplicaSetController, GoesOnAfterItsSessionBroke) {
  api.put(test::replica_set(3));
  start(replicaset);
  world.break_sessions();
  api.remove("Pod", all("Pod").begin()->first);
  world.run();
  EXPECT_EQ(pods(), 3u);
}

TEST_F(ReplicaSetController, LeavesNoStreamBehindThatHadAGap) {
  api.put(test::replica_set(1));
  start(replicaset);
  auto streams = api.watches.size();
  for (auto& watch : api.watches)
    ++watch.sequence; // a batch was lost
  resize(2);
  EXPECT_EQ(pods(), 2u);
  EXPECT_EQ(api.watches.size(), streams);
}

TEST_F(ReplicaSetController, AsksOnceASecondForAWatchThatIsRefused) {
  api.put(test::replica_set(1));
  api.no_watch = make_error(ec::forbidden, "may not watch");
  start(replicaset);
  EXPECT_EQ(api.refused_watches, 2u) << "sets and pods";
  world.advance(1s);
  EXPECT_EQ(api.refused_watches, 4u);
  api.no_watch = caf::none;
  world.advance(1s);
  EXPECT_EQ(pods(), 1u);
}

TEST_F(ReplicaSetController, DoesNothingMoreOnceAllIsWell) {
  api.put(test::replica_set(3));
  start(replicaset);
  auto before = api.requests.size();
  world.advance(60s);
  EXPECT_EQ(api.requests.size(), before);
}

TEST_F(ReplicaSetController, ReplicationControllersWorkAlike) {
  core::v1::ReplicationController rc;
  auto set = test::replica_set(3);
  *rc.mutable_metadata() = set.metadata();
  rc.mutable_spec()->set_replicas(3);
  (*rc.mutable_spec()->mutable_selector())["app"] = "web";
  *rc.mutable_spec()->mutable_template_() = set.spec().template_();
  api.put(rc);
  start(replication);
  EXPECT_EQ(pods(), 3u);
  EXPECT_EQ(api.find("ReplicationController", "default/web")
                .as<core::v1::ReplicationController>()
                .status()
                .replicas(),
            3);
}

} // namespace

} // namespace troupe
