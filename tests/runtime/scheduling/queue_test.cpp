#include "runtime/scheduling/queue.hpp"
#include "tests/runtime/scheduling/makers.hpp"

#include <gtest/gtest.h>

namespace troupe::scheduling {

namespace {

using namespace std::chrono_literals;

pod_ptr with_priority(const std::string& name, int32_t priority) {
  auto pod = a_pod(name);
  pod.mutable_spec()->set_priority(priority);
  return make_pod_info(pod);
}

std::string next(scheduling_queue& queue, instant now = 0s) {
  auto pod = queue.pop(now);
  return pod ? pod->pod->name : "";
}

TEST(Queue, HighestPriorityComesFirstThenWhoCameFirst) {
  scheduling_queue queue;
  queue.put(with_priority("low", -5), 0s);
  queue.put(with_priority("first", 0), 0s);
  queue.put(with_priority("second", 0), 0s);
  queue.put(with_priority("high", 1000), 0s);
  for (auto name : {"high", "first", "second", "low", ""})
    EXPECT_EQ(next(queue), name);
}

TEST(Queue, BackOffDoublesFromOneSecondToTen) {
  instant expected[] = {0s, 1s, 2s, 4s, 8s, 10s, 10s};
  for (uint32_t i = 0; i < 7; ++i)
    EXPECT_EQ(back_off(i), expected[i]) << i;
}

TEST(Queue, WhoFailedBacksOff) {
  scheduling_queue queue;
  queue.put(make_pod_info(a_pod("a")), 0s);
  auto pod = queue.pop(5s);
  ASSERT_TRUE(pod);
  EXPECT_EQ(pod->attempts, 1u);
  queue.retry(*pod, 5s);
  EXPECT_EQ(queue.next_due(), 6s);
  EXPECT_FALSE(queue.pop(5999ms));
  pod = queue.pop(6s);
  ASSERT_TRUE(pod);
  EXPECT_EQ(pod->attempts, 2u);
  queue.retry(*pod, 6s);
  EXPECT_EQ(queue.next_due(), 8s);
}

TEST(Queue, WhoFitsNowhereWaitsForWhatHelps) {
  scheduling_queue queue;
  queue.put(make_pod_info(a_pod("a", "4")), 0s);
  auto pod = queue.pop(0s);
  pod->kept_out_by = only(filter::resources);
  queue.wait(*pod);
  EXPECT_EQ(queue.next_due(), std::nullopt);
  EXPECT_FALSE(queue.pop(1h));
  auto node = info_of(a_node("n"));
  node.add(*make_pod_info(a_pod("x", "1")));
  EXPECT_EQ(queue.wake(happening::pod_left, node, 1h), 0u);
  node.remove(*make_pod_info(a_pod("x", "1")));
  EXPECT_EQ(queue.wake(happening::pod_left, node, 1h), 1u);
  EXPECT_EQ(next(queue, 1h), "a");
}

TEST(Queue, WhoIsWokenEarlyStillBacksOff) {
  scheduling_queue queue;
  queue.put(make_pod_info(a_pod("a")), 0s);
  queue.wait(*queue.pop(0s));
  EXPECT_EQ(queue.wake(happening::node_added, info_of(a_node("n")), 1ms), 1u);
  EXPECT_EQ(next(queue, 1ms), "");
  EXPECT_EQ(queue.next_due(), 1s);
  EXPECT_EQ(next(queue, 1s), "a");
}

TEST(Queue, AnUpdateWakesAPodOnlyIfItsNeedsChanged) {
  scheduling_queue queue;
  auto pod = a_pod("a", "4");
  queue.put(make_pod_info(pod), 0s);
  queue.wait(*queue.pop(0s));
  pod.mutable_status()->add_conditions()->set_type("PodScheduled");
  queue.put(make_pod_info(pod), 2s);
  EXPECT_EQ(next(queue, 2s), "");
  pod.mutable_spec()->add_tolerations()->set_key("k");
  queue.put(make_pod_info(pod), 2s);
  EXPECT_EQ(next(queue, 2s), "a");
}

TEST(Queue, APodOfTheSameNameCreatedAnewStartsAnew) {
  scheduling_queue queue;
  auto pod = a_pod("a");
  queue.put(make_pod_info(pod), 0s);
  queue.retry(*queue.pop(0s), 0s);
  pod.mutable_metadata()->set_uid("another");
  queue.put(make_pod_info(pod), 0s);
  auto again = queue.pop(0s);
  ASSERT_TRUE(again);
  EXPECT_EQ(again->attempts, 1u);
}

TEST(Queue, GatedPodsStayOut) {
  scheduling_queue queue;
  auto pod = a_pod("a");
  pod.mutable_spec()->add_scheduling_gates()->set_name("wait");
  queue.put(make_pod_info(pod), 0s);
  EXPECT_EQ(queue.size(), 0u);
  pod.mutable_spec()->clear_scheduling_gates();
  queue.put(make_pod_info(pod), 0s);
  EXPECT_EQ(next(queue), "a");
}

TEST(Queue, ErasedPodsAreGoneWhereverTheyWere) {
  scheduling_queue queue;
  for (auto name : {"a", "b", "c"})
    queue.put(make_pod_info(a_pod(name)), 0s);
  queue.wait(*queue.pop(0s));
  queue.retry(*queue.pop(0s), 0s);
  EXPECT_EQ(queue.active(), 1u);
  EXPECT_EQ(queue.backing_off(), 1u);
  EXPECT_EQ(queue.unschedulable(), 1u);
  for (auto key : {"default/a", "default/b", "default/c"})
    queue.erase(key);
  EXPECT_EQ(queue.size(), 0u);
  EXPECT_EQ(queue.active() + queue.backing_off() + queue.unschedulable(), 0u);
}

TEST(Queue, WhoComesBackMeetsItsNewerVersion) {
  scheduling_queue queue;
  auto pod = a_pod("a", "1");
  queue.put(make_pod_info(pod), 0s);
  auto taken = queue.pop(0s);
  queue.put(make_pod_info(a_pod("a", "2")), 0s);
  queue.retry(*taken, 0s);
  EXPECT_EQ(queue.size(), 1u);
  EXPECT_EQ(queue.pop(1s)->pod->request.milli_cpu, 2000);
}

} // namespace

} // namespace troupe::scheduling
