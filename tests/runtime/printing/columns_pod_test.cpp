#include "messages/api/core_pod.pb.h"
#include "runtime/printing/pod_status.hpp"
#include "tests/runtime/printing/makers.hpp"

#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

namespace troupe::printing {

namespace {

struct pod_case {
  const char* what;
  const char* spec; ///< text format of the pod
  const char* expected;
};

// ready, status, restarts.
const pod_case cases[] = {
    {"one running container",
     R"(spec { containers { name: "a" } }
        status { phase: "Running"
          container_statuses { name: "a" ready: true state { running {} } } })",
     "1/1 Running 0"},
    {"not scheduled",
     R"(spec { containers { name: "a" } } status { phase: "Pending" })",
     "0/1 Pending 0"},
    {"gated",
     R"(spec { containers { name: "a" } }
        status { phase: "Pending" conditions { type: "PodScheduled"
          status: "False" reason: "SchedulingGated" } })",
     "0/1 SchedulingGated 0"},
    {"the reason of the pod goes before its phase",
     R"(spec { containers { name: "a" } }
        status { phase: "Failed" reason: "Evicted" })",
     "0/1 Evicted 0"},
    {"waiting",
     R"(spec { containers { name: "a" } containers { name: "b" } }
        status { phase: "Pending"
          container_statuses { name: "a" state {
            waiting { reason: "ImagePullBackOff" } } }
          container_statuses { name: "b" ready: true state { running {} } } })",
     "1/2 ImagePullBackOff 0"},
    {"the first container has the last word",
     R"(spec { containers { name: "a" } containers { name: "b" } }
        status { phase: "Running"
          container_statuses { name: "a" restart_count: 3 state {
            waiting { reason: "CrashLoopBackOff" } }
            last_state { terminated { finished_at { seconds: 1767322745 } } } }
          container_statuses { name: "b" restart_count: 1 state {
            terminated { reason: "Error" exit_code: 1 } } } })",
     "0/2 CrashLoopBackOff 4 (5m ago)"},
    {"ended by a signal",
     R"(spec { containers { name: "a" } }
        status { phase: "Failed" container_statuses { name: "a" state {
          terminated { signal: 9 exit_code: 137 } } } })",
     "0/1 Signal:9 0"},
    {"ended with a code",
     R"(spec { containers { name: "a" } }
        status { phase: "Failed" container_statuses { name: "a" state {
          terminated { exit_code: 2 } } } })",
     "0/1 ExitCode:2 0"},
    {"completed",
     R"(spec { containers { name: "a" } }
        status { phase: "Succeeded" container_statuses { name: "a" state {
          terminated { reason: "Completed" } } } })",
     "0/1 Completed 0"},
    {"one completed beside a running one that is not ready",
     R"(spec { containers { name: "a" } containers { name: "b" } }
        status { phase: "Running"
          container_statuses { name: "a" state {
            terminated { reason: "Completed" } } }
          container_statuses { name: "b" ready: true state { running {} } } })",
     "1/2 NotReady 0"},
    {"one completed beside a running one in a ready pod",
     R"(spec { containers { name: "a" } containers { name: "b" } }
        status { phase: "Running" conditions { type: "Ready" status: "True" }
          container_statuses { name: "a" state {
            terminated { reason: "Completed" } } }
          container_statuses { name: "b" ready: true state { running {} } } })",
     "1/2 Running 0"},
    {"the second init container runs",
     R"(spec { init_containers { name: "i" } init_containers { name: "j" }
          containers { name: "a" } }
        status { phase: "Pending"
          init_container_statuses { name: "i" restart_count: 2
            state { terminated { reason: "Completed" } } }
          init_container_statuses { name: "j" state { running {} } }
          container_statuses { name: "a" state {
            waiting { reason: "PodInitializing" } } } })",
     "0/1 Init:1/2 2"},
    {"an init container fails",
     R"(spec { init_containers { name: "i" } containers { name: "a" } }
        status { phase: "Pending" init_container_statuses { name: "i"
          state { terminated { exit_code: 3 } } } })",
     "0/1 Init:ExitCode:3 0"},
    {"an init container ended by a signal",
     R"(spec { init_containers { name: "i" } containers { name: "a" } }
        status { phase: "Pending" init_container_statuses { name: "i"
          state { terminated { exit_code: 137 signal: 9 } } } })",
     "0/1 Init:Signal:9 0"},
    {"an init container ended with a reason",
     R"(spec { init_containers { name: "i" } containers { name: "a" } }
        status { phase: "Pending" init_container_statuses { name: "i"
          state { terminated { exit_code: 1 reason: "Error" } } } })",
     "0/1 Init:Error 0"},
    {"an init container waits",
     R"(spec { init_containers { name: "i" } containers { name: "a" } }
        status { phase: "Pending" init_container_statuses { name: "i"
          state { waiting { reason: "CrashLoopBackOff" } } } })",
     "0/1 Init:CrashLoopBackOff 0"},
    {"an init container is being made",
     R"(spec { init_containers { name: "i" } containers { name: "a" } }
        status { phase: "Pending" init_container_statuses { name: "i"
          state { waiting { reason: "PodInitializing" } } } })",
     "0/1 Init:0/1 0"},
    {"a sidecar counts",
     R"(spec { init_containers { name: "s" restart_policy: "Always" }
          containers { name: "a" } }
        status { phase: "Running"
          init_container_statuses { name: "s" ready: true started: true
            restart_count: 1 state { running {} } }
          container_statuses { name: "a" ready: true state { running {} } } })",
     "2/2 Running 1"},
    {"a sidecar that has not started holds the others up",
     R"(spec { init_containers { name: "s" restart_policy: "Always" }
          containers { name: "a" } }
        status { phase: "Pending"
          init_container_statuses { name: "s" state { running {} } } })",
     "0/2 Init:0/1 0"},
    {"restarts of init containers are left out once they are done",
     R"(spec { init_containers { name: "i" } containers { name: "a" } }
        status { phase: "Running"
          init_container_statuses { name: "i" restart_count: 5
            state { terminated {} } }
          container_statuses { name: "a" ready: true restart_count: 1
            state { running {} } } })",
     "1/1 Running 1"},
    {"terminating",
     R"(metadata { deletion_timestamp { seconds: 1 } }
        spec { containers { name: "a" } }
        status { phase: "Running"
          container_statuses { name: "a" ready: true state { running {} } } })",
     "1/1 Terminating 0"},
    {"deleted after it was done",
     R"(metadata { deletion_timestamp { seconds: 1 } }
        spec { containers { name: "a" } }
        status { phase: "Succeeded" container_statuses { name: "a" state {
          terminated { reason: "Completed" } } } })",
     "0/1 Completed 0"},
    {"deleted on a lost node",
     R"(metadata { deletion_timestamp { seconds: 1 } }
        spec { containers { name: "a" } }
        status { phase: "Running" reason: "NodeLost" })",
     "0/1 Unknown 0"},
};

TEST(PodColumns, ReadyStatusAndRestarts) {
  for (const auto& c : cases) {
    core::v1::Pod pod;
    ASSERT_TRUE(google::protobuf::TextFormat::ParseFromString(c.spec, &pod))
        << c.what;
    auto summary = summarize(pod);
    EXPECT_EQ(summary.ready_text() + " " + summary.status + " "
                  + summary.restarts_text(now()),
              c.expected)
        << c.what;
  }
}

TEST(PodColumns, WideOnesTellWhere) {
  auto pod = named<core::v1::Pod>("web", "default");
  pod.mutable_spec()->add_containers()->set_name("a");
  pod.mutable_status()->set_phase("Pending");
  EXPECT_EQ(row(pod), "web | 0/1 | Pending | 0 | 5m");
  EXPECT_EQ(row(pod, true),
            "web | 0/1 | Pending | 0 | 5m | <none> | <none> | <none> | <none>");
  pod.mutable_spec()->set_node_name("node-1");
  pod.mutable_status()->add_pod_ips()->set_ip("10.0.0.7");
  pod.mutable_spec()->add_readiness_gates()->set_condition_type("up");
  auto condition = pod.mutable_status()->add_conditions();
  condition->set_type("up");
  condition->set_status("True");
  EXPECT_EQ(row(pod, true), "web | 0/1 | Pending | 0 | 5m | 10.0.0.7 | node-1 "
                            "| <none> | 1/1");
}

} // namespace

} // namespace troupe::printing
