#include "messages/call.pb.h"
#include "messages/codec.hpp"
#include "messages/interfaces.hpp"
#include "runtime/system/simulated_wires.hpp"

#include <caf/actor_cast.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/scheduler/test_coordinator.hpp>
#include <caf/scoped_actor.hpp>
#include <caf/send.hpp>
#include <gtest/gtest.h>

namespace troupe {

namespace {

using namespace std::chrono_literals;

constexpr auto here = "kubelet/node-1";
constexpr auto there = "apiserver/front_door";

/// What an actor was told, in order.
struct hearing {
  std::vector<int> numbers;
  int downs = 0;
  caf::error reason;
  watcher_actor watcher;
};

using hearing_ptr = std::shared_ptr<hearing>;

/// Notes what it hears, answers questions, and keeps watchers that it is shown.
caf::behavior listen(caf::event_based_actor* self, hearing_ptr heard) {
  self->set_down_handler([heard](const caf::down_msg& down) {
    ++heard->downs;
    heard->reason = down.reason;
  });
  return {
      [heard](int number) { heard->numbers.push_back(number); },
      [](uint64_t number) { return number + 1000; },
      [self, heard](const watcher_actor& who) {
        heard->watcher = who;
        self->monitor(who);
      },
      [heard](const changes& batch) {
        heard->numbers.push_back(static_cast<int>(batch.sequence));
      },
  };
}

struct SimulatedWires : ::testing::Test {
  struct config : caf::actor_system_config {
    config() {
      register_types(*this);
      set("scheduler.policy", caf::atom("testing"));
    }
  };

  config cfg;
  caf::actor_system sys{cfg};
  caf::scheduler::test_coordinator& sched =
      dynamic_cast<caf::scheduler::test_coordinator&>(sys.scheduler());
  simulated_wires wires{sys, 1};
  hearing_ptr near = std::make_shared<hearing>();
  hearing_ptr far = std::make_shared<hearing>();
  caf::actor client, server;
  caf::actor seen; ///< the server as the client sees it

  void SetUp() override {
    client = sys.spawn(listen, near);
    server = sys.spawn(listen, far);
    sched.run();
  }

  void TearDown() override {
    near->watcher = far->watcher = nullptr;
    seen = nullptr;
    caf::anon_send_exit(client, caf::exit_reason::user_shutdown);
    caf::anon_send_exit(server, caf::exit_reason::user_shutdown);
    client = server = nullptr;
    pass(60s);
  }

  void dial() {
    auto far_side =
        wires.dial(caf::actor_cast<caf::strong_actor_ptr>(client), here, there,
                   caf::actor_cast<caf::strong_actor_ptr>(server));
    seen = caf::actor_cast<caf::actor>(far_side);
    caf::actor_cast<caf::event_based_actor*>(client)->monitor(seen);
  }

  void pass(std::chrono::milliseconds time) {
    sched.run();
    for (; time.count() > 0; time -= 10ms) {
      sched.advance_time(10ms);
      sched.run();
    }
  }

  void say(int number) {
    caf::actor_cast<caf::event_based_actor*>(client)->send(seen, number);
  }
};

} // namespace

TEST_F(SimulatedWires, CarryMessagesInOrderAndAnswersBack) {
  wires.set({20ms, 200ms});
  dial();
  for (int i = 0; i < 50; ++i)
    say(i);
  uint64_t answered = 0;
  caf::actor_cast<caf::event_based_actor*>(client)
      ->request(seen, caf::infinite, uint64_t{50})
      .then([&](uint64_t answer) { answered = answer; });
  pass(10ms);
  EXPECT_TRUE(far->numbers.empty());
  pass(2s);
  ASSERT_EQ(far->numbers.size(), 50u);
  for (int i = 0; i < 50; ++i)
    EXPECT_EQ(far->numbers[i], i);
  EXPECT_EQ(answered, 1050u);
}

TEST_F(SimulatedWires, CarryHandlesBothWays) {
  dial();
  caf::actor_cast<caf::event_based_actor*>(client)->send(
      seen, caf::actor_cast<watcher_actor>(client));
  pass(10ms);
  ASSERT_TRUE(far->watcher);
  EXPECT_NE(far->watcher.address(), client.address());
  changes batch;
  batch.sequence = 7;
  caf::anon_send(far->watcher, batch);
  pass(10ms);
  EXPECT_EQ(near->numbers, std::vector<int>{7});
  // Home again it is the actor itself.
  caf::actor_cast<caf::event_based_actor*>(server)->send(
      caf::actor_cast<caf::actor>(far->watcher), far->watcher);
  pass(10ms);
  EXPECT_EQ(near->watcher.address(), client.address());
}

TEST_F(SimulatedWires, HoldMessagesWhileCutOff) {
  dial();
  say(1);
  wires.cut("kubelet/node-1", "apiserver");
  say(2);
  pass(5s);
  EXPECT_EQ(far->numbers, std::vector<int>{1});
  wires.heal();
  say(3);
  pass(100ms);
  EXPECT_EQ(far->numbers, (std::vector<int>{1, 2, 3}));
  pass(60s);
  EXPECT_EQ(near->downs, 0);
}

TEST_F(SimulatedWires, BreakAtBothEndsWhenCutOffForLong) {
  dial();
  caf::actor_cast<caf::event_based_actor*>(client)->send(
      seen, caf::actor_cast<watcher_actor>(client));
  pass(10ms);
  wires.cut("kubelet", "");
  say(1);
  pass(9s);
  EXPECT_EQ(near->downs + far->downs, 0);
  pass(4s);
  EXPECT_EQ(near->downs, 1);
  EXPECT_EQ(far->downs, 1);
  EXPECT_EQ(near->reason, caf::exit_reason::remote_link_unreachable);
  wires.heal();
  say(2);
  pass(1s);
  EXPECT_TRUE(far->numbers.empty());
  EXPECT_EQ(wires.connections(), 0u);
  dial();
  say(3);
  pass(1s);
  EXPECT_EQ(far->numbers, std::vector<int>{3});
}

TEST_F(SimulatedWires, TellTheEndOfAnActorAfterWhatItSaid) {
  wires.set({50ms, 50ms});
  dial();
  caf::actor_cast<caf::event_based_actor*>(client)->send(
      seen, caf::actor_cast<watcher_actor>(client));
  pass(100ms);
  say(1);
  caf::anon_send_exit(server, caf::exit_reason::kill);
  pass(40ms);
  EXPECT_EQ(near->downs, 0);
  pass(100ms);
  EXPECT_EQ(near->downs, 1);
  EXPECT_EQ(near->reason, caf::exit_reason::kill);
}

TEST_F(SimulatedWires, EndWithWhoeverDialed) {
  dial();
  caf::actor_cast<caf::event_based_actor*>(client)->send(
      seen, caf::actor_cast<watcher_actor>(client));
  pass(10ms);
  caf::anon_send_exit(client, caf::exit_reason::kill);
  pass(1s);
  EXPECT_EQ(far->downs, 1);
  EXPECT_EQ(wires.connections(), 0u);
}

TEST_F(SimulatedWires, LoseAConnectionWithAMessage) {
  dial();
  wires.set({0ms, 0ms, 1'000'000});
  say(1);
  pass(1s);
  EXPECT_TRUE(far->numbers.empty());
  EXPECT_EQ(near->downs, 1);
  wires.set({});
  dial();
  wires.reset("kubelet/node-1", there);
  pass(1s);
  EXPECT_EQ(near->downs, 2);
}

TEST_F(SimulatedWires, TellWhoIsApart) {
  EXPECT_TRUE(wires.apart("kubelet/node-1", "apiserver/front_door"));
  EXPECT_TRUE(wires.apart("kubelet/node-1", "kubelet/node-10"));
  EXPECT_TRUE(wires.apart("scheduler", "apiserver/front_door"));
  EXPECT_FALSE(wires.apart("kubelet/node-1/pod/a/b", "kubelet/node-1"));
  EXPECT_FALSE(wires.apart("apiserver/view/pods", "apiserver/front_door"));
}

} // namespace troupe
