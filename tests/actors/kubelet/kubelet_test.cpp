#include "messages/api/authentication.pb.h"
#include "messages/api/core_config.pb.h"
#include "messages/api/core_node.pb.h"
#include "tests/actors/kubelet/kubelet_fixture.hpp"

using namespace std::chrono_literals;

namespace troupe {

namespace {

const char* one = "containers { name: 'web' image: 'web:1' }";

} // namespace

TEST_F(KubeletTest, RunsAPodUntilItIsReady) {
  start();
  put_pod("web", one);
  EXPECT_EQ(status("web").phase(), "Running");
  EXPECT_EQ(condition("web", "Ready"), "True");
  EXPECT_EQ(status("web").pod_ip(), "10.1.0.1");
  EXPECT_EQ(status("web").host_ip(), "172.16.0.1");
  EXPECT_EQ(api.of(call::UPDATE, "Pod", "status").size(), 1u)
      << "one write takes it all the way";
}

TEST_F(KubeletTest, EndsAPodAndThenItsObject) {
  script("stages: [{from: running, on: stop, delay: 3s, to: exited}]");
  start();
  put_pod("web", one);
  mark_deleted("web", 30);
  world.advance(2s);
  EXPECT_TRUE(has_pod("web"));
  EXPECT_EQ(on_machine().sandboxes_size(), 1);
  world.advance(2s);
  EXPECT_FALSE(has_pod("web"));
  EXPECT_EQ(on_machine().sandboxes_size(), 0);
  auto deletes = api.of(call::DELETE, "Pod");
  ASSERT_EQ(deletes.size(), 1u);
  EXPECT_EQ(deletes[0].msg.grace_period_seconds(), 0);
  EXPECT_EQ(deletes[0].msg.precondition_uid(), "uid-web");
  auto last = api.of(call::UPDATE, "Pod", "status").back();
  EXPECT_TRUE(last.body.as<core::v1::Pod>()
                  .status()
                  .container_statuses(0)
                  .state()
                  .has_terminated());
}

TEST_F(KubeletTest, EndsAPodWhoseObjectIsGone) {
  start();
  put_pod("web", one);
  api.remove("Pod", "default/web");
  world.advance(2s);
  EXPECT_EQ(on_machine().sandboxes_size(), 0);
  EXPECT_TRUE(api.of(call::DELETE, "Pod").empty());
}

TEST_F(KubeletTest, EndsAPodWhoseObjectIsGoneAlsoWhenItsWorkerDies) {
  script("stages: [{from: running, on: stop, delay: 3s, to: exited}]");
  start();
  put_pod("web", one);
  api.remove("Pod", "default/web");
  world.run();
  kill("kubelet/node-1/pod/default/web");
  EXPECT_EQ(on_machine().sandboxes_size(), 1);
  world.advance(5s);
  EXPECT_EQ(on_machine().sandboxes_size(), 0);
}

TEST_F(KubeletTest, EndsAPodWhoseObjectGoesWhileItsWorkerIsHeldBack) {
  start();
  put_pod("web", one);
  // As often as a worker is restarted at once, and once more.
  for (int i = 0; i < 9; ++i)
    kill("kubelet/node-1/pod/default/web");
  api.remove("Pod", "default/web");
  world.run();
  EXPECT_EQ(on_machine().sandboxes_size(), 1);
  world.advance(5s);
  EXPECT_EQ(on_machine().sandboxes_size(), 0);
}

TEST_F(KubeletTest, EndsAPodWhoseObjectIsGoneWhileItsSandboxIsMade) {
  script("sandboxes: [{delay: 2s}]");
  start();
  put_pod("web", one);
  api.remove("Pod", "default/web");
  kill("kubelet/node-1/pod/default/web");
  world.advance(10s);
  EXPECT_EQ(on_machine().sandboxes_size(), 0);
}

TEST_F(KubeletTest, GivesNoAddressTwiceWhenTheNodeStartsAnew) {
  start();
  put_pod("a", one);
  put_pod("b", one);
  EXPECT_EQ(status("b").pod_ip(), "10.1.0.2");
  api.remove("Pod", "default/a");
  world.advance(40s);
  // The power fails: nothing is left but what the API says.
  kill(runtime);
  kill(actor);
  fleet->lose("node-1");
  start();
  put_pod("a-new", one);
  world.advance(1s);
  EXPECT_EQ(status("b").pod_ip(), "10.1.0.2");
  EXPECT_EQ(status("b").phase(), "Running");
  EXPECT_EQ(status("a-new").phase(), "Running");
  EXPECT_NE(status("a-new").pod_ip(), status("b").pod_ip());
}

TEST_F(KubeletTest, KeepsContainersOverItsOwnDeath) {
  script("stages: [{from: running, on: time, delay: 5s, to: exited, exitCode: "
         "7, match: {image: 'crash*'}}]");
  start();
  put_pod("web", one);
  put_pod("crash", "containers { name: 'c' image: 'crash' }");
  world.advance(6s);
  auto id = container_id("web");
  auto crash_id = container_id("crash");
  EXPECT_EQ(status("crash").container_statuses(0).restart_count(), 1);
  kill(actor);
  world.advance(5s);
  start_kubelet();
  EXPECT_EQ(container_id("web"), id);
  EXPECT_EQ(status("web").container_statuses(0).restart_count(), 0);
  // It ended meanwhile: its true code is told.
  EXPECT_EQ(status("crash")
                .container_statuses(0)
                .last_state()
                .terminated()
                .exit_code(),
            7);
  EXPECT_EQ(on_machine().sandboxes_size(), 2);
  EXPECT_NE(crash_id, "");
}

TEST_F(KubeletTest, RestartsAWorkerThatDies) {
  start();
  put_pod("web", one);
  auto id = container_id("web");
  for (int i = 0; i < 3; ++i)
    kill("kubelet/node-1/pod/default/web");
  EXPECT_EQ(container_id("web"), id);
  EXPECT_EQ(on_machine().containers_size(), 1);
  mark_deleted("web", 5);
  world.advance(1s);
  EXPECT_FALSE(has_pod("web"));
}

TEST_F(KubeletTest, GoesOnWithARuntimeThatDied) {
  start();
  put_pod("web", one);
  auto id = container_id("web");
  kill(runtime);
  put_pod("late", one);
  EXPECT_NE(status("late").phase(), "Running");
  start_runtime();
  EXPECT_EQ(status("late").phase(), "Running");
  EXPECT_EQ(container_id("web"), id);
  EXPECT_EQ(status("web").container_statuses(0).restart_count(), 0);
}

TEST_F(KubeletTest, RemovesWhatBelongsToNoPod) {
  start();
  put_pod("web", one);
  put_pod("gone", one);
  kill(actor);
  api.remove("Pod", "default/gone");
  EXPECT_EQ(on_machine().sandboxes_size(), 2);
  start_kubelet();
  EXPECT_EQ(on_machine().sandboxes_size(), 1);
}

TEST_F(KubeletTest, RestartsContainersWithBackOff) {
  script("stages: [{from: running, on: time, delay: 1s, to: exited, exitCode: "
         "3}]");
  start();
  put_pod("web", one);
  world.advance(2500ms);
  auto web = status("web").container_statuses(0);
  EXPECT_EQ(web.restart_count(), 1);
  EXPECT_EQ(web.state().waiting().reason(), "CrashLoopBackOff");
  EXPECT_EQ(web.last_state().terminated().exit_code(), 3);
  world.advance(10s);
  EXPECT_EQ(status("web").container_statuses(0).restart_count(), 2);
}

TEST_F(KubeletTest, WaitsForAConfigMapAndGoesOnWhenItComes) {
  start();
  put_pod("web", "containers { name: 'web' image: 'web' env_from { "
                 "config_map_ref { local_object_reference { name: 'c' } } } }");
  auto waiting = status("web").container_statuses(0).state().waiting();
  EXPECT_EQ(waiting.reason(), "CreateContainerConfigError");
  EXPECT_EQ(waiting.message(), "configmap \"c\" not found");
  core::v1::ConfigMap map;
  map.mutable_metadata()->set_name("c");
  map.mutable_metadata()->set_namespace_("default");
  api.put(map);
  world.run();
  EXPECT_EQ(status("web").phase(), "Running");
}

TEST_F(KubeletTest, TellsOfImagesThatCannotBeHad) {
  script("images: [{image: 'missing*', error: no such image}]");
  start();
  put_pod("web", "containers { name: 'web' image: 'missing:1' }");
  EXPECT_EQ(status("web").container_statuses(0).state().waiting().reason(),
            "ErrImagePull");
  world.advance(2s);
  EXPECT_EQ(status("web").container_statuses(0).state().waiting().reason(),
            "ImagePullBackOff");
  EXPECT_EQ(status("web").phase(), "Pending");
}

TEST_F(KubeletTest, ProbesContainers) {
  script("execs: [{command: 'check sick', exitCode: 1, stdout: unwell}]");
  start();
  put_pod("web", "containers { name: 'web' image: 'web' readiness_probe { "
                 "period_seconds: 2 handler { exec { command: 'check' } } } }");
  put_pod("ill", "containers { name: 'ill' image: 'web' liveness_probe { "
                 "period_seconds: 1 failure_threshold: 2 handler { exec { "
                 "command: 'check' command: 'sick' } } } }");
  world.advance(3s);
  EXPECT_EQ(condition("web", "Ready"), "True");
  EXPECT_EQ(status("ill").container_statuses(0).restart_count(), 1);
  ASSERT_FALSE(api.events("Unhealthy").empty());
  EXPECT_EQ(api.events("Unhealthy")[0], "Liveness probe failed: unwell");
}

TEST_F(KubeletTest, ReplacesASandboxWithAnAddressThatItDidNotGive) {
  start();
  container::RunPodSandbox late;
  late.mutable_config()->set_uid("uid-web");
  late.mutable_config()->set_name("web");
  late.mutable_config()->set_address("10.1.0.200");
  caf::anon_send(caf::actor_cast<container_runtime_actor>(runtime),
                 pb<container::RunPodSandbox>{late});
  world.run();
  put_pod("web", one);
  EXPECT_EQ(status("web").phase(), "Running");
  auto machine = on_machine();
  ASSERT_EQ(machine.sandboxes_size(), 1);
  EXPECT_NE(machine.sandboxes(0).address(), "10.1.0.200");
  EXPECT_EQ(machine.sandboxes(0).address(), status("web").pod_ip());
}

TEST_F(KubeletTest, WritesAgainWhatMetAConflict) {
  start();
  bool once = true;
  api.refuse =
      [&](const test::fake_api::asked& what) -> std::optional<caf::error> {
    if (what.msg.subresource() != "status" || what.msg.kind() != "Pod"
        || !std::exchange(once, false))
      return std::nullopt;
    return make_error(ec::conflict, "was changed");
  };
  put_pod("web", one);
  EXPECT_FALSE(once);
  EXPECT_EQ(status("web").phase(), "Running");
}

TEST_F(KubeletTest, AsksForATokenOnceASecondWhileNobodyCanGiveOne) {
  auto asked = [&] {
    return api.of(call::CREATE, "ServiceAccount", "token").size();
  };
  api.refuse =
      [&](const test::fake_api::asked& what) -> std::optional<caf::error> {
    // A kubelet that asks without a pause would never let us go.
    if (what.msg.subresource() != "token" || asked() > 10)
      return std::nullopt;
    return make_error(ec::service_unavailable, "the registry is starting");
  };
  start_runtime();
  start_kubelet(false);
  put_pod("web", one + std::string{R"( volumes { name: 'v' volume_source {
      projected { sources { service_account_token { path: 'token' } } } } })"});
  EXPECT_EQ(asked(), 1u);
  world.advance(1s);
  EXPECT_EQ(asked(), 2u);
}

TEST_F(KubeletTest, RenewsATokenWellBeforeItEnds) {
  auto asked = [&] {
    return api.of(call::CREATE, "ServiceAccount", "token").size();
  };
  api.writes = [&](const test::fake_api::asked& what) {
    if (what.msg.subresource() != "token") {
      api.put(what.body);
      return what.body;
    }
    auto msg = what.body.copy<authentication::v1::TokenRequest>();
    auto ends = world.at("clock").now()
                + std::chrono::seconds(msg.spec().expiration_seconds());
    msg.mutable_status()->set_token("token-" + std::to_string(asked()));
    *msg.mutable_status()->mutable_expiration_timestamp() = to_time(ends);
    return object::of(msg);
  };
  start_runtime();
  start_kubelet(false);
  put_pod("web", one + std::string{R"( volumes { name: 'v' volume_source {
      projected { sources { service_account_token {
        path: 'token' expiration_seconds: 600 } } } } })"});
  EXPECT_EQ(asked(), 1u);
  world.advance(470s);
  EXPECT_EQ(asked(), 1u) << "four fifths of its life are not over";
  world.advance(20s);
  EXPECT_EQ(asked(), 2u);
  world.advance(490s);
  EXPECT_EQ(asked(), 3u) << "and so on";
}

TEST_F(KubeletTest, GoesOnAfterItsSessionBroke) {
  start();
  put_pod("web", one);
  put_pod("gone", one);
  world.break_sessions();
  api.remove("Pod", "default/gone");
  put_pod("new", one);
  world.advance(3s);
  EXPECT_EQ(status("new").phase(), "Running");
  EXPECT_EQ(on_machine().sandboxes_size(), 2);
}

TEST_F(KubeletTest, LeavesNobodyBehind) {
  start();
  put_pod("web", "containers { name: 'web' image: 'web' readiness_probe { "
                 "handler { exec { command: 'check' } } } }");
  auto before = world.system().registry().running();
  kill(actor);
  EXPECT_LE(world.system().registry().running() + 3, before)
      << "kubelet, worker and prober are gone";
}

TEST_F(KubeletTest, RejectsWhatItHasNoRoomForAndCountsThatForNobody) {
  start();
  kill(runtime);
  // They come together once the runtime is back.
  put_pod("web-1", one);
  put_pod("giant", "containers { name: 'web' image: 'web:1' resources { "
                   "requests { key: 'cpu' value { string: '100000' } } } }");
  put_pod("web-2", one);
  put_pod("web-3", "containers { name: 'web' image: 'web:1' resources { "
                   "requests { key: 'cpu' value { string: '1' } } } }");
  start_runtime();
  world.advance(5s);
  EXPECT_EQ(status("giant").phase(), "Failed");
  EXPECT_EQ(status("giant").reason(), "OutOfcpu");
  for (auto name : {"web-1", "web-2", "web-3"})
    EXPECT_EQ(status(name).phase(), "Running") << name;
}

} // namespace troupe
