#pragma once

#include "actors/kubelet/kubelet.hpp"
#include "actors/kubelet/simulated_runtime.hpp"
#include "messages/api/core_pod.pb.h"
#include "messages/container.pb.h"
#include "messages/system.pb.h"
#include "runtime/system/machine.hpp"
#include "tests/support/fake_api.hpp"

#include <caf/actor_cast.hpp>
#include <caf/scoped_actor.hpp>
#include <caf/send.hpp>
#include <caf/stateful_actor.hpp>
#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>

namespace troupe {

/// A kubelet and its simulated runtime against a fake API server.
struct KubeletTest : ::testing::Test {
  test::fake_world world;
  test::fake_api& api = *world.api();
  std::unique_ptr<simulation::fleet> fleet;
  caf::actor runtime;
  caf::actor actor;

  ~KubeletTest() override {
    for (auto* handle : {&actor, &runtime}) {
      if (*handle)
        world.end(*handle);
      *handle = nullptr;
    }
  }

  void script(const std::string& yaml) {
    auto parsed = simulation::parse_script(yaml);
    ASSERT_TRUE(parsed) << message_of(parsed.error());
    fleet = std::make_unique<simulation::fleet>(std::move(*parsed), 1);
  }

  /// What the node's machine has.
  container::State on_machine() { return fleet->look()["node-1"]; }

  void start_runtime() {
    if (!fleet)
      script("{}");
    auto ctx = world.at("kubelet/node-1/runtime");
    runtime = caf::actor_cast<caf::actor>(
        world.system().spawn(simulated_runtime, ctx, fleet->take("node-1")));
    system::Started msg;
    msg.set_path(ctx.path());
    caf::anon_send(ctx.directory(), pb<system::Started>{std::move(msg)},
                   runtime);
    world.run();
  }

  void start_kubelet(bool simulated = true) {
    kubelet_options options;
    options.machine = simulated_machine();
    options.machine.name = "node-1";
    options.machine.addresses = {"172.16.0.1"};
    options.pod_range = "10.1.0.0/24";
    options.simulated = simulated;
    actor = caf::actor_cast<caf::actor>(world.system().spawn(
        kubelet, world.at("kubelet/node-1"), std::move(options)));
    world.run();
  }

  void start() {
    start_runtime();
    start_kubelet();
  }

  void kill(caf::actor& victim) {
    caf::anon_send_exit(victim, caf::exit_reason::kill);
    victim = nullptr;
    world.run();
  }

  // Ends whoever has this path now.
  void kill(const std::string& path) {
    caf::scoped_actor self{world.system()};
    system::Resolve msg;
    msg.set_path(path);
    auto asked = self->request(world.at("test").directory(), caf::infinite,
                               pb<system::Resolve>{std::move(msg)});
    world.run();
    caf::actor found;
    asked.receive([&](const caf::actor& handle) { found = handle; },
                  [](const caf::error&) {});
    ASSERT_TRUE(found) << path;
    kill(found);
  }

  object put_pod(const std::string& name, const std::string& spec) {
    core::v1::Pod pod;
    EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(
        "metadata { name: '" + name + "' namespace: 'default' uid: 'uid-" + name
            + "' } spec { node_name: 'node-1' "
            + "termination_grace_period_seconds: 30 " + spec + " }",
        &pod));
    auto made = api.put(pod);
    world.run();
    return made;
  }

  bool has_pod(const std::string& name) {
    return static_cast<bool>(api.find("Pod", "default/" + name));
  }

  core::v1::PodStatus status(const std::string& name) {
    auto found = api.find("Pod", "default/" + name);
    return found ? found.as<core::v1::Pod>().status() : core::v1::PodStatus{};
  }

  std::string condition(const std::string& name, const std::string& type) {
    auto now = status(name);
    for (const auto& c : now.conditions())
      if (c.type() == type)
        return c.status();
    return "none";
  }

  // As the API server marks a pod that is to go.
  void mark_deleted(const std::string& name, int64_t grace) {
    auto pod = api.find("Pod", "default/" + name).copy<core::v1::Pod>();
    auto now = world.at("test").now();
    *pod.mutable_metadata()->mutable_deletion_timestamp() =
        to_time(now + std::chrono::seconds{grace});
    pod.mutable_metadata()->set_deletion_grace_period_seconds(grace);
    api.put(pod);
    world.run();
  }

  std::string container_id(const std::string& name) {
    auto now = status(name);
    return now.container_statuses_size() > 0
               ? now.container_statuses(0).container_id()
               : std::string{};
  }
};

} // namespace troupe
