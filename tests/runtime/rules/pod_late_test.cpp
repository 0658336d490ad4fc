#include "messages/api/core_pod.pb.h"
#include "runtime/rules/pod_late.hpp"
#include "runtime/rules/pod_lifecycle.hpp"
#include "runtime/rules/pod_status.hpp"
#include "runtime/rules/pod_subresources.hpp"

#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

namespace troupe::rules {

namespace {

using core::v1::Pod;

Pod pod_of(const std::string& spec) {
  Pod pod;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(
      "metadata { name: 'web' uid: 'u1' generation: 4 } spec { " + spec + " }",
      &pod));
  return pod;
}

constexpr auto main_only = "containers { name: 'web' }";

constexpr auto with_one = R"(containers { name: 'web' }
  ephemeral_containers { ephemeral_container_common { name: 'look'
    image: 'busybox' command: 'sh' stdin: true } })";

constexpr auto with_two = R"(containers { name: 'web' }
  ephemeral_containers { ephemeral_container_common { name: 'again' } }
  ephemeral_containers { ephemeral_container_common { name: 'look' } })";

Pod on_node(const std::string& spec, const Pod& before = {}) {
  return with_late_containers(pod_of(spec), before);
}

/// Does all that is due, each at once and with success.
std::string play(const Pod& pod, pod_state& s, time_point now) {
  std::string trace;
  for (;;) {
    auto plan = advance(pod, s, now);
    if (plan.actions.empty())
      return trace;
    for (const auto& action : plan.actions) {
      trace += to_text(pod, action) + "\n";
      auto i = action.container;
      if (action.what == pod_act::prepare_volumes)
        on_volumes_ready(s);
      else if (action.what == pod_act::run_sandbox)
        on_sandbox_ready(s, "box", {"10.0.0.7"});
      else if (action.what == pod_act::pull_image)
        on_pulled(s, i, "image");
      else if (action.what == pod_act::create_container)
        on_created(s, i, "id" + std::to_string(i));
      else if (action.what == pod_act::start_container)
        on_started(pod, s, i, now);
    }
  }
}

void end(pod_state& s, size_t i, int32_t code) {
  container_end how;
  how.id = s.containers[i].id;
  how.exit_code = code;
  how.reason = code == 0 ? "Completed" : "Error";
  on_exited(s, i, std::move(how));
}

const time_point start = time_point{} + seconds{1000};

} // namespace

TEST(PodLate, RunsAsAContainerBehindTheMainOnes) {
  auto pod = on_node(with_one);
  ASSERT_EQ(pod.spec().containers_size(), 2);
  EXPECT_EQ(pod.spec().containers(1).image(), "busybox");
  EXPECT_EQ(pod.spec().containers(1).command(0), "sh");
  EXPECT_TRUE(pod.spec().containers(1).stdin());
  EXPECT_FALSE(is_late(pod, 0));
  EXPECT_TRUE(is_late(pod, 1));
}

TEST(PodLate, KeepsItsNumberWhenOthersJoinBeforeIt) {
  auto pod = on_node(with_two, on_node(with_one));
  ASSERT_EQ(pod.spec().containers_size(), 3);
  EXPECT_EQ(pod.spec().containers(1).name(), "look");
  EXPECT_EQ(pod.spec().containers(2).name(), "again");
}

TEST(PodLate, StartsInAPodThatRuns) {
  auto pod = on_node(main_only);
  auto state = new_pod_state(pod, start);
  play(pod, state, start);
  pod = on_node(with_one, pod);
  welcome(pod, state);
  EXPECT_EQ(play(pod, state, start), "look: pull\nlook: create\nlook: start\n");
  auto status = pod_status(pod, state, {"n1", {}, "process"}, start);
  EXPECT_EQ(status.phase(), "Running");
  EXPECT_EQ(status.container_statuses_size(), 1);
  ASSERT_EQ(status.ephemeral_container_statuses_size(), 1);
  auto& told = status.ephemeral_container_statuses(0);
  EXPECT_EQ(told.name(), "look");
  EXPECT_TRUE(told.state().has_running());
  EXPECT_FALSE(told.ready());
  EXPECT_FALSE(told.has_started());
  for (auto& each : status.conditions())
    EXPECT_EQ(each.status(), "True") << each.type();
}

TEST(PodLate, IsNotStartedAgainAndFailsNobody) {
  auto pod = on_node(with_one);
  auto state = new_pod_state(pod, start);
  play(pod, state, start);
  end(state, 1, 1);
  EXPECT_EQ(play(pod, state, start), "");
  auto status = pod_status(pod, state, {"n1", {}, "process"}, start);
  EXPECT_EQ(status.phase(), "Running");
  EXPECT_EQ(
      status.ephemeral_container_statuses(0).state().terminated().exit_code(),
      1);
}

TEST(PodLate, DoesNotKeepAPodThatHasDoneItsWork) {
  auto pod = on_node(std::string{with_one} + "restart_policy: 'Never'");
  auto state = new_pod_state(pod, start);
  play(pod, state, start);
  end(state, 0, 0);
  auto plan = advance(pod, state, start);
  ASSERT_EQ(plan.actions.size(), 1u);
  EXPECT_EQ(to_text(pod, plan.actions[0]), "look: stop, grace 0s");
}

TEST(PodLate, IsNotTheContainerThatIsMeantWhereNoneIsNamed) {
  auto pod = on_node(with_one);
  auto chosen = choose_container(pod, "");
  ASSERT_TRUE(chosen);
  EXPECT_EQ(*chosen, "web");
  EXPECT_EQ(*choose_container(pod, "look"), "look");
  EXPECT_EQ(qos_class(pod), "BestEffort");
}

TEST(PodLate, IsAllThatItsSubresourceChanges) {
  auto old = pod_of(main_only);
  auto next = pod_of(std::string{with_one} + "node_name: 'elsewhere'");
  next.mutable_metadata()->set_resource_version("7");
  (*next.mutable_metadata()->mutable_labels())["a"] = "b";
  prepare_for_late_containers(next, old);
  EXPECT_EQ(next.spec().ephemeral_containers_size(), 1);
  EXPECT_EQ(next.spec().node_name(), "");
  EXPECT_TRUE(next.metadata().labels().empty());
  EXPECT_EQ(next.metadata().resource_version(), "7");
  EXPECT_EQ(next.metadata().generation(), 5);
  prepare_for_late_containers(old, old);
  EXPECT_EQ(old.metadata().generation(), 4);
}

} // namespace troupe::rules
