#include "runtime/rules/replica_tally.hpp"
#include "tests/support/cluster_objects.hpp"

#include <gtest/gtest.h>

#include <random>
#include <vector>

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

object web(int replicas) {
  return object::of(test::replica_set(replicas));
}

void unready(core::v1::Pod& pod) {
  test::set_ready(pod, false, now);
}

void finish(core::v1::Pod& pod) {
  pod.mutable_status()->set_phase("Failed");
}

void relabel(core::v1::Pod& pod) {
  (*pod.mutable_metadata()->mutable_labels())["app"] = "other";
}

} // namespace

TEST(ReplicaTally, IsSettledOnceAllThatIsWishedIsThere) {
  auto set = web(2);
  replica_tally tally;
  EXPECT_FALSE(tally.is_settled(set));
  tally.begin(set, std::vector{owned_pod(set, "a")});
  EXPECT_FALSE(tally.is_settled(set));
  tally.change({}, owned_pod(set, "b", unready));
  EXPECT_TRUE(tally.is_settled(set));
  EXPECT_EQ(tally.counts(), (replica_counts{2, 2, 1, 1}));
  tally.change(owned_pod(set, "b", unready), owned_pod(set, "b"));
  EXPECT_EQ(tally.counts(), (replica_counts{2, 2, 2, 2}));
  tally.change(owned_pod(set, "a"), {});
  EXPECT_FALSE(tally.is_settled(set));
}

TEST(ReplicaTally, IsNotSettledWhereEachPodMatters) {
  auto set = web(1);
  replica_tally tally;
  tally.begin(set, std::vector{owned_pod(set, "a")});
  ASSERT_TRUE(tally.is_settled(set));
  tally.change({}, owned_pod(set, "stray", relabel));
  EXPECT_FALSE(tally.is_settled(set)) << "it must be released";
  auto slow = test::replica_set(1);
  slow.mutable_spec()->set_min_ready_seconds(5);
  auto patient = object::of(slow);
  tally.begin(patient, std::vector{owned_pod(patient, "a")});
  EXPECT_FALSE(tally.is_settled(patient)) << "time makes pods available";
}

TEST(ReplicaTally, IsNotSettledForASetThatJudgesInAnotherWay) {
  auto set = web(1);
  replica_tally tally;
  tally.begin(set, std::vector{owned_pod(set, "a")});
  auto changed = test::replica_set(1);
  changed.mutable_metadata()->set_generation(changed.metadata().generation()
                                             + 1);
  EXPECT_FALSE(tally.is_settled(object::of(changed)));
  auto deleted = test::replica_set(1);
  *deleted.mutable_metadata()->mutable_deletion_timestamp() = to_time(now);
  EXPECT_FALSE(tally.is_settled(object::of(deleted)));
}

TEST(ReplicaTally, CountsAsOneWhoLooksAtEachPod) {
  auto set = web(3);
  std::mt19937_64 random{11};
  std::vector<std::function<void(core::v1::Pod&)>> forms{
      {}, unready, finish, relabel};
  std::vector<object> pods;
  replica_tally tally;
  tally.begin(set, pods);
  for (int step = 0; step < 500; ++step) {
    auto name = "pod-" + std::to_string(random() % 8);
    auto known = std::find_if(pods.begin(), pods.end(),
                              [&](auto& x) { return x.name() == name; });
    object before = known == pods.end() ? object{} : *known;
    object after;
    if (random() % 4 != 0)
      after = owned_pod(set, name, forms[random() % forms.size()]);
    if (known != pods.end())
      pods.erase(known);
    if (after)
      pods.push_back(after);
    tally.change(before, after);
    auto plan = plan_replicas(
        set, pods, [&] { return pods; }, now);
    EXPECT_EQ(tally.counts(), count_replicas(set, plan.counted, now));
    auto idle = plan.created.empty() && plan.deleted.empty()
                && plan.released.empty() && plan.adopted.empty();
    EXPECT_EQ(tally.is_settled(set), idle) << plan.reason;
  }
}
