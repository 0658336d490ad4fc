#include "actors/scheduler/scheduler.hpp"
#include "messages/system.pb.h"
#include "tests/runtime/scheduling/makers.hpp"
#include "tests/support/fake_api.hpp"

#include <caf/scoped_actor.hpp>
#include <caf/stateful_actor.hpp>
#include <gtest/gtest.h>

namespace troupe {

namespace {

using namespace scheduling;
using namespace std::chrono_literals;

struct SchedulerTest : ::testing::Test {
  test::fake_world world;
  test::fake_api& api = *world.api();
  scheduler_actor actor;

  SchedulerTest() {
    api.writes = [this](const test::fake_api::asked& what) {
      return write(what);
    };
  }

  ~SchedulerTest() override { stop(); }

  void start() {
    actor = world.system().spawn(scheduler, world.at("scheduler"));
    world.run();
  }

  void stop() {
    if (actor)
      world.end(caf::actor_cast<caf::actor>(actor));
    actor = nullptr;
  }

  // What the API server does with a binding and with a patch of a status.
  object write(const test::fake_api::asked& what) {
    auto key = what.msg.namespace_() + "/" + what.msg.name();
    if (what.msg.kind() != "Pod")
      return api.find(what.msg.kind(), key);
    auto pod = api.find("Pod", key).copy<core::v1::Pod>();
    if (what.msg.subresource() == "binding")
      pod.mutable_spec()->set_node_name(
          what.body.as<core::v1::Binding>().target().name());
    return api.put(pod);
  }

  object pod(const std::string& name, const std::string& cpu = "") {
    auto result = a_pod(name, cpu);
    result.mutable_spec()->set_scheduler_name("default-scheduler");
    return api.put(result);
  }

  std::string node_of(const std::string& name) {
    auto found = api.find("Pod", "default/" + name);
    return found ? found.as<core::v1::Pod>().spec().node_name() : "no pod";
  }

  size_t bindings() { return api.of(call::CREATE, "Pod", "binding").size(); }

  std::vector<std::string> why(const std::string& key) {
    caf::scoped_actor self{world.system()};
    system::Explain msg;
    msg.set_key(key);
    msg.set_kind("Pod");
    std::vector<std::string> result;
    auto asked = self->request(actor, caf::infinite,
                               pb<system::Explain>{std::move(msg)});
    world.run();
    asked.receive(
        [&](const pb<system::Explanation>& x) {
          result.assign(x->decisions().begin(), x->decisions().end());
        },
        [](const caf::error&) {});
    return result;
  }
};

using Scheduler = SchedulerTest;

TEST_F(Scheduler, BindsAPodAndTellsSo) {
  api.put(a_node("n"));
  start();
  pod("a");
  world.run();
  EXPECT_EQ(node_of("a"), "n");
  EXPECT_EQ(bindings(), 1u);
  EXPECT_EQ(api.events("Scheduled"),
            std::vector<std::string>{"Successfully assigned default/a to n"});
  auto body = api.of(call::CREATE, "Pod", "binding")[0].body;
  EXPECT_EQ(body.as<core::v1::Binding>().metadata().uid(), "uid-a");
}

TEST_F(Scheduler, FindsPodsThatWereThereBefore) {
  api.put(a_node("n"));
  pod("a");
  start();
  EXPECT_EQ(node_of("a"), "n");
}

TEST_F(Scheduler, LeavesPodsOfOtherSchedulersAlone) {
  api.put(a_node("n"));
  start();
  auto other = a_pod("a");
  other.mutable_spec()->set_scheduler_name("mine");
  api.put(other);
  world.run();
  EXPECT_EQ(node_of("a"), "");
}

TEST_F(Scheduler, SpreadsManyPodsAndBindsEachOnce) {
  for (auto name : {"a", "b", "c"})
    api.put(a_node(name));
  start();
  for (int i = 0; i < 300; ++i)
    pod("p" + std::to_string(i));
  world.run();
  EXPECT_EQ(bindings(), 300u);
  std::map<std::string, int> count;
  for (int i = 0; i < 300; ++i)
    ++count[node_of("p" + std::to_string(i))];
  EXPECT_EQ(count.size(), 3u);
  for (auto& [node, n] : count)
    EXPECT_NEAR(n, 100, 5) << node;
}

TEST_F(Scheduler, SaysWhyAPodHasNoPlace) {
  api.put(a_node("n"));
  start();
  pod("a", "5");
  world.run();
  EXPECT_EQ(node_of("a"), "");
  const std::string message = "0/1 nodes are available: 1 Insufficient cpu.";
  EXPECT_EQ(api.events("FailedScheduling"), std::vector<std::string>{message});
  auto patches = api.of(call::PATCH, "Pod", "status");
  ASSERT_EQ(patches.size(), 1u);
  EXPECT_NE(patches[0].msg.patch().find(message), std::string::npos);
  EXPECT_NE(patches[0].msg.patch().find("\"Unschedulable\""),
            std::string::npos);
  EXPECT_EQ(
      why("default/a"),
      (std::vector<std::string>{
          "waits for a change that lets it in after 1 attempt", message}));
}

TEST_F(Scheduler, TriesAgainOnlyWhenSomethingHelps) {
  api.put(a_node("n"));
  start();
  pod("big", "5");
  world.advance(60s);
  EXPECT_EQ(api.of(call::PATCH, "Pod", "status").size(), 1u);
  auto larger = a_node("n");
  (*larger.mutable_status()->mutable_allocatable())["cpu"].set_string("8");
  api.put(larger);
  world.run();
  EXPECT_EQ(node_of("big"), "n");
}

TEST_F(Scheduler, APodThatLeavesMakesRoom) {
  api.put(a_node("n"));
  start();
  pod("first", "3");
  world.run();
  pod("second", "3");
  world.advance(5s);
  EXPECT_EQ(node_of("second"), "");
  api.remove("Pod", "default/first");
  world.run();
  EXPECT_EQ(node_of("second"), "n");
}

TEST_F(Scheduler, HigherPriorityIsPlacedFirst) {
  start();
  for (int i = 0; i < 2; ++i) {
    auto waiting = a_pod("p" + std::to_string(i), "3");
    waiting.mutable_spec()->set_scheduler_name("default-scheduler");
    waiting.mutable_spec()->set_priority(i);
    api.put(waiting);
  }
  world.advance(20s);
  api.put(a_node("n"));
  world.run();
  EXPECT_EQ(node_of("p0"), "");
  EXPECT_EQ(node_of("p1"), "n");
}

TEST_F(Scheduler, ABindingThatFailsIsTriedAgainAfterABackOff) {
  api.put(a_node("n"));
  start();
  int refused = 0;
  api.refuse =
      [&](const test::fake_api::asked& what) -> std::optional<caf::error> {
    if (what.msg.subresource() != "binding" || ++refused > 2)
      return std::nullopt;
    return make_error(ec::internal_error, "no luck");
  };
  pod("a", "3");
  world.run();
  EXPECT_EQ(refused, 1);
  world.advance(990ms);
  EXPECT_EQ(refused, 1);
  world.advance(10ms);
  EXPECT_EQ(refused, 2);
  world.advance(2s);
  EXPECT_EQ(node_of("a"), "n");
  EXPECT_EQ(api.events("FailedScheduling").at(0), "binding rejected: no luck");
}

TEST_F(Scheduler, WhatWasAssumedIsGivenBackWhenBindingFails) {
  api.put(a_node("n"));
  start();
  api.refuse =
      [](const test::fake_api::asked& what) -> std::optional<caf::error> {
    if (what.msg.subresource() == "binding" && what.msg.name() == "a")
      return make_error(ec::not_found, "pods \"a\" not found");
    return std::nullopt;
  };
  pod("a", "3");
  world.run();
  pod("b", "3");
  world.run();
  EXPECT_EQ(node_of("b"), "n");
}

TEST_F(Scheduler, APodDeletedWhileItIsBoundGivesItsRoomBack) {
  api.put(a_node("n"));
  start();
  api.mute = true;
  pod("a", "3");
  world.run();
  EXPECT_EQ(why("default/a").at(0), "is being bound to n");
  api.mute = false;
  api.remove("Pod", "default/a");
  pod("b", "3");
  world.run();
  EXPECT_EQ(node_of("b"), "n");
}

TEST_F(Scheduler, AfterALostSessionItKnowsTheClusterAnew) {
  api.put(a_node("n"));
  api.put(a_node("m"));
  start();
  pod("a", "3");
  world.run();
  auto first = node_of("a");
  api.watches.clear();
  api.remove("Node", first == "n" ? "m" : "n");
  api.remove("Pod", "default/a");
  world.break_sessions();
  pod("b", "3");
  world.run();
  EXPECT_EQ(node_of("b"), first);
  pod("c", "3");
  world.run();
  EXPECT_EQ(
      api.events("FailedScheduling"),
      std::vector<std::string>{"0/1 nodes are available: 1 Insufficient cpu."});
}

TEST_F(Scheduler, ABindingInFlightWhenTheSessionEndsIsMadeAnew) {
  api.put(a_node("n"));
  start();
  api.mute = true;
  pod("a", "3");
  world.run();
  api.mute = false;
  world.break_sessions();
  world.advance(1s);
  EXPECT_EQ(node_of("a"), "n");
}

TEST_F(Scheduler, ARestartedOneDoesNotPlaceAnythingTwice) {
  api.put(a_node("n"));
  start();
  pod("a", "3");
  world.run();
  stop();
  pod("b", "3");
  start();
  EXPECT_EQ(bindings(), 1u);
  EXPECT_EQ(node_of("b"), "");
}

TEST_F(Scheduler, TerminatingPodsWithoutANodeAreLeftAlone) {
  start();
  auto leaving = a_pod("a");
  leaving.mutable_spec()->set_scheduler_name("default-scheduler");
  leaving.mutable_metadata()->mutable_deletion_timestamp()->set_seconds(1);
  api.put(leaving);
  api.put(a_node("n"));
  world.run();
  EXPECT_EQ(bindings(), 0u);
}

} // namespace

} // namespace troupe
