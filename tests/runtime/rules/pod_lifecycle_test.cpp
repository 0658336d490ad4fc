#include "messages/api/core_pod.pb.h"
#include "runtime/rules/pod_lifecycle.hpp"

#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <set>

using namespace troupe;
using namespace troupe::rules;
using namespace std::chrono_literals;

namespace {

core::v1::Pod pod_of(const std::string& spec) {
  core::v1::Pod pod;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(
      "metadata { name: 'web' namespace: 'default' uid: 'u1' } spec { "
      "termination_grace_period_seconds: 30 "
          + spec + " }",
      &pod));
  return pod;
}

// Plays the part of worker and runtime: does what the machine says, at once,
// and writes down what was said. What a test lists in `slow` gets no answer.
struct stage {
  explicit stage(core::v1::Pod p)
      : pod(std::move(p)), state(new_pod_state(pod, now)) {}

  core::v1::Pod pod;
  time_point now{};
  pod_state state;
  std::string trace;
  std::set<std::string> slow;
  std::map<std::string, std::string> fails; ///< text of the act to its message
  time_point wake{};

  std::string text(std::chrono::seconds at, const std::string& what) {
    return "[" + std::to_string(at.count()) + "] " + what + "\n";
  }

  void note(const std::string& what) {
    trace += text(std::chrono::floor<seconds>(now.time_since_epoch()), what);
  }

  // Lets everything happen that happens at this instant.
  stage& run() {
    for (;;) {
      auto plan = advance(pod, state, now);
      wake = plan.wake;
      if (plan.actions.empty())
        return *this;
      for (const auto& action : plan.actions) {
        auto said = to_text(pod, action);
        note(said);
        if (slow.count(said) == 0)
          answer(action, said);
      }
    }
  }

  // Lets time pass, waking where the machine asked for it.
  stage& pass(seconds span) {
    auto end = now + span;
    while (wake <= end) {
      now = wake;
      run();
    }
    now = end;
    return run();
  }

  void answer(const pod_action& action, const std::string& said) {
    auto i = action.container;
    auto failure = fails.find(said);
    bool ok = failure == fails.end();
    auto why = ok ? std::string{} : failure->second;
    switch (action.what) {
      case pod_act::prepare_volumes:
        return ok ? on_volumes_ready(state)
                  : on_volumes_failed(state, why, now);
      case pod_act::run_sandbox:
        return ok ? on_sandbox_ready(state, "sandbox", {"10.0.0.1"})
                  : on_sandbox_failed(state, why, now);
      case pod_act::pull_image:
        return ok ? on_pulled(state, i, "image")
                  : on_pull_failed(state, i, "ErrImagePull", why, now);
      case pod_act::create_container:
        return ok ? on_created(state, i, id(i))
                  : on_create_failed(state, i, "CreateContainerConfigError",
                                     why, now);
      case pod_act::start_container:
        return ok ? on_started(pod, state, i, now)
                  : on_start_failed(state, i, why, now);
      case pod_act::post_start:
        return on_post_start(pod, state, i, ok, why, now);
      case pod_act::pre_stop:
        return on_pre_stop(state, i);
      case pod_act::stop_container:
        return exits(container_at(pod, i).name(), 143);
      case pod_act::remove_container:
        return;
      case pod_act::stop_sandbox:
        return on_sandbox_stopped(state);
      case pod_act::remove_sandbox:
        return on_sandbox_removed(state);
      case pod_act::clean_volumes:
        return on_volumes_clean(state);
    }
  }

  std::string id(size_t i) {
    return container_at(pod, i).name() + "-"
           + std::to_string(state.containers[i].restarts);
  }

  void exits(const std::string& name, int code) {
    auto i = find_container(pod, name).value();
    container_end end;
    end.id = state.containers[i].id;
    end.exit_code = code;
    end.reason = code == 0 ? "Completed" : "Error";
    end.finished_at = now;
    note(name + " exits " + std::to_string(code));
    on_exited(state, i, std::move(end));
  }

  stage& exit(const std::string& name, int code) {
    exits(name, code);
    return run();
  }

  stage& stop(seconds grace, bool purge = true) {
    stop_state s;
    s.since = now;
    s.grace = grace;
    s.purge = purge;
    note("stop, grace " + std::to_string(grace.count()) + "s");
    on_stop(state, std::move(s));
    return run();
  }

  stage& probe(const std::string& name, probe_kind kind, bool ok) {
    on_probe(pod, state, find_container(pod, name).value(), kind, ok, now);
    return run();
  }

  std::string take() { return std::exchange(trace, {}); }
};

} // namespace

TEST(PodLifecycle, RunsOneContainerAndRemovesItWhole) {
  stage s{pod_of("containers { name: 'web' }")};
  s.run();
  EXPECT_EQ(s.take(), "[0] prepare volumes\n"
                      "[0] run sandbox\n"
                      "[0] web: pull\n"
                      "[0] web: create\n"
                      "[0] web: start\n");
  EXPECT_TRUE(s.state.containers[0].ready);
  EXPECT_EQ(s.wake, time_point::max());
  s.pass(5s).stop(30s);
  EXPECT_EQ(s.take(), "[5] stop, grace 30s\n"
                      "[5] web: stop, grace 30s\n"
                      "[5] web exits 143\n"
                      "[5] stop sandbox\n"
                      "[5] clean volumes\n"
                      "[5] remove sandbox\n");
  EXPECT_TRUE(s.state.erased);
}

TEST(PodLifecycle, RunsInitContainersInOrderAndSidecarsBeforeAndAfter) {
  stage s{pod_of("init_containers { name: 'first' }"
                 "init_containers { name: 'proxy' restart_policy: 'Always'"
                 "  startup_probe {} }"
                 "init_containers { name: 'second' }"
                 "init_containers { name: 'logs' restart_policy: 'Always' }"
                 "containers { name: 'web' } containers { name: 'more' }")};
  s.run().pass(1s).exit("first", 0);
  EXPECT_EQ(s.take(), "[0] prepare volumes\n"
                      "[0] run sandbox\n"
                      "[0] first: pull\n"
                      "[0] first: create\n"
                      "[0] first: start\n"
                      "[1] first exits 0\n"
                      "[1] proxy: pull\n"
                      "[1] proxy: create\n"
                      "[1] proxy: start\n");
  s.pass(1s).probe("proxy", probe_kind::startup, true);
  EXPECT_EQ(s.take(), "[2] second: pull\n"
                      "[2] second: create\n"
                      "[2] second: start\n");
  EXPECT_FALSE(s.state.initialized);
  s.pass(1s).exit("second", 0);
  EXPECT_EQ(s.take(), "[3] second exits 0\n"
                      "[3] logs: pull\n"
                      "[3] logs: create\n"
                      "[3] logs: start\n"
                      "[3] web: pull\n"
                      "[3] web: create\n"
                      "[3] web: start\n"
                      "[3] more: pull\n"
                      "[3] more: create\n"
                      "[3] more: start\n");
  EXPECT_TRUE(s.state.initialized);
  s.exit("logs", 0);
  EXPECT_EQ(s.take(), "[3] logs exits 0\n"
                      "[3] logs: pull\n"
                      "[3] logs: create\n"
                      "[3] logs: start\n");
  s.slow.insert("web: stop, grace 30s");
  s.stop(30s).pass(10s);
  EXPECT_EQ(s.take(), "[3] stop, grace 30s\n"
                      "[3] web: stop, grace 30s\n"
                      "[3] more: stop, grace 30s\n"
                      "[3] more exits 143\n");
  s.exit("web", 137);
  EXPECT_EQ(s.take(), "[13] web exits 137\n"
                      "[13] logs: stop, grace 20s\n"
                      "[13] logs exits 143\n"
                      "[13] proxy: stop, grace 20s\n"
                      "[13] proxy exits 143\n"
                      "[13] stop sandbox\n"
                      "[13] clean volumes\n"
                      "[13] remove sandbox\n");
}

TEST(PodLifecycle, BacksOffFromTenSecondsToFiveMinutes) {
  stage s{pod_of("containers { name: 'web' }")};
  s.run().take();
  std::vector<long> waits;
  for (int i = 0; i < 8; ++i) {
    s.exit("web", 1);
    auto before = s.now;
    if (s.state.containers[0].step == container_step::exited)
      s.pass(std::chrono::ceil<seconds>(s.wake - s.now));
    waits.push_back(
        std::chrono::duration_cast<seconds>(s.now - before).count());
    EXPECT_EQ(s.state.containers[0].step, container_step::running);
  }
  EXPECT_EQ(waits, (std::vector<long>{0, 10, 20, 40, 80, 160, 300, 300}));
  EXPECT_EQ(s.state.containers[0].restarts, 8u);
}

TEST(PodLifecycle, ForgetsTheBackOffAfterTenMinutes) {
  stage s{pod_of("containers { name: 'web' }")};
  s.run().exit("web", 1).exit("web", 1);
  EXPECT_EQ(s.state.containers[0].step, container_step::exited);
  s.pass(10s).pass(601s).exit("web", 1);
  EXPECT_EQ(s.state.containers[0].step, container_step::running);
  s.exit("web", 1);
  EXPECT_EQ(s.wake, s.now + 10s);
}

TEST(PodLifecycle, RemovesAttemptsNobodyCanAskFor) {
  stage s{pod_of("containers { name: 'web' }")};
  s.run().exit("web", 1).take();
  s.exit("web", 1).pass(10s);
  EXPECT_EQ(s.take(), "[0] web exits 1\n"
                      "[10] web: remove attempt web-0\n"
                      "[10] web: pull\n"
                      "[10] web: create\n"
                      "[10] web: start\n");
}

TEST(PodLifecycle, HonoursRestartPolicies) {
  struct row {
    const char* policy;
    int code;
    bool again;
  };
  for (auto [policy, code, again] :
       {row{"Always", 0, true}, row{"Always", 1, true},
        row{"OnFailure", 0, false}, row{"OnFailure", 1, true},
        row{"Never", 0, false}, row{"Never", 1, false}}) {
    stage s{pod_of(std::string{"restart_policy: '"} + policy
                   + "' containers { name: 'web' }")};
    s.run().exit("web", code);
    EXPECT_EQ(s.state.containers[0].restarts, again ? 1u : 0u) << policy;
    EXPECT_EQ(s.state.settled, !again) << policy << code;
    EXPECT_FALSE(s.state.erased);
  }
}

TEST(PodLifecycle, HonoursRulesOnExitCodes) {
  auto pod = pod_of("restart_policy: 'Never' containers { name: 'web' "
                    "restart_policy: 'Never' restart_policy_rules { action: "
                    "'Restart' exit_codes { operator: 'In' values: 42 } } }");
  EXPECT_TRUE(restarts_after(pod, 0, 42));
  EXPECT_FALSE(restarts_after(pod, 0, 41));
}

TEST(PodLifecycle, StopsSidecarsWhenTheWorkIsDone) {
  stage s{pod_of("restart_policy: 'Never' init_containers { name: 'proxy' "
                 "restart_policy: 'Always' } containers { name: 'work' }")};
  s.run().take();
  s.pass(60s).exit("work", 0);
  EXPECT_EQ(s.take(), "[60] work exits 0\n"
                      "[60] proxy: stop, grace 30s\n"
                      "[60] proxy exits 143\n"
                      "[60] stop sandbox\n"
                      "[60] clean volumes\n");
  EXPECT_TRUE(s.state.settled);
  s.stop(30s);
  EXPECT_TRUE(s.state.erased);
}

TEST(PodLifecycle, FailsForGoodWhenAnInitContainerMayNotRunAgain) {
  stage s{pod_of("restart_policy: 'Never' init_containers { name: 'init' } "
                 "containers { name: 'web' }")};
  s.run().exit("init", 3);
  EXPECT_TRUE(s.state.settled);
  EXPECT_FALSE(s.state.initialized);
}

TEST(PodLifecycle, RetriesAnInitContainerWithBackOff) {
  stage s{pod_of("init_containers { name: 'init' } containers { name: 'web' "
                 "}")};
  s.run().exit("init", 3).exit("init", 3).take();
  s.pass(10s);
  EXPECT_EQ(s.take(), "[10] init: remove attempt init-0\n"
                      "[10] init: pull\n"
                      "[10] init: create\n"
                      "[10] init: start\n");
}

TEST(PodLifecycle, RetriesAPullWithBackOffAndGoesOnWithOthers) {
  stage s{pod_of("containers { name: 'bad' } containers { name: 'good' }")};
  s.fails["bad: pull"] = "no such image";
  s.run();
  EXPECT_EQ(s.state.containers[1].step, container_step::running);
  EXPECT_EQ(s.state.containers[0].held->reason, "ErrImagePull");
  s.take();
  s.pass(75s);
  EXPECT_EQ(s.take(), "[10] bad: pull\n"
                      "[30] bad: pull\n"
                      "[70] bad: pull\n");
}

TEST(PodLifecycle, TakesAHintThatAMissingObjectCame) {
  stage s{pod_of("containers { name: 'web' }")};
  s.fails["web: create"] = "configmap \"c\" not found";
  s.run();
  s.fails.clear();
  s.take();
  s.pass(3s);
  on_hint(s.state, s.now);
  s.run();
  EXPECT_EQ(s.take(), "[3] web: pull\n[3] web: create\n[3] web: start\n");
}

TEST(PodLifecycle, HoldsLaterContainersBackUntilPostStartIsDone) {
  stage s{pod_of("containers { name: 'a' lifecycle { post_start { exec {} } } "
                 "} containers { name: 'b' }")};
  s.slow.insert("a: run postStart");
  s.run();
  EXPECT_EQ(s.state.containers[1].step, container_step::absent);
  EXPECT_FALSE(s.state.containers[0].ready);
  on_post_start(s.pod, s.state, 0, true, "", s.now);
  s.run();
  EXPECT_EQ(s.state.containers[1].step, container_step::running);
  EXPECT_TRUE(s.state.containers[0].ready);
}

TEST(PodLifecycle, KillsAContainerWhosePostStartFails) {
  stage s{pod_of("containers { name: 'a' lifecycle { post_start { exec {} } } "
                 "}")};
  s.slow.insert("a: run postStart");
  s.run().take();
  on_post_start(s.pod, s.state, 0, false, "exit 1", s.now);
  s.run();
  EXPECT_EQ(s.take(), "[0] a: stop, grace 30s\n"
                      "[0] a exits 143\n"
                      "[0] a: pull\n"
                      "[0] a: create\n"
                      "[0] a: start\n"
                      "[0] a: run postStart\n");
}

TEST(PodLifecycle, RunsPreStopWithinTheGrace) {
  stage s{pod_of("containers { name: 'web' lifecycle { pre_stop { exec {} } } "
                 "}")};
  s.run().take();
  s.slow = {"web: run preStop, grace 30s"};
  s.stop(30s).pass(12s);
  on_pre_stop(s.state, 0);
  s.run();
  EXPECT_EQ(s.take(), "[0] stop, grace 30s\n"
                      "[0] web: run preStop, grace 30s\n"
                      "[12] web: stop, grace 18s\n"
                      "[12] web exits 143\n"
                      "[12] stop sandbox\n"
                      "[12] clean volumes\n"
                      "[12] remove sandbox\n");
}

TEST(PodLifecycle, CutsAPreStopThatOutlastsTheGrace) {
  stage s{pod_of("containers { name: 'web' lifecycle { pre_stop { exec {} } } "
                 "}")};
  s.run().take();
  s.slow = {"web: run preStop, grace 5s"};
  s.stop(5s).pass(6s);
  EXPECT_EQ(s.take(), "[0] stop, grace 5s\n"
                      "[0] web: run preStop, grace 5s\n"
                      "[5] web: stop, grace 2s\n"
                      "[5] web exits 143\n"
                      "[5] stop sandbox\n"
                      "[5] clean volumes\n"
                      "[5] remove sandbox\n");
}

TEST(PodLifecycle, ShortensTheGraceWhenToldAgain) {
  stage s{pod_of("containers { name: 'web' }")};
  s.run().take();
  s.slow = {"web: stop, grace 30s", "web: stop, grace 0s"};
  s.stop(30s).pass(3s).stop(0s).stop(30s);
  EXPECT_EQ(s.take(), "[0] stop, grace 30s\n"
                      "[0] web: stop, grace 30s\n"
                      "[3] stop, grace 0s\n"
                      "[3] web: stop, grace 0s\n"
                      "[3] stop, grace 30s\n");
}

TEST(PodLifecycle, RestartsAContainerThatFailsItsLivenessProbe) {
  stage s{pod_of("containers { name: 'web' liveness_probe { "
                 "termination_grace_period_seconds: 4 } }")};
  s.run().take();
  s.pass(1s).probe("web", probe_kind::liveness, false);
  EXPECT_EQ(s.take(), "[1] web: stop, grace 4s\n"
                      "[1] web exits 143\n"
                      "[1] web: pull\n"
                      "[1] web: create\n"
                      "[1] web: start\n");
  EXPECT_EQ(s.state.containers[0].restarts, 1u);
}

TEST(PodLifecycle, IsReadyOnlyAfterStartupAndReadiness) {
  stage s{pod_of("containers { name: 'web' startup_probe {} readiness_probe {}"
                 " }")};
  s.run();
  s.probe("web", probe_kind::readiness, true);
  EXPECT_FALSE(s.state.containers[0].ready);
  s.probe("web", probe_kind::startup, true);
  EXPECT_TRUE(s.state.containers[0].started);
  EXPECT_FALSE(s.state.containers[0].ready);
  s.probe("web", probe_kind::readiness, true);
  EXPECT_TRUE(s.state.containers[0].ready);
}

TEST(PodLifecycle, EndsAtTheActiveDeadline) {
  stage s{pod_of("active_deadline_seconds: 20 containers { name: 'web' }")};
  s.run().take();
  s.pass(25s);
  EXPECT_EQ(s.take(), "[20] web: stop, grace 30s\n"
                      "[20] web exits 143\n"
                      "[20] stop sandbox\n"
                      "[20] clean volumes\n");
  EXPECT_EQ(s.state.stop->reason, "DeadlineExceeded");
  EXPECT_TRUE(s.state.settled);
}

TEST(PodLifecycle, StopsBeforeAnythingRan) {
  for (const char* slow : {"prepare volumes", "run sandbox", "web: pull",
                           "web: create", "web: start"}) {
    stage s{pod_of("containers { name: 'web' }")};
    s.slow.insert(slow);
    s.run().stop(30s);
    s.slow.clear();
    // The late answers.
    on_volumes_ready(s.state);
    on_sandbox_ready(s.state, "sandbox", {});
    on_pulled(s.state, 0, "image");
    on_created(s.state, 0, "web-0");
    on_started(s.pod, s.state, 0, s.now);
    s.run();
    EXPECT_TRUE(s.state.erased) << slow << "\n" << s.trace;
  }
}

TEST(PodLifecycle, MakesANewSandboxWhenItWasLost) {
  stage s{pod_of("init_containers { name: 'init' } containers { name: 'web' "
                 "}")};
  s.run().exit("init", 0).take();
  s.pass(5s);
  on_sandbox_lost(s.pod, s.state, s.now);
  s.run();
  EXPECT_EQ(s.take(), "[5] remove sandbox\n"
                      "[5] run sandbox\n"
                      "[5] init: pull\n"
                      "[5] init: create\n"
                      "[5] init: start\n");
  s.exit("init", 0);
  EXPECT_EQ(s.take(), "[5] init exits 0\n"
                      "[5] web: pull\n"
                      "[5] web: create\n"
                      "[5] web: start\n");
  EXPECT_EQ(s.state.containers[1].restarts, 1u);
  EXPECT_EQ(s.state.containers[1].last->reason, "ContainerStatusUnknown");
}

TEST(PodLifecycle, DoesNotReviveALostPodThatMayNotRestart) {
  stage s{pod_of("restart_policy: 'Never' containers { name: 'web' }")};
  s.run();
  on_sandbox_lost(s.pod, s.state, s.now);
  s.run();
  EXPECT_TRUE(s.state.settled);
}
