#include "actors/kubelet/simulated_runtime.hpp"
#include "messages/container.pb.h"
#include "messages/system.pb.h"
#include "tests/support/fake_api.hpp"

#include <caf/scoped_actor.hpp>
#include <caf/stateful_actor.hpp>
#include <gtest/gtest.h>

namespace troupe {

namespace {

using namespace container;
using namespace std::chrono_literals;

/// What an actor was told.
struct hearing {
  std::vector<Event> events;
  std::string output;
  uint32_t credit = 0;
  bool over = false;
  int32_t code = 0;
};

using hearer = container_listener_actor::extend_with<container_stream_actor>;

hearer::behavior_type hear(hearer::pointer, std::shared_ptr<hearing> all) {
  return {
      [all](const pb<Event>& x) { all->events.push_back(*x); },
      [all](const pb<StreamData>& x) { all->output += x->data(); },
      [all](const pb<StreamCredit>& x) { all->credit += x->chunks(); },
      [all](const pb<StreamEnd>& x) {
        all->over = true;
        all->code = x->exit_code();
      },
  };
}

class SimulatedRuntime : public ::testing::Test {
protected:
  void begin(const std::string& yaml) {
    auto script = simulation::parse_script(yaml);
    ASSERT_TRUE(script) << message_of(script.error());
    nodes_ = std::make_unique<simulation::fleet>(std::move(*script), 1);
    start();
  }

  void start() {
    runtime_ = caf::actor_cast<container_runtime_actor>(world_.system().spawn(
        simulated_runtime, world_.at("kubelet/node-1/runtime"),
        nodes_->take("node-1")));
    world_.run();
  }

  void TearDown() override {
    self_.reset();
    if (runtime_)
      world_.end(caf::actor_cast<caf::actor>(runtime_));
    if (ear_)
      world_.end(caf::actor_cast<caf::actor>(ear_));
  }

  template <class Out, class... Ts>
  expected<Out> ask(Ts... xs) {
    expected<Out> result = make_error(ec::timeout, "no answer");
    auto request = (*self_)->request(runtime_, caf::infinite, std::move(xs)...);
    world_.run();
    request.receive([&](pb<Out>& x) { result = *x; },
                    [&](caf::error& e) { result = std::move(e); });
    return result;
  }

  /// Asks, lets time pass, and only then takes the answer.
  template <class Out, class T>
  expected<Out> ask_and_wait(T x, std::chrono::milliseconds time) {
    expected<Out> result = make_error(ec::timeout, "no answer");
    auto request = (*self_)->request(runtime_, caf::infinite, std::move(x));
    world_.run();
    world_.advance(time);
    request.receive([&](pb<Out>& y) { result = *y; },
                    [&](caf::error& e) { result = std::move(e); });
    return result;
  }

  std::string create(const std::string& uid, const std::string& image) {
    RunPodSandbox run;
    run.mutable_config()->set_uid(uid);
    run.mutable_config()->set_name(uid);
    auto sandbox = ask<Sandbox>(pb<RunPodSandbox>{run});
    EXPECT_TRUE(sandbox);
    CreateContainer create;
    create.set_sandbox_id(sandbox->id());
    create.mutable_config()->set_name("main");
    create.mutable_config()->set_image(image);
    auto c = ask<Container>(pb<CreateContainer>{create});
    EXPECT_TRUE(c) << message_of(c.error());
    return c ? c->id() : "";
  }

  static pb<StartContainer> start_of(const std::string& id) {
    StartContainer msg;
    msg.set_container_id(id);
    return pb<StartContainer>{msg};
  }

  static pb<StopContainer> stop_of(const std::string& id, int64_t grace_ms) {
    StopContainer msg;
    msg.set_container_id(id);
    msg.set_grace_ms(grace_ms);
    return pb<StopContainer>{msg};
  }

  State subscribe() {
    ear_ = world_.system().spawn(hear, heard_);
    auto state =
        ask<State>(pb<Subscribe>{Subscribe{}}, container_listener_actor{ear_});
    EXPECT_TRUE(state);
    return state ? *state : State{};
  }

  test::fake_world world_;
  std::unique_ptr<simulation::fleet> nodes_;
  container_runtime_actor runtime_;
  std::unique_ptr<caf::scoped_actor> self_ =
      std::make_unique<caf::scoped_actor>(world_.system());
  std::shared_ptr<hearing> heard_ = std::make_shared<hearing>();
  hearer ear_;
};

} // namespace

TEST_F(SimulatedRuntime, RunsAContainerAtOnceWithoutAScript) {
  begin("");
  subscribe();
  auto id = create("u1", "nginx");
  auto c = ask<Container>(start_of(id));
  ASSERT_TRUE(c);
  EXPECT_EQ(c->state(), RUNNING);
  EXPECT_GT(c->pid(), 0);
  ASSERT_EQ(heard_->events.size(), 1u);
  EXPECT_EQ(heard_->events[0].type(), CONTAINER_STARTED);
  auto stopped = ask<Container>(stop_of(id, 30000));
  ASSERT_TRUE(stopped);
  EXPECT_EQ(stopped->exit_code(), 143);
  EXPECT_EQ(heard_->events.size(), 2u);
}

TEST_F(SimulatedRuntime, AnswersAStartWhenItIsOver) {
  begin("stages: [{on: start, delay: 3s}]");
  auto id = create("u1", "nginx");
  auto c = ask_and_wait<Container>(start_of(id), 3000ms);
  ASSERT_TRUE(c);
  EXPECT_EQ(c->started_at() - c->created_at(), 3000000000);
}

TEST_F(SimulatedRuntime, TellsListenersWhatHappensByItself) {
  begin("stages: [{from: running, delay: 5s, to: exited, exitCode: 2}]");
  auto id = create("u1", "nginx");
  ASSERT_TRUE(ask<Container>(start_of(id)));
  auto state = subscribe();
  EXPECT_EQ(state.containers_size(), 1);
  world_.advance(4999ms);
  EXPECT_TRUE(heard_->events.empty());
  world_.advance(1ms);
  ASSERT_EQ(heard_->events.size(), 1u);
  EXPECT_EQ(heard_->events[0].container().exit_code(), 2);
}

TEST_F(SimulatedRuntime, KillsWhatOutlivesItsGrace) {
  begin("stages: [{from: running, on: stop, delay: 1h, to: exited}]");
  auto id = create("u1", "nginx");
  ASSERT_TRUE(ask<Container>(start_of(id)));
  auto c = ask_and_wait<Container>(stop_of(id, 2000), 2000ms);
  ASSERT_TRUE(c);
  EXPECT_EQ(c->exit_code(), 137);
}

TEST_F(SimulatedRuntime, KeepsItsContainersWhenItIsRestarted) {
  begin("stages: [{from: running, delay: 5s, to: exited, exitCode: 2}]");
  auto id = create("u1", "nginx");
  auto before = ask<Container>(start_of(id));
  ASSERT_TRUE(before);
  world_.end(caf::actor_cast<caf::actor>(runtime_));
  world_.advance(2000ms);
  start();
  subscribe();
  ContainerStatus status;
  status.set_container_id(id);
  auto after = ask<Container>(pb<ContainerStatus>{status});
  ASSERT_TRUE(after);
  EXPECT_EQ(after->SerializeAsString(), before->SerializeAsString());
  world_.advance(3000ms);
  ASSERT_EQ(heard_->events.size(), 1u);
  EXPECT_EQ(heard_->events[0].container().exit_code(), 2);
}

TEST_F(SimulatedRuntime, AnswersCommandsAsWritten) {
  begin("execs: [{command: cat *, stdout: hello, exitCode: 3},"
        " {command: sleep*, delay: 10s}]");
  auto id = create("u1", "nginx");
  ASSERT_TRUE(ask<Container>(start_of(id)));
  ExecSync what;
  what.set_container_id(id);
  what.add_command("cat");
  what.add_command("/x");
  auto result = ask<ExecResult>(pb<ExecSync>{what});
  ASSERT_TRUE(result);
  EXPECT_EQ(result->stdout(), "hello");
  EXPECT_EQ(result->exit_code(), 3);
  what.clear_command();
  what.add_command("sleep");
  what.set_timeout_ms(1000);
  auto late = ask_and_wait<ExecResult>(pb<ExecSync>{what}, 1000ms);
  EXPECT_TRUE(is(late.error(), ec::timeout));
}

TEST_F(SimulatedRuntime, StreamsACommandAndALogUnderCredit) {
  begin("stages: [{on: start, log: \"one\\ntwo\"},"
        " {from: running, delay: 5s, to: exited, log: three}]\n"
        "execs: [{stdout: hello, exitCode: 3}]");
  auto id = create("u1", "nginx");
  ASSERT_TRUE(ask<Container>(start_of(id)));
  ear_ = world_.system().spawn(hear, heard_);
  Exec exec;
  exec.set_container_id(id);
  exec.add_command("x");
  exec.set_stdin(true);
  auto opened = ask<StreamOpened>(pb<Exec>{exec}, container_stream_actor{ear_});
  ASSERT_TRUE(opened);
  EXPECT_EQ(heard_->output, "");
  EXPECT_GT(heard_->credit, 0u);
  StreamCredit credit;
  credit.set_stream(opened->stream());
  credit.set_chunks(1);
  (*self_)->send(runtime_, pb<StreamCredit>{credit});
  world_.run();
  EXPECT_EQ(heard_->output, "hello");
  EXPECT_TRUE(heard_->over);
  EXPECT_EQ(heard_->code, 3);

  *heard_ = hearing{};
  Logs logs;
  logs.set_container_id(id);
  logs.set_follow(true);
  logs.set_tail_lines(1);
  logs.set_credit(10);
  ASSERT_TRUE(ask<StreamOpened>(pb<Logs>{logs}, container_stream_actor{ear_}));
  EXPECT_EQ(heard_->output, "two\n");
  EXPECT_FALSE(heard_->over);
  world_.advance(5000ms);
  EXPECT_EQ(heard_->output, "two\nthree\n");
  EXPECT_TRUE(heard_->over);
}

TEST_F(SimulatedRuntime, KnowsWhichImagesThereAre) {
  begin("images: [{image: missing*, error: gone}, {image: big, delay: 3s}]");
  auto present = [this](const std::string& image) {
    ImageStatus what;
    what.set_image(image);
    auto result = ask<ImageStatusResult>(pb<ImageStatus>{what});
    return result && result->has_image();
  };
  EXPECT_TRUE(present("nginx"));
  EXPECT_FALSE(present("missing:1"));
  EXPECT_FALSE(present("big"));
  PullImage pull;
  pull.set_image("missing:1");
  auto missing = ask<Image>(pb<PullImage>{pull});
  EXPECT_TRUE(is(missing.error(), ec::not_found));
  pull.set_image("big");
  EXPECT_TRUE(ask_and_wait<Image>(pb<PullImage>{pull}, 3000ms));
}

TEST_F(SimulatedRuntime, AnswersNonsenseWithAnError) {
  begin("");
  EXPECT_TRUE(is(ask<Container>(start_of("nobody")).error(), ec::not_found));
  EXPECT_TRUE(is(ask<Container>(stop_of("", -5)).error(), ec::not_found));
  EXPECT_TRUE(is(ask<Sandbox>(pb<RunPodSandbox>{RunPodSandbox{}}).error(),
                 ec::invalid));
  auto created = ask<Container>(pb<CreateContainer>{CreateContainer{}});
  EXPECT_TRUE(is(created.error(), ec::not_found));
  auto id = create("u1", "nginx");
  Signal signal;
  signal.set_container_id(id);
  signal.set_signal(1000);
  EXPECT_TRUE(is(ask<Done>(pb<Signal>{signal}).error(), ec::conflict));
  ASSERT_TRUE(ask<Container>(start_of(id)));
  EXPECT_TRUE(is(ask<Done>(pb<Signal>{signal}).error(), ec::invalid));
  RemovePodSandbox remove;
  remove.set_sandbox_id("nobody");
  EXPECT_TRUE(ask<Done>(pb<RemovePodSandbox>{remove}));
}

} // namespace troupe
