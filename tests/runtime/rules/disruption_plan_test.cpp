#include "messages/api/policy.pb.h"
#include "runtime/rules/disruption_plan.hpp"
#include "runtime/text/int_or_string.hpp"
#include "tests/support/cluster_objects.hpp"

#include <gtest/gtest.h>

namespace troupe::rules {

namespace {

using namespace std::chrono_literals;
using policy::v1::PodDisruptionBudget;

const auto now = test::new_year() + 1h;

PodDisruptionBudget budget(const std::string& min, const std::string& max) {
  PodDisruptionBudget result;
  auto& meta = *result.mutable_metadata();
  meta.set_name("guard");
  meta.set_namespace_("default");
  meta.set_generation(1);
  auto& spec = *result.mutable_spec();
  (*spec.mutable_selector()->mutable_match_labels())["app"] = "web";
  if (!min.empty())
    *spec.mutable_min_available() = text::parse_int_or_string(min);
  if (!max.empty())
    *spec.mutable_max_unavailable() = text::parse_int_or_string(max);
  return result;
}

/// Pods of one set, some of them not ready.
struct crowd {
  object set;
  object above;
  std::vector<object> pods;

  crowd(int replicas, int ready, int unready) {
    auto owner = test::replica_set(replicas);
    owner.mutable_metadata()->set_uid("set");
    set = object::of(owner);
    for (int i = 0; i < ready + unready; ++i) {
      auto pod = test::pod("web-" + std::to_string(i));
      test::own(*pod.mutable_metadata(), set);
      if (i >= ready)
        test::set_ready(pod, false, test::new_year());
      pods.push_back(object::of(pod));
    }
  }

  owner_finder finder() const {
    return [this](const std::string&, const std::string& kind,
                  const std::string&, const std::string& uid) {
      for (auto& each : {set, above})
        if (each && each.kind().kind == kind && each.uid() == uid)
          return each;
      return object{};
    };
  }

  disruption_plan plan(const PodDisruptionBudget& x) const {
    return plan_disruptions(object::of(x), pods, finder(), now);
  }
};

const policy::v1::PodDisruptionBudgetStatus&
status_of(const disruption_plan& plan) {
  return plan.status->as<PodDisruptionBudget>().status();
}

const meta::v1::Condition& condition_of(const disruption_plan& plan) {
  return status_of(plan).conditions(0);
}

} // namespace

TEST(Disruptions, AreCountedAsKubernetesDoes) {
  struct {
    const char* min;
    const char* max;
    int replicas, ready, unready;
    int allowed, desired, expected;
  } cases[] = {
      {"2", "", 3, 3, 0, 1, 2, 3},
      {"2", "", 3, 2, 1, 0, 2, 3},
      {"2", "", 3, 1, 2, 0, 2, 3},
      {"5", "", 3, 3, 0, 0, 5, 3},
      {"0", "", 3, 3, 0, 3, 0, 3},
      {"50%", "", 3, 3, 0, 1, 2, 3}, // 1.5 is rounded up
      {"100%", "", 3, 3, 0, 0, 3, 3},
      {"", "1", 3, 3, 0, 1, 2, 3},
      {"", "1", 3, 2, 1, 0, 2, 3},
      {"", "30%", 10, 10, 0, 3, 7, 10},
      {"", "25%", 3, 3, 0, 1, 2, 3}, // 0.75 is rounded up
      {"", "1", 5, 3, 0, 0, 4, 5},   // of what is asked for, not of what is
      {"", "9", 3, 3, 0, 3, 0, 3},
      {"", "", 3, 3, 0, 0, 0, 0},
  };
  for (auto& c : cases) {
    SCOPED_TRACE(std::string{c.min} + "|" + c.max);
    crowd web{c.replicas, c.ready, c.unready};
    auto plan = web.plan(budget(c.min, c.max));
    ASSERT_TRUE(plan.status);
    auto& status = status_of(plan);
    EXPECT_EQ(status.disruptions_allowed(), c.allowed);
    EXPECT_EQ(status.desired_healthy(), c.desired);
    EXPECT_EQ(status.expected_pods(), c.expected);
    EXPECT_EQ(status.current_healthy(), c.ready);
    EXPECT_EQ(status.observed_generation(), 1);
    EXPECT_EQ(condition_of(plan).type(), "DisruptionAllowed");
    EXPECT_EQ(condition_of(plan).status(), c.allowed > 0 ? "True" : "False");
    EXPECT_EQ(condition_of(plan).reason(),
              c.allowed > 0 ? "SufficientPods" : "InsufficientPods");
  }
}

TEST(Disruptions, ADeploymentDecidesForItsSets) {
  crowd web{2, 2, 0};
  auto deployment = test::deployment(6);
  deployment.mutable_metadata()->set_uid("deployment");
  web.above = object::of(deployment);
  auto set = web.set.copy<apps::v1::ReplicaSet>();
  test::own(*set.mutable_metadata(), web.above);
  web.set = object::of(set);
  EXPECT_EQ(status_of(web.plan(budget("", "50%"))).expected_pods(), 6);
}

TEST(Disruptions, NothingMayGoWhereNobodyCanTell) {
  crowd web{3, 3, 0};
  auto gone = web.set;
  web.set = object{};
  auto plan = web.plan(budget("", "1"));
  ASSERT_TRUE(plan.status);
  EXPECT_EQ(status_of(plan).disruptions_allowed(), 0);
  EXPECT_EQ(condition_of(plan).reason(), "SyncFailed");
  EXPECT_EQ(condition_of(plan).message(),
            "found no controllers for pod \"web-0\"");
  EXPECT_EQ(plan.events[0].reason, "CalculateExpectedPodCountFailed");
  // A number of pods needs no controller.
  EXPECT_EQ(status_of(web.plan(budget("1", ""))).disruptions_allowed(), 2);
}

TEST(Disruptions, PodsWithoutControllerAreToldOf) {
  crowd web{3, 3, 0};
  web.pods.push_back(object::of(test::pod("alone")));
  auto plan = web.plan(budget("", "1"));
  ASSERT_EQ(plan.events.size(), 1u);
  EXPECT_EQ(plan.events[0].reason, "UnmanagedPods");
  EXPECT_EQ(status_of(plan).expected_pods(), 3);
}

TEST(Disruptions, NoPodsIsToldOf) {
  crowd web{3, 0, 0};
  auto plan = web.plan(budget("1", ""));
  ASSERT_EQ(plan.events.size(), 1u);
  EXPECT_EQ(plan.events[0].message, "No matching pods found");
  EXPECT_EQ(status_of(plan).disruptions_allowed(), 0);
}

TEST(Disruptions, AnEvictedPodCountsAsGoneForTwoMinutes) {
  crowd web{4, 4, 0};
  auto x = budget("2", "");
  auto& evicted = *x.mutable_status()->mutable_disrupted_pods();
  evicted["web-0"] = to_time(now - 1min);
  evicted["web-1"] = to_time(now - 3min); // never went
  evicted["web-9"] = to_time(now);        // is gone
  auto plan = web.plan(x);
  EXPECT_EQ(status_of(plan).disrupted_pods_size(), 1);
  EXPECT_TRUE(status_of(plan).disrupted_pods().contains("web-0"));
  EXPECT_EQ(status_of(plan).current_healthy(), 3);
  EXPECT_EQ(plan.look_again, now + 1min);
}

TEST(Disruptions, WritesNothingWhereNothingChanged) {
  crowd web{3, 3, 0};
  auto plan = web.plan(budget("2", ""));
  auto again = web.plan(plan.status->copy<PodDisruptionBudget>());
  EXPECT_FALSE(again.status);
  EXPECT_EQ(again.reason, "allows 1 disruptions: 3 of 3 expected pods are "
                          "healthy, 2 must be");
}

namespace {

struct Eviction : ::testing::Test {
  PodDisruptionBudget guard = budget("2", "");
  core::v1::Pod pod = test::pod("web-0");

  Eviction() {
    auto& status = *guard.mutable_status();
    status.set_observed_generation(1);
    status.set_disruptions_allowed(1);
    status.set_current_healthy(3);
    status.set_desired_healthy(2);
    status.set_expected_pods(3);
  }

  expected<eviction_plan> plan() {
    std::vector budgets{object::of(guard)};
    return plan_eviction(object::of(pod), budgets, now);
  }
};

} // namespace

TEST_F(Eviction, IsPaidByTheBudget) {
  auto found = plan();
  ASSERT_TRUE(found);
  ASSERT_TRUE(found->budget);
  auto& status = found->budget->as<PodDisruptionBudget>().status();
  EXPECT_EQ(status.disruptions_allowed(), 0);
  EXPECT_EQ(from_time(status.disrupted_pods().at("web-0")), now);
  EXPECT_EQ(status.conditions(0).reason(), "InsufficientPods");
}

TEST_F(Eviction, IsRefusedInKubernetesWords) {
  guard.mutable_status()->set_disruptions_allowed(0);
  guard.mutable_status()->set_current_healthy(2);
  auto found = plan();
  ASSERT_FALSE(found);
  auto status = to_status(found.error());
  EXPECT_EQ(status.code(), 429);
  EXPECT_EQ(status.reason(), "TooManyRequests");
  EXPECT_EQ(status.message(), "Cannot evict pod as it would violate the pod's "
                              "disruption budget.");
  EXPECT_EQ(status.details().causes(0).reason(), "DisruptionBudget");
  EXPECT_EQ(status.details().causes(0).message(),
            "The disruption budget guard needs 2 healthy pods and has 2 "
            "currently");
}

TEST_F(Eviction, WaitsForABudgetThatIsNotCountedYet) {
  guard.mutable_metadata()->set_generation(2);
  auto found = plan();
  ASSERT_FALSE(found);
  EXPECT_EQ(to_status(found.error()).details().retry_after_seconds(), 10);
}

TEST_F(Eviction, IsFreeForPodsThatServeNobody) {
  guard.mutable_status()->set_disruptions_allowed(0);
  for (auto phase : {"Pending", "Succeeded", "Failed"}) {
    pod.mutable_status()->set_phase(phase);
    auto found = plan();
    ASSERT_TRUE(found) << phase;
    EXPECT_FALSE(found->budget);
  }
  pod.mutable_status()->set_phase("Running");
  EXPECT_FALSE(plan());
  *pod.mutable_metadata()->mutable_deletion_timestamp() = to_time(now);
  EXPECT_TRUE(plan());
}

TEST_F(Eviction, OfAPodThatIsNotReadyFollowsThePolicy) {
  guard.mutable_status()->set_disruptions_allowed(0);
  test::set_ready(pod, false, test::new_year());
  EXPECT_TRUE(plan()) << "the budget is kept without it";
  guard.mutable_status()->set_current_healthy(1);
  EXPECT_FALSE(plan());
  guard.mutable_spec()->set_unhealthy_pod_eviction_policy("AlwaysAllow");
  EXPECT_TRUE(plan());
}

TEST_F(Eviction, NeedsNoBudgetOfOthers) {
  guard.mutable_status()->set_disruptions_allowed(0);
  guard.mutable_metadata()->set_namespace_("other");
  EXPECT_TRUE(plan());
  guard.mutable_metadata()->set_namespace_("default");
  (*guard.mutable_spec()->mutable_selector()->mutable_match_labels())["x"] =
      "y";
  EXPECT_TRUE(plan());
  guard.mutable_spec()->mutable_selector()->clear_match_labels();
  EXPECT_FALSE(plan()) << "an empty selector is for all pods";
  guard.mutable_spec()->clear_selector();
  EXPECT_TRUE(plan());
}

TEST_F(Eviction, OfAPodWithSeveralBudgetsIsAnError) {
  std::vector budgets{object::of(guard), object::of(guard)};
  auto found = plan_eviction(object::of(pod), budgets, now);
  ASSERT_FALSE(found);
  EXPECT_TRUE(is(found.error(), ec::internal_error));
}

} // namespace troupe::rules
