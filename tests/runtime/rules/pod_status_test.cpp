#include "messages/api/core_pod.pb.h"
#include "messages/fields.hpp"
#include "runtime/rules/pod_lifecycle.hpp"
#include "runtime/rules/pod_status.hpp"

#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

using namespace troupe;
using namespace troupe::rules;
using namespace std::chrono_literals;

namespace {

core::v1::Pod pod_of(const std::string& spec) {
  core::v1::Pod pod;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(
      "metadata { name: 'web' namespace: 'default' uid: 'u1' generation: 1 } "
      "spec { termination_grace_period_seconds: 30 "
          + spec + " }",
      &pod));
  return pod;
}

const pod_node here{"n1", {"192.168.0.1"}, "process"};
const time_point start = time_point{} + 1000s;

// Takes the machine through all acts that are due, each at once and with
// success; stops before an act whose text is `until`.
void play(const core::v1::Pod& pod, pod_state& s, time_point now,
          const std::string& until = {}) {
  for (;;) {
    auto plan = advance(pod, s, now);
    if (plan.actions.empty())
      return;
    for (const auto& action : plan.actions) {
      if (to_text(pod, action) == until)
        return;
      auto i = action.container;
      switch (action.what) {
        case pod_act::prepare_volumes:
          on_volumes_ready(s);
          break;
        case pod_act::run_sandbox:
          on_sandbox_ready(s, "box", {"10.0.0.7"});
          break;
        case pod_act::pull_image:
          on_pulled(s, i, "sha256:1");
          break;
        case pod_act::create_container:
          on_created(s, i, "id" + std::to_string(s.containers[i].restarts));
          break;
        case pod_act::start_container:
          on_started(pod, s, i, now);
          break;
        case pod_act::stop_sandbox:
          on_sandbox_stopped(s);
          break;
        case pod_act::clean_volumes:
          on_volumes_clean(s);
          break;
        default:
          break;
      }
    }
  }
}

void exits(pod_state& s, size_t i, int code, time_point now) {
  container_end end;
  end.id = s.containers[i].id;
  end.exit_code = code;
  end.reason = code == 0 ? "Completed" : "Error";
  end.started_at = s.containers[i].started_at;
  end.finished_at = now;
  on_exited(s, i, std::move(end));
}

std::string condition(const core::v1::PodStatus& status,
                      const std::string& type) {
  for (const auto& c : status.conditions())
    if (c.type() == type)
      return c.status() + (c.reason().empty() ? "" : " " + c.reason())
             + (c.message().empty() ? "" : ": " + c.message());
  return "none";
}

} // namespace

TEST(PodStatus, TellsOfAPodThatRuns) {
  auto pod = pod_of("containers { name: 'web' image: 'nginx' }");
  auto s = new_pod_state(pod, start);
  play(pod, s, start + 2s);
  auto status = pod_status(pod, s, here, start + 2s);
  EXPECT_EQ(status.phase(), "Running");
  EXPECT_EQ(status.pod_ip(), "10.0.0.7");
  EXPECT_EQ(status.pod_ips(0).ip(), "10.0.0.7");
  EXPECT_EQ(status.host_ip(), "192.168.0.1");
  EXPECT_EQ(status.start_time().seconds(), 1000);
  EXPECT_EQ(status.qos_class(), "BestEffort");
  const auto& web = status.container_statuses(0);
  EXPECT_EQ(web.container_id(), "process://id0");
  EXPECT_EQ(web.image(), "nginx");
  EXPECT_EQ(web.image_id(), "sha256:1");
  EXPECT_EQ(web.state().running().started_at().seconds(), 1002);
  EXPECT_TRUE(web.ready());
  EXPECT_TRUE(web.started());
  for (const char* type : {"PodReadyToStartContainers", "Initialized", "Ready",
                           "ContainersReady", "PodScheduled"})
    EXPECT_EQ(condition(status, type), "True") << type;
}

TEST(PodStatus, IsTheSameForTheSameFacts) {
  auto pod = pod_of("containers { name: 'web' }");
  auto s = new_pod_state(pod, start);
  play(pod, s, start + 2s);
  auto status = pod_status(pod, s, here, start + 2s);
  *pod.mutable_status() = status;
  EXPECT_TRUE(canonical_equal(status, pod_status(pod, s, here, start + 99s)));
}

TEST(PodStatus, ContainersOfAPodThatWasNeverInitializedDidNotEnd) {
  auto pod = pod_of("restart_policy: 'Never' init_containers { name: 'a' } "
                    "containers { name: 'web' }");
  auto s = new_pod_state(pod, start);
  play(pod, s, start);
  exits(s, 0, 1, start);
  play(pod, s, start);
  auto status = pod_status(pod, s, here, start);
  EXPECT_EQ(status.phase(), "Failed");
  EXPECT_EQ(status.init_container_statuses(0).state().terminated().exit_code(),
            1);
  EXPECT_EQ(status.container_statuses(0).state().waiting().reason(),
            "PodInitializing");
}

TEST(PodStatus, WaitsForInitContainers) {
  auto pod = pod_of("init_containers { name: 'a' } init_containers { name: 'b' "
                    "} containers { name: 'web' }");
  auto s = new_pod_state(pod, start);
  play(pod, s, start);
  exits(s, 0, 0, start);
  play(pod, s, start);
  auto status = pod_status(pod, s, here, start);
  EXPECT_EQ(status.phase(), "Pending");
  EXPECT_EQ(condition(status, "Initialized"),
            "False ContainersNotInitialized: containers with incomplete "
            "status: [b]");
  EXPECT_EQ(condition(status, "Ready"), "False ContainersNotReady: containers "
                                        "with unready status: [web]");
  EXPECT_EQ(status.init_container_statuses(0).state().terminated().reason(),
            "Completed");
  EXPECT_TRUE(status.init_container_statuses(0).ready());
  EXPECT_EQ(status.container_statuses(0).state().waiting().reason(),
            "PodInitializing");
}

TEST(PodStatus, NamesWhatAContainerWaitsFor) {
  auto pod = pod_of("containers { name: 'web' image: 'no/such' }");
  auto s = new_pod_state(pod, start);
  auto waiting = [&](time_point now) {
    return pod_status(pod, s, here, now)
        .container_statuses(0)
        .state()
        .waiting();
  };
  EXPECT_EQ(waiting(start).reason(), "ContainerCreating");
  play(pod, s, start, "web: pull");
  EXPECT_EQ(waiting(start).reason(), "ContainerCreating");
  on_pull_failed(s, 0, "ErrImagePull", "not found", start);
  EXPECT_EQ(waiting(start).reason(), "ErrImagePull");
  EXPECT_EQ(waiting(start + 2s).reason(), "ImagePullBackOff");
  EXPECT_EQ(waiting(start + 2s).message(),
            "Back-off pulling image \"no/such\": ErrImagePull: not found");
  play(pod, s, start + 10s, "web: create");
  on_create_failed(s, 0, "CreateContainerConfigError",
                   "configmap \"c\" not found", start + 10s);
  EXPECT_EQ(waiting(start + 10s).reason(), "CreateContainerConfigError");
  EXPECT_EQ(pod_status(pod, s, here, start).phase(), "Pending");
}

TEST(PodStatus, TellsOfCrashLoops) {
  auto pod = pod_of("containers { name: 'web' }");
  auto s = new_pod_state(pod, start);
  play(pod, s, start);
  exits(s, 0, 1, start + 1s);
  play(pod, s, start + 1s);
  exits(s, 0, 2, start + 2s);
  play(pod, s, start + 2s);
  auto status = pod_status(pod, s, here, start + 2s);
  const auto& web = status.container_statuses(0);
  EXPECT_EQ(status.phase(), "Running");
  EXPECT_EQ(web.state().waiting().reason(), "CrashLoopBackOff");
  EXPECT_EQ(web.state().waiting().message(),
            "back-off 10s restarting failed container=web "
            "pod=web_default(u1)");
  EXPECT_EQ(web.last_state().terminated().exit_code(), 2);
  EXPECT_EQ(web.restart_count(), 1);
  EXPECT_FALSE(web.ready());
  play(pod, s, start + 12s);
  status = pod_status(pod, s, here, start + 12s);
  EXPECT_TRUE(status.container_statuses(0).state().has_running());
  EXPECT_EQ(status.container_statuses(0).last_state().terminated().exit_code(),
            2);
  EXPECT_EQ(status.container_statuses(0).restart_count(), 2);
}

TEST(PodStatus, EndsInAFinalPhase) {
  for (int code : {0, 3}) {
    auto pod = pod_of("restart_policy: 'Never' containers { name: 'job' }");
    auto s = new_pod_state(pod, start);
    play(pod, s, start);
    exits(s, 0, code, start + 1s);
    EXPECT_EQ(pod_status(pod, s, here, start).phase(), "Running");
    play(pod, s, start + 1s);
    auto status = pod_status(pod, s, here, start + 1s);
    EXPECT_EQ(status.phase(), code == 0 ? "Succeeded" : "Failed");
    EXPECT_EQ(condition(status, "Ready"),
              code == 0 ? "False PodCompleted" : "False PodFailed");
    EXPECT_EQ(condition(status, "Initialized"),
              code == 0 ? "True PodCompleted" : "True");
    EXPECT_EQ(status.container_statuses(0).state().terminated().exit_code(),
              code);
  }
}

TEST(PodStatus, LeavesWaitingWhatAFailedInitContainerKeptFromStarting) {
  auto pod = pod_of("restart_policy: 'Never' init_containers { name: 'first' "
                    "image: 'x' } containers { name: 'web' image: 'nginx' }");
  auto s = new_pod_state(pod, start);
  play(pod, s, start);
  exits(s, 0, 4, start + 1s);
  play(pod, s, start + 1s);
  auto status = pod_status(pod, s, here, start + 1s);
  EXPECT_EQ(status.phase(), "Failed");
  EXPECT_EQ(status.init_container_statuses(0).state().terminated().exit_code(),
            4);
  EXPECT_EQ(status.container_statuses(0).state().waiting().reason(),
            "PodInitializing");
  EXPECT_EQ(condition(status, "Initialized").rfind("False", 0), 0u);
}

TEST(PodStatus, SaysWhyItMissedItsDeadline) {
  auto pod = pod_of("active_deadline_seconds: 5 containers { name: 'job' }");
  auto s = new_pod_state(pod, start);
  play(pod, s, start);
  play(pod, s, start + 5s);
  EXPECT_EQ(pod_status(pod, s, here, start).phase(), "Running");
  exits(s, 0, 143, start + 5s);
  play(pod, s, start + 5s);
  auto status = pod_status(pod, s, here, start + 5s);
  EXPECT_EQ(status.phase(), "Failed");
  EXPECT_EQ(status.reason(), "DeadlineExceeded");
}

TEST(PodStatus, HasNoContainersWhereTheNodeRejectedThePod) {
  auto pod = pod_of("containers { name: 'job' }");
  auto s = new_pod_state(pod, start);
  stop_state stop;
  stop.since = start;
  stop.reason = "OutOfcpu";
  stop.message = "Pod was rejected";
  on_stop(s, std::move(stop));
  play(pod, s, start);
  auto status = pod_status(pod, s, here, start);
  EXPECT_EQ(status.phase(), "Failed");
  EXPECT_EQ(status.reason(), "OutOfcpu");
  EXPECT_EQ(status.container_statuses_size(), 0);
}

TEST(PodStatus, KeepsWhatOthersSay) {
  auto pod = pod_of("readiness_gates { condition_type: 'lb' } containers { "
                    "name: 'web' }");
  auto* other = pod.mutable_status()->add_conditions();
  other->set_type("PodScheduled");
  other->set_status("True");
  other->mutable_last_transition_time()->set_seconds(7);
  auto s = new_pod_state(pod, start);
  play(pod, s, start);
  auto status = pod_status(pod, s, here, start);
  EXPECT_EQ(condition(status, "ContainersReady"), "True");
  EXPECT_EQ(condition(status, "Ready"),
            "False ReadinessGatesNotReady: corresponding condition of pod "
            "readiness gate \"lb\" does not exist.");
  other = pod.mutable_status()->add_conditions();
  other->set_type("lb");
  other->set_status("True");
  status = pod_status(pod, s, here, start + 1s);
  EXPECT_EQ(condition(status, "Ready"), "True");
  EXPECT_EQ(condition(status, "lb"), "True");
  for (const auto& c : status.conditions()) {
    if (c.type() == "PodScheduled") {
      EXPECT_EQ(c.last_transition_time().seconds(), 7);
    }
  }
  pod.mutable_status()->set_phase("Failed");
  pod.mutable_status()->set_reason("Evicted");
  EXPECT_EQ(pod_status(pod, s, here, start).phase(), "Failed");
  EXPECT_EQ(pod_status(pod, s, here, start).reason(), "Evicted");
}

TEST(PodStatus, ClassifiesQualityOfService) {
  struct row {
    const char* resources;
    const char* result;
  };
  for (auto [resources, result] : {
           row{"", "BestEffort"},
           row{"requests { key: 'cpu' value { string: '1' } }", "Burstable"},
           row{"limits { key: 'cpu' value { string: '1' } }", "Burstable"},
           row{"limits { key: 'cpu' value { string: '1' } } limits { key: "
               "'memory' value { string: '1Gi' } }",
               "Guaranteed"},
           row{"limits { key: 'cpu' value { string: '1' } } limits { key: "
               "'memory' value { string: '1Gi' } } requests { key: 'cpu' value "
               "{ "
               "string: '1000m' } }",
               "Guaranteed"},
           row{"limits { key: 'cpu' value { string: '1' } } limits { key: "
               "'memory' value { string: '1Gi' } } requests { key: 'cpu' value "
               "{ "
               "string: '1m' } }",
               "Burstable"},
           row{"requests { key: 'cpu' value { string: '0' } }", "BestEffort"},
       })
    EXPECT_EQ(
        qos_class(pod_of(std::string{"containers { name: 'a' resources { "}
                         + resources + " } }")),
        result)
        << resources;
}
