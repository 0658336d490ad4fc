#include "runtime/rules/deletion_rank.hpp"
#include "runtime/rules/ownership.hpp"
#include "runtime/rules/replicaset_plan.hpp"
#include "tests/support/cluster_objects.hpp"

#include <gtest/gtest.h>

#include <regex>
#include <set>

using namespace troupe;
using namespace troupe::rules;
using namespace std::chrono_literals;

namespace {

const auto now = test::new_year() + 1h;

object owned_pod(const object& set, const std::string& name,
                 const std::function<void(core::v1::Pod&)>& change = {}) {
  auto pod = test::pod(name);
  test::own(*pod.mutable_metadata(), set);
  if (change)
    change(pod);
  return object::of(pod);
}

object web(int replicas = 3) {
  return object::of(test::replica_set(replicas));
}

replica_plan plan(const object& set, const std::vector<object>& pods) {
  return plan_replicas(
      set, pods, [&] { return pods; }, now);
}

std::vector<std::string> names(const std::vector<object>& list) {
  std::vector<std::string> result;
  for (const auto& each : list)
    result.push_back(each.name());
  return result;
}

using list = std::vector<std::string>;

} // namespace

TEST(ReplicaSetPlan, CreatesWhatIsMissing) {
  auto set = web();
  auto todo = plan(set, {owned_pod(set, "web-1")});
  ASSERT_EQ(todo.created.size(), 2u);
  EXPECT_TRUE(todo.deleted.empty());
  EXPECT_EQ(todo.reason, "wants 3 pods, has 1: creates 2");
  const auto& pod = todo.created[0].as<core::v1::Pod>();
  EXPECT_EQ(pod.metadata().generate_name(), "web-");
  EXPECT_EQ(pod.metadata().namespace_(), "default");
  EXPECT_EQ(pod.metadata().labels().at("app"), "web");
  EXPECT_EQ(pod.spec().containers(0).image(), "web:1");
  const auto* owner = controller_of(pod.metadata());
  ASSERT_NE(owner, nullptr);
  EXPECT_EQ(owner->kind(), "ReplicaSet");
  EXPECT_EQ(owner->api_version(), "apps/v1");
  EXPECT_EQ(owner->uid(), set.uid());
  EXPECT_TRUE(owner->block_owner_deletion());
}

TEST(ReplicaSetPlan, NamesLookLikeThoseOfKubernetes) {
  for (const auto& pod : plan(web(50), {}).created)
    EXPECT_TRUE(std::regex_match(
        pod.name(), std::regex{"web-[bcdfghjklmnpqrstvwxz2456789]{5}"}))
        << pod.name();
}

TEST(ReplicaSetPlan, RepeatsTheNamesOfARepeatedDecision) {
  EXPECT_EQ(names(plan(web(), {}).created), names(plan(web(), {}).created));
}

TEST(ReplicaSetPlan, NamesDifferOnceTheSetWasWritten) {
  auto later = web().with_revision(101);
  std::set<std::string> all;
  for (const auto& set : {web(500), web(500).with_revision(101)})
    for (const auto& name : names(plan(set, {}).created))
      all.insert(name);
  EXPECT_EQ(all.size(), 1000u);
}

TEST(ReplicaSetPlan, AvoidsNamesThatAreTaken) {
  auto set = web();
  auto first = plan(set, {});
  auto dying = first.created[0].copy<core::v1::Pod>();
  dying.mutable_metadata()->mutable_deletion_timestamp()->set_seconds(1);
  auto todo = plan(set, {object::of(dying)});
  ASSERT_EQ(todo.created.size(), 3u);
  for (const auto& name : names(todo.created))
    EXPECT_NE(name, first.created[0].name());
}

TEST(ReplicaSetPlan, CutsALongNameToFitALabel) {
  auto set = test::replica_set(1);
  set.mutable_metadata()->set_name(std::string(80, 'x'));
  EXPECT_EQ(plan(object::of(set), {}).created[0].name().size(), 63u);
}

TEST(ReplicaSetPlan, CreatesFiveHundredAtOnceAtMost) {
  EXPECT_EQ(plan(web(700), {}).created.size(), 500u);
}

TEST(ReplicaSetPlan, FinishedAndDyingPodsDoNotCount) {
  auto set = web(2);
  auto todo = plan(
      set,
      {owned_pod(set, "a",
                 [](auto& p) { p.mutable_status()->set_phase("Failed"); }),
       owned_pod(set, "b", [](auto& p) {
         p.mutable_metadata()->mutable_deletion_timestamp()->set_seconds(1);
       })});
  EXPECT_EQ(todo.created.size(), 2u);
}

TEST(ReplicaSetPlan, AdoptsBarePodsThatMatchBeforeAnythingElse) {
  auto bare = object::of(test::pod("bare"));
  auto todo = plan(web(), {bare});
  EXPECT_EQ(names(todo.adopted), list{"bare"});
  EXPECT_TRUE(todo.created.empty());
  EXPECT_TRUE(controlled_by(todo.adopted[0].meta(), web()));
}

TEST(ReplicaSetPlan, LeavesPodsOfOthersAlone) {
  auto other = test::replica_set();
  other.mutable_metadata()->set_uid("other");
  auto pod = owned_pod(object::of(other), "a");
  auto todo = plan(web(1), {pod});
  EXPECT_TRUE(todo.adopted.empty());
  EXPECT_EQ(todo.created.size(), 1u);
}

TEST(ReplicaSetPlan, ReleasesPodsThatNoLongerMatch) {
  auto set = web(1);
  auto strayed = owned_pod(set, "a", [](auto& p) {
    p.mutable_metadata()->mutable_labels()->clear();
  });
  auto todo = plan(set, {strayed});
  ASSERT_EQ(names(todo.released), list{"a"});
  EXPECT_EQ(controller_of(todo.released[0].meta()), nullptr);
}

TEST(ReplicaSetPlan, NeitherAdoptsNorReplacesWhileItIsBeingDeleted) {
  auto set = test::replica_set();
  set.mutable_metadata()->mutable_deletion_timestamp()->set_seconds(1);
  auto todo = plan(object::of(set), {object::of(test::pod("bare"))});
  EXPECT_TRUE(todo.adopted.empty());
  EXPECT_TRUE(todo.created.empty());
}

TEST(ReplicaSetPlan, ASetWithoutRequirementsOwnsNothing) {
  auto set = test::replica_set(0);
  set.mutable_spec()->clear_selector();
  auto todo = plan(object::of(set), {object::of(test::pod("bare"))});
  EXPECT_TRUE(todo.adopted.empty());
}

TEST(ReplicaSetPlan, DeletesTheSurplus) {
  auto set = web(1);
  auto todo = plan(
      set, {owned_pod(set, "ready"), owned_pod(set, "not-ready", [](auto& p) {
              test::set_ready(p, false, test::new_year());
            })});
  EXPECT_EQ(names(todo.deleted), list{"not-ready"});
}

TEST(ReplicaSetPlan, WorksForReplicationControllers) {
  core::v1::ReplicationController rc;
  rc.mutable_metadata()->set_name("web");
  rc.mutable_metadata()->set_namespace_("default");
  rc.mutable_metadata()->set_uid("uid-rc");
  rc.mutable_spec()->set_replicas(2);
  (*rc.mutable_spec()->mutable_selector())["app"] = "web";
  *rc.mutable_spec()->mutable_template_() =
      test::replica_set().spec().template_();
  auto todo = plan(object::of(rc), {});
  ASSERT_EQ(todo.created.size(), 2u);
  EXPECT_EQ(controller_of(todo.created[0].meta())->kind(),
            "ReplicationController");
}

TEST(ReplicaSetPlan, LooksAgainWhenMinReadySecondsAreOver) {
  auto typed = test::replica_set(1);
  typed.mutable_spec()->set_min_ready_seconds(30);
  auto set = object::of(typed);
  auto pod =
      owned_pod(set, "a", [](auto& p) { test::set_ready(p, true, now - 10s); });
  EXPECT_EQ(plan(set, {pod}).look_again, now + 20s);
}

TEST(ReplicaSetStatus, CountsReadyAvailableAndLabelled) {
  auto typed = test::replica_set(3);
  typed.mutable_metadata()->set_generation(7);
  typed.mutable_spec()->set_min_ready_seconds(30);
  (*typed.mutable_spec()
        ->mutable_template_()
        ->mutable_metadata()
        ->mutable_labels())["extra"] = "x";
  auto set = object::of(typed);
  std::vector<object> pods{
      owned_pod(set, "long-ready"),
      owned_pod(set, "just-ready",
                [](auto& p) { test::set_ready(p, true, now - 10s); }),
      owned_pod(set, "labelled", [](auto& p) {
        (*p.mutable_metadata()->mutable_labels())["extra"] = "x";
        test::set_ready(p, false, now);
      })};
  auto counts = count_replicas(set, pods, now);
  auto result = replica_status(set, counts, {}, now);
  ASSERT_TRUE(result);
  const auto& status = result->as<apps::v1::ReplicaSet>().status();
  EXPECT_EQ(status.replicas(), 3);
  EXPECT_EQ(status.ready_replicas(), 2);
  EXPECT_EQ(status.available_replicas(), 1);
  EXPECT_EQ(status.fully_labeled_replicas(), 1);
  EXPECT_EQ(status.observed_generation(), 7);
  EXPECT_FALSE(replica_status(*result, counts, {}, now));
}

TEST(ReplicaSetStatus, TellsAFailureUntilItIsOver) {
  auto set = web(1);
  auto failed = replica_status(set, {}, {"FailedCreate", "no room"}, now);
  ASSERT_TRUE(failed);
  const auto& status = failed->as<apps::v1::ReplicaSet>().status();
  ASSERT_EQ(status.conditions_size(), 1);
  EXPECT_EQ(status.conditions(0).type(), "ReplicaFailure");
  EXPECT_EQ(status.conditions(0).status(), "True");
  EXPECT_EQ(status.conditions(0).reason(), "FailedCreate");
  EXPECT_EQ(status.conditions(0).message(), "no room");
  EXPECT_FALSE(replica_status(*failed, {}, {"FailedCreate", "other"}, now));
  auto healed = replica_status(*failed, {}, {}, now);
  ASSERT_TRUE(healed);
  EXPECT_EQ(healed->as<apps::v1::ReplicaSet>().status().conditions_size(), 0);
}

TEST(SlowStart, DoublesUpToWhatRemains) {
  slow_start batches;
  EXPECT_EQ(batches.next(10), 1u);
  EXPECT_EQ(batches.next(9), 2u);
  EXPECT_EQ(batches.next(7), 4u);
  EXPECT_EQ(batches.next(3), 3u);
}

namespace {

struct rank_case {
  const char* rule;
  std::function<void(core::v1::Pod&)> first;
  std::function<void(core::v1::Pod&)> second;
};

void cost(core::v1::Pod& pod, const char* value) {
  (*pod.mutable_metadata()
        ->mutable_annotations())["controller.kubernetes.io/pod-deletion-cost"] =
      value;
}

} // namespace

TEST(DeletionRank, FollowsTheOrderOfKubernetes) {
  auto unready = [](auto& p) { test::set_ready(p, false, now - 1h); };
  std::vector<rank_case> cases{
      {"without a node before with one",
       [](auto& p) { p.mutable_spec()->set_node_name(""); },
       [&](auto& p) {
         p.mutable_status()->set_phase("Pending");
         unready(p);
       }},
      {"pending before unknown",
       [](auto& p) { p.mutable_status()->set_phase("Pending"); },
       [](auto& p) { p.mutable_status()->set_phase("Unknown"); }},
      {"unknown before running",
       [](auto& p) { p.mutable_status()->set_phase("Unknown"); },
       [&](auto& p) { unready(p); }},
      {"not ready before ready", unready, [](auto& p) { cost(p, "-5"); }},
      {"cheap before dear", [](auto& p) { cost(p, "-1"); },
       [](auto& p) { p.mutable_spec()->set_node_name("crowded"); }},
      {"on the fuller node",
       [](auto& p) { p.mutable_spec()->set_node_name("crowded"); },
       [](auto& p) { test::set_ready(p, true, now - 1s); }},
      {"ready for less time first",
       [](auto& p) { test::set_ready(p, true, now - 10s); },
       [](auto& p) {
         p.mutable_status()->add_container_statuses()->set_restart_count(9);
       }},
      {"more restarts first",
       [](auto& p) {
         p.mutable_status()->add_container_statuses()->set_restart_count(2);
       },
       [](auto& p) {
         *p.mutable_metadata()->mutable_creation_timestamp() =
             to_time(now - 10s);
       }},
      {"younger first",
       [](auto& p) {
         *p.mutable_metadata()->mutable_creation_timestamp() =
             to_time(now - 10s);
       },
       [](auto&) {}},
      {"a cost that is no number counts as none",
       [](auto& p) { cost(p, "-1"); }, [](auto& p) { cost(p, "-9x"); }},
  };
  for (const auto& each : cases) {
    auto first = test::pod("zz");
    auto second = test::pod("aa");
    each.first(first);
    each.second(second);
    std::vector<object> pods{object::of(second), object::of(first)};
    auto ranked = rank_for_deletion(pods, {{"crowded", 3}, {"node-1", 1}}, now);
    EXPECT_EQ(ranked[0].name(), "zz") << each.rule;
  }
}

TEST(DeletionRank, AgesOfTheSameMagnitudeAreAlike) {
  auto a = test::pod("a");
  auto b = test::pod("b");
  test::set_ready(a, true, now - 1000s);
  test::set_ready(b, true, now - 900s);
  std::vector<object> pods{object::of(b), object::of(a)};
  EXPECT_EQ(rank_for_deletion(pods, {}, now)[0].name(), "a");
}
