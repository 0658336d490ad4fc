#include "runtime/rules/conditions.hpp"
#include "runtime/rules/deployment_plan.hpp"
#include "runtime/rules/ownership.hpp"
#include "runtime/rules/rollout.hpp"
#include "runtime/text/int_or_string.hpp"
#include "tests/support/cluster_objects.hpp"

#include <gtest/gtest.h>

#include <map>

using namespace troupe;
using namespace troupe::rules;
using namespace std::chrono_literals;

namespace {

using apps::v1::Deployment;
using apps::v1::ReplicaSet;

/// Carries out plans as the API server and the replica set controller would.
class stage {
public:
  explicit stage(Deployment d) : deployment_(std::move(d)) {}

  Deployment& deployment() { return deployment_; }
  std::map<std::string, ReplicaSet>& sets() { return sets_; }
  ReplicaSet& set(int revision) {
    for (auto& [name, each] : sets_)
      if (annotated(each.metadata(), revision_annotation) == revision)
        return each;
    throw std::out_of_range("no such revision");
  }

  deployment_plan step() {
    std::vector<object> list;
    for (auto& [name, set] : sets_)
      list.push_back(object::of(set));
    auto plan = plan_deployment(object::of(deployment_), list, pods, now);
    if (plan.created)
      put(*plan.created);
    for (auto& each : plan.updated)
      put(each);
    for (auto& each : plan.adopted)
      put(each);
    for (auto& each : plan.deleted)
      sets_.erase(each.name());
    if (plan.annotated)
      *deployment_.mutable_metadata() =
          plan.annotated->as<Deployment>().metadata();
    if (plan.status)
      *deployment_.mutable_status() = plan.status->as<Deployment>().status();
    for (auto& event : plan.events)
      events.push_back(event.message);
    return plan;
  }

  /// Every set has the pods it wishes, and they serve.
  void serve() {
    for (auto& [name, set] : sets_)
      serve(set, set.spec().replicas());
  }

  void serve(ReplicaSet& set, int available) {
    auto* status = set.mutable_status();
    status->set_replicas(set.spec().replicas());
    status->set_ready_replicas(available);
    status->set_available_replicas(available);
    status->set_observed_generation(set.metadata().generation());
  }

  /// Steps until nothing is left to do.
  void settle() {
    for (int i = 0; i < 100; ++i) {
      auto plan = step();
      serve();
      if (!plan.created && plan.updated.empty() && !plan.status)
        return;
    }
    FAIL() << "never settles";
  }

  void image(const std::string& value) {
    deployment_.mutable_spec()
        ->mutable_template_()
        ->mutable_spec()
        ->mutable_containers(0)
        ->set_image(value);
    deployment_.mutable_metadata()->set_generation(
        deployment_.metadata().generation() + 1);
  }

  std::string condition(const std::string& type) {
    auto* found = find_condition(deployment_.status().conditions(), type);
    return found ? found->status() + " " + found->reason() : "";
  }

  time_point now = test::new_year() + 1h;
  std::vector<object> pods;
  std::vector<std::string> events;

private:
  void put(const object& set) {
    auto typed = set.copy<ReplicaSet>();
    auto* meta = typed.mutable_metadata();
    if (!sets_.count(set.name())) {
      meta->set_uid("uid-" + set.name());
      *meta->mutable_creation_timestamp() = to_time(now);
    }
    sets_[set.name()] = typed;
    now += 1s;
  }

  Deployment deployment_;
  std::map<std::string, ReplicaSet> sets_;
};

meta::v1::IntOrString whole(int value) {
  return text::int_or_string(value);
}

} // namespace

TEST(DeploymentPlan, CreatesTheSetOfItsTemplate) {
  stage s{test::deployment(3)};
  auto plan = s.step();
  ASSERT_TRUE(plan.created);
  const auto& set = plan.created->as<ReplicaSet>();
  auto hash = set.metadata().labels().at("pod-template-hash");
  EXPECT_EQ(set.metadata().name(), "web-" + hash);
  EXPECT_EQ(set.spec().replicas(), 3);
  EXPECT_EQ(set.spec().selector().match_labels().at("pod-template-hash"), hash);
  EXPECT_EQ(set.spec().template_().metadata().labels().at("pod-template-hash"),
            hash);
  EXPECT_EQ(set.metadata().annotations().at(revision_annotation), "1");
  EXPECT_EQ(set.metadata().annotations().at(desired_annotation), "3");
  EXPECT_EQ(set.metadata().annotations().at(max_annotation), "4");
  EXPECT_EQ(s.deployment().metadata().annotations().at(revision_annotation),
            "1");
  EXPECT_EQ(s.events, (std::vector<std::string>{"Scaled up replica set web-"
                                                + hash + " from 0 to 3"}));
  EXPECT_EQ(s.condition("Progressing"), "True NewReplicaSetCreated");
  EXPECT_EQ(s.condition("Available"), "False MinimumReplicasUnavailable");
}

TEST(DeploymentPlan, EndsAvailableAndProgressed) {
  stage s{test::deployment(3)};
  s.settle();
  EXPECT_EQ(s.condition("Progressing"), "True NewReplicaSetAvailable");
  EXPECT_EQ(s.condition("Available"), "True MinimumReplicasAvailable");
  const auto& status = s.deployment().status();
  EXPECT_EQ(status.replicas(), 3);
  EXPECT_EQ(status.updated_replicas(), 3);
  EXPECT_EQ(status.observed_generation(), 1);
  EXPECT_FALSE(s.step().status);
}

TEST(DeploymentPlan, RollsWithinSurgeAndUnavailable) {
  stage s{test::deployment(4)};
  s.settle();
  s.image("web:2");
  bool done = false;
  for (int i = 0; i < 50 && !done; ++i) {
    s.step();
    int wished = 0;
    int available = 0;
    for (auto& [name, set] : s.sets()) {
      wished += set.spec().replicas();
      available +=
          std::min(set.spec().replicas(), set.status().available_replicas());
    }
    EXPECT_LE(wished, 5);
    EXPECT_GE(available, 3);
    s.serve();
    done = s.set(2).spec().replicas() == 4 && s.set(1).spec().replicas() == 0;
  }
  EXPECT_TRUE(done);
  EXPECT_EQ(s.deployment().metadata().annotations().at(revision_annotation),
            "2");
}

TEST(DeploymentPlan, SurgeRoundsUpAndUnavailableRoundsDown) {
  auto d = test::deployment(10);
  EXPECT_EQ(max_surge(d), 3);
  EXPECT_EQ(max_unavailable(d), 2);
  auto* rolling =
      d.mutable_spec()->mutable_strategy()->mutable_rolling_update();
  *rolling->mutable_max_surge() = whole(0);
  *rolling->mutable_max_unavailable() = text::int_or_string("5%");
  EXPECT_EQ(max_unavailable(d), 1) << "both zero could never move";
  d.mutable_spec()->set_replicas(1);
  *rolling->mutable_max_unavailable() = whole(5);
  EXPECT_EQ(max_unavailable(d), 1) << "no more than there are";
}

TEST(DeploymentPlan, DropsOldPodsThatDoNotServeFirst) {
  auto d = test::deployment(3);
  auto* rolling =
      d.mutable_spec()->mutable_strategy()->mutable_rolling_update();
  *rolling->mutable_max_surge() = whole(1);
  *rolling->mutable_max_unavailable() = whole(1);
  stage s{d};
  s.settle();
  s.serve(s.set(1), 2);
  s.image("web:2");
  s.step();
  EXPECT_EQ(s.set(2).spec().replicas(), 1);
  EXPECT_EQ(s.set(1).spec().replicas(), 2);
}

TEST(DeploymentPlan, RecreateWaitsForTheOldPodsToEnd) {
  auto d = test::deployment(2);
  d.mutable_spec()->mutable_strategy()->set_type("Recreate");
  d.mutable_spec()->mutable_strategy()->clear_rolling_update();
  stage s{d};
  s.settle();
  s.image("web:2");
  s.step();
  ASSERT_EQ(s.sets().size(), 1u);
  EXPECT_EQ(s.set(1).spec().replicas(), 0);
  s.serve();
  auto pod = test::pod("old");
  test::own(*pod.mutable_metadata(), object::of(s.set(1)));
  s.pods = {object::of(pod)};
  s.now += 1s;
  EXPECT_EQ(s.step().reason, "waits for the old pods to end");
  EXPECT_EQ(s.sets().size(), 1u);
  s.pods.clear();
  s.step();
  EXPECT_EQ(s.set(2).spec().replicas(), 2);
}

TEST(DeploymentPlan, UndoTakesTheOldSetAndGivesItANewRevision) {
  stage s{test::deployment(2)};
  s.settle();
  s.image("web:2");
  s.settle();
  s.image("web:1");
  s.settle();
  EXPECT_EQ(s.sets().size(), 2u);
  EXPECT_EQ(s.set(3).spec().template_().spec().containers(0).image(), "web:1");
  EXPECT_EQ(s.set(3).metadata().annotations().at(history_annotation), "1");
  EXPECT_EQ(s.set(3).spec().replicas(), 2);
  EXPECT_EQ(s.set(2).spec().replicas(), 0);
}

TEST(DeploymentPlan, KeepsAsManyOldSetsAsTheLimitSays) {
  auto d = test::deployment(1);
  d.mutable_spec()->set_revision_history_limit(2);
  stage s{d};
  s.settle();
  for (int i = 2; i < 7; ++i) {
    s.image("web:" + std::to_string(i));
    s.settle();
    s.settle();
  }
  EXPECT_EQ(s.sets().size(), 3u);
  EXPECT_NO_THROW(s.set(4));
  EXPECT_NO_THROW(s.set(5));
  EXPECT_NO_THROW(s.set(6));
}

TEST(DeploymentPlan, PausedItScalesButDoesNotRoll) {
  stage s{test::deployment(2)};
  s.settle();
  s.deployment().mutable_spec()->set_paused(true);
  s.image("web:2");
  s.deployment().mutable_spec()->set_replicas(4);
  s.settle();
  EXPECT_EQ(s.sets().size(), 1u);
  EXPECT_EQ(s.set(1).spec().replicas(), 4);
  EXPECT_EQ(s.condition("Progressing"), "Unknown DeploymentPaused");
  s.deployment().mutable_spec()->set_paused(false);
  s.step();
  EXPECT_EQ(s.sets().size(), 2u);
  s.serve();
  s.settle();
  EXPECT_EQ(s.condition("Progressing"), "True NewReplicaSetAvailable");
}

TEST(DeploymentPlan, SpreadsANewSizeInProportion) {
  auto d = test::deployment(10);
  *d.mutable_spec()
       ->mutable_strategy()
       ->mutable_rolling_update()
       ->mutable_max_surge() = whole(3);
  *d.mutable_spec()
       ->mutable_strategy()
       ->mutable_rolling_update()
       ->mutable_max_unavailable() = whole(2);
  stage s{d};
  s.settle();
  s.image("bad");
  s.step();
  s.serve(s.set(2), 0);
  s.step();
  s.serve(s.set(1), s.set(1).spec().replicas());
  s.serve(s.set(2), 0);
  s.step();
  ASSERT_EQ(s.set(1).spec().replicas(), 8);
  ASSERT_EQ(s.set(2).spec().replicas(), 5);
  s.serve(s.set(1), 8);
  s.serve(s.set(2), 0);
  // The example of Kubernetes' documentation: 10 to 15 while 8 and 5 run.
  s.deployment().mutable_spec()->set_replicas(15);
  s.step();
  EXPECT_EQ(s.set(1).spec().replicas(), 11);
  EXPECT_EQ(s.set(2).spec().replicas(), 7);
}

TEST(DeploymentPlan, ARolloutThatStandsStillEndsByItsDeadline) {
  stage s{test::deployment(2)};
  s.settle();
  s.image("bad");
  for (int i = 0; i < 4; ++i) {
    s.step();
    s.serve(s.set(1), s.set(1).spec().replicas());
    s.serve(s.set(2), 0);
  }
  EXPECT_EQ(s.condition("Progressing"), "True ReplicaSetUpdated");
  auto plan = s.step();
  ASSERT_TRUE(plan.look_again);
  EXPECT_LE(*plan.look_again, s.now + 602s);
  s.now = *plan.look_again;
  s.step();
  EXPECT_EQ(s.condition("Progressing"), "False ProgressDeadlineExceeded");
  EXPECT_FALSE(s.step().look_again);
  s.image("web:1");
  s.settle();
  EXPECT_EQ(s.condition("Progressing"), "True NewReplicaSetAvailable");
}

TEST(DeploymentPlan, TheDeadlineCountsThoughTheFirstStatusWasLost) {
  stage s{test::deployment(2)};
  s.settle();
  s.image("bad");
  // Somebody else's write was first: the new set is there, the status that
  // tells of it is not.
  auto before = s.deployment().status();
  s.step();
  *s.deployment().mutable_status() = before;
  s.serve(s.set(1), s.set(1).spec().replicas());
  s.serve(s.set(2), 0);
  s.step();
  EXPECT_EQ(s.condition("Progressing"), "True FoundNewReplicaSet");
  s.step();
  auto plan = s.step();
  ASSERT_TRUE(plan.look_again);
  s.now = *plan.look_again;
  s.step();
  EXPECT_EQ(s.condition("Progressing"), "False ProgressDeadlineExceeded");
}

TEST(DeploymentPlan, WithoutDeadlineThereIsNoProgressCondition) {
  auto d = test::deployment(2);
  d.mutable_spec()->set_progress_deadline_seconds(2147483647);
  stage s{d};
  s.settle();
  EXPECT_EQ(s.condition("Progressing"), "");
  EXPECT_EQ(s.condition("Available"), "True MinimumReplicasAvailable");
}

TEST(DeploymentPlan, LiftsTheFailureOfASet) {
  stage s{test::deployment(1)};
  s.step();
  set_condition(*s.set(1).mutable_status()->mutable_conditions(),
                "ReplicaFailure", "True", "FailedCreate", "quota", s.now);
  s.step();
  EXPECT_EQ(s.condition("ReplicaFailure"), "True FailedCreate");
  s.set(1).mutable_status()->clear_conditions();
  s.step();
  EXPECT_EQ(s.condition("ReplicaFailure"), "");
}

TEST(DeploymentPlan, AdoptsSetsThatMatch) {
  stage s{test::deployment(3)};
  auto orphan = test::replica_set(3);
  (*orphan.mutable_metadata()->mutable_labels())["app"] = "web";
  s.sets()["web"] = orphan;
  auto plan = s.step();
  ASSERT_EQ(plan.adopted.size(), 1u);
  EXPECT_FALSE(plan.created);
  s.step();
  EXPECT_EQ(s.sets().size(), 1u) << "same template, so it is the current set";
  EXPECT_EQ(s.set(1).metadata().name(), "web");
}

TEST(DeploymentPlan, ACollisionChangesTheHash) {
  auto d = test::deployment(1);
  auto before = object::of(d);
  auto foreign = object::of(test::replica_set());
  auto changed = after_collision(before, foreign);
  ASSERT_TRUE(changed);
  EXPECT_EQ(changed->as<Deployment>().status().collision_count(), 1);
  EXPECT_NE(template_hash(changed->as<Deployment>()), template_hash(d));
}

TEST(DeploymentPlan, AnObjectThatIsOurOwnSetIsNoCollision) {
  auto d = object::of(test::deployment(1));
  auto plan = plan_deployment(d, {}, {}, test::new_year());
  EXPECT_FALSE(after_collision(d, *plan.created));
}

TEST(DeploymentPlan, TellsWhyItsSetCannotBeCreated) {
  auto d = object::of(test::deployment(1));
  auto changed = after_failed_create(d, "web-1", "no", test::new_year());
  ASSERT_TRUE(changed);
  const auto& first = changed->as<Deployment>().status().conditions(0);
  EXPECT_EQ(first.reason(), "ReplicaSetCreateError");
  EXPECT_EQ(first.message(), "Failed to create new replica set \"web-1\": no");
}

TEST(DeploymentPlan, CopiesItsAnnotationsToTheSet) {
  auto d = test::deployment(1);
  auto& notes = *d.mutable_metadata()->mutable_annotations();
  notes["kubernetes.io/change-cause"] = "because";
  notes["kubectl.kubernetes.io/last-applied-configuration"] = "{}";
  stage s{d};
  s.step();
  const auto& copied = s.set(1).metadata().annotations();
  EXPECT_EQ(copied.at("kubernetes.io/change-cause"), "because");
  EXPECT_EQ(copied.count("kubectl.kubernetes.io/last-applied-configuration"),
            0u);
}
