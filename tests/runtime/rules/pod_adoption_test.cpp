#include "messages/api/core_pod.pb.h"
#include "messages/container.pb.h"
#include "runtime/rules/pod_adoption.hpp"
#include "runtime/rules/pod_lifecycle.hpp"
#include "runtime/rules/pod_status.hpp"

#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

using namespace troupe;
using namespace troupe::rules;
using namespace std::chrono_literals;

namespace {

template <class T>
T parsed(const std::string& text) {
  T msg;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &msg));
  return msg;
}

const char* web = "metadata { name: 'web' namespace: 'default' uid: 'u1' } "
                  "spec { termination_grace_period_seconds: 30 containers { "
                  "name: 'web' } } ";

const time_point now = time_point{} + 5000s;

std::vector<std::string> next(const core::v1::Pod& pod, pod_state& state) {
  std::vector<std::string> acts;
  for (const auto& action : advance(pod, state, now).actions)
    acts.push_back(to_text(pod, action));
  return acts;
}

} // namespace

TEST(PodAdoption, BeginsAnewWithAPodThatNobodyKnows) {
  auto pod = parsed<core::v1::Pod>(web);
  auto state = adopt_pod(pod, {}, now);
  EXPECT_EQ(state.start_time, now);
  EXPECT_EQ(next(pod, state), (std::vector<std::string>{"prepare volumes"}));
}

TEST(PodAdoption, TakesOverWhatRuns) {
  auto pod = parsed<core::v1::Pod>(
      std::string{web}
      + "status { start_time { seconds: 40 } conditions { type: 'Ready' "
        "status: "
        "'True' last_transition_time { seconds: 77 } } }");
  auto seen = parsed<container::State>(
      "sandboxes { id: 'box' uid: 'u1' attempt: 2 state: READY address: "
      "'10.0.0.7' } containers { id: 'c4' sandbox_id: 'box' name: 'web' "
      "attempt: 4 state: RUNNING started_at: 4000000000000 image_ref: 'sha' } "
      "containers { id: 'c3' sandbox_id: 'box' name: 'web' attempt: 3 state: "
      "EXITED exit_code: 9 reason: 'Error' }");
  auto state = adopt_pod(pod, seen, now);
  EXPECT_EQ(state.sandbox, sandbox_step::ready);
  EXPECT_EQ(state.ips, (std::vector<std::string>{"10.0.0.7"}));
  EXPECT_TRUE(state.initialized);
  const auto& c = state.containers[0];
  EXPECT_EQ(c.step, container_step::running);
  EXPECT_EQ(c.id, "c4");
  EXPECT_EQ(c.restarts, 4u);
  EXPECT_EQ(c.last->exit_code, 9);
  EXPECT_TRUE(c.ready);
  EXPECT_EQ(c.crash_delay, 80s);
  EXPECT_EQ(state.is_ready.since, time_point{} + 77s);
  on_volumes_ready(state);
  EXPECT_EQ(next(pod, state), (std::vector<std::string>{"prepare volumes"}));
  on_volumes_ready(state);
  EXPECT_TRUE(next(pod, state).empty());
}

TEST(PodAdoption, FinishesASandboxInWhichNothingWasCreated) {
  auto pod = parsed<core::v1::Pod>(web);
  auto seen = parsed<container::State>(
      "sandboxes { id: 'box' uid: 'u1' attempt: 2 state: READY address: "
      "'10.0.0.7' }");
  auto state = adopt_pod(pod, seen, now);
  next(pod, state);
  on_volumes_ready(state);
  // The same one, not another: it may only lack its network.
  EXPECT_EQ(next(pod, state), (std::vector<std::string>{"run sandbox"}));
  EXPECT_EQ(state.sandbox_attempt, 2u);
  on_sandbox_ready(state, "box", {"10.0.0.7"});
  EXPECT_EQ(next(pod, state), (std::vector<std::string>{"web: pull"}));
}

TEST(PodAdoption, RemovesSuchASandboxWithItsPod) {
  auto pod = parsed<core::v1::Pod>(web);
  auto seen = parsed<container::State>(
      "sandboxes { id: 'box' uid: 'u1' state: READY }");
  auto state = adopt_pod(pod, seen, now);
  stop_state stop;
  stop.since = now;
  stop.purge = true;
  on_stop(state, std::move(stop));
  EXPECT_EQ(next(pod, state), (std::vector<std::string>{"stop sandbox"}));
}

TEST(PodAdoption, TellsHowAContainerEndedMeanwhile) {
  auto pod = parsed<core::v1::Pod>(web);
  auto seen = parsed<container::State>(
      "sandboxes { id: 'box' uid: 'u1' state: READY } containers { id: 'c0' "
      "sandbox_id: 'box' name: 'web' state: EXITED exit_code: 42 started_at: "
      "4000000000000 finished_at: 4999000000000 }");
  auto state = adopt_pod(pod, seen, now);
  EXPECT_EQ(state.containers[0].end->exit_code, 42);
  EXPECT_EQ(state.containers[0].end->reason, "Error");
  state.volumes = volume_step::ready;
  EXPECT_EQ(next(pod, state), (std::vector<std::string>{"web: pull"}));
  EXPECT_EQ(state.containers[0].restarts, 1u);
}

TEST(PodAdoption, CountsWhatVanishedAsLost) {
  auto pod = parsed<core::v1::Pod>(
      std::string{web}
      + "status { container_statuses { name: 'web' restart_count: 2 "
        "container_id: 'process://c2' state { running { started_at { seconds: "
        "4000 } } } } }");
  auto state = adopt_pod(pod, {}, now);
  EXPECT_EQ(state.containers[0].end->reason, "ContainerStatusUnknown");
  EXPECT_EQ(state.containers[0].end->id, "c2");
  state.volumes = volume_step::ready;
  EXPECT_EQ(next(pod, state), (std::vector<std::string>{"run sandbox"}));
  on_sandbox_ready(state, "box", {});
  // It did not crash, so nothing holds it back.
  EXPECT_EQ(next(pod, state), (std::vector<std::string>{"web: pull"}));
  EXPECT_EQ(state.containers[0].restarts, 3u);
}

TEST(PodAdoption, DoesNotReviveALostPodThatMayNotRestart) {
  auto pod = parsed<core::v1::Pod>(
      std::string{web}
      + "status { container_statuses { name: 'web' container_id: "
        "'process://c0' state { running {} } } }");
  pod.mutable_spec()->set_restart_policy("Never");
  auto state = adopt_pod(pod, {}, now);
  next(pod, state);
  EXPECT_TRUE(state.stop);
  EXPECT_EQ(pod_status(pod, state, {}, now).phase(), "Failed");
}

TEST(PodAdoption, DoesNotRunInitContainersAgain) {
  auto pod = parsed<core::v1::Pod>(
      "metadata { name: 'web' uid: 'u1' } spec { init_containers { name: "
      "'init' "
      "} containers { name: 'web' } } status { init_container_statuses { name: "
      "'init' container_id: 'process://i0' state { terminated { exit_code: 0 "
      "container_id: 'process://i0' } } } conditions { type: 'Initialized' "
      "status: 'True' } }");
  auto seen = parsed<container::State>(
      "sandboxes { id: 'box' uid: 'u1' state: READY } containers { id: 'c0' "
      "sandbox_id: 'box' name: 'web' state: RUNNING }");
  auto state = adopt_pod(pod, seen, now);
  state.volumes = volume_step::ready;
  EXPECT_TRUE(next(pod, state).empty());
  EXPECT_EQ(state.containers[0].step, container_step::exited);
}
