#include "actors/kubelet/process_runtime.hpp"
#include "messages/container.pb.h"
#include "messages/system.pb.h"
#include "runtime/system/config.hpp"
#include "runtime/system/edges.hpp"

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/scoped_actor.hpp>
#include <caf/send.hpp>
#include <caf/stateful_actor.hpp>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <unistd.h>

namespace troupe {

namespace {

using namespace container;
using namespace std::chrono_literals;

/// One runtime actor with real processes below it.
class ProcessRuntime : public ::testing::Test {
protected:
  static constexpr auto deadline = 20s;

  void SetUp() override {
    auto name = std::filesystem::temp_directory_path() / "troupe-rt-XXXXXX";
    auto text = name.string();
    folder_ = mkdtemp(text.data());
    start();
  }

  void TearDown() override {
    SandboxList left;
    if (auto list = ask<SandboxList>(pb<ListPodSandbox>{ListPodSandbox{}}))
      left = *list;
    for (auto& s : left.items()) {
      RemovePodSandbox remove;
      remove.set_sandbox_id(s.id());
      EXPECT_TRUE(ask<Done>(pb<RemovePodSandbox>{remove}));
    }
    end(caf::exit_reason::user_shutdown);
    std::error_code code;
    std::filesystem::remove_all(folder_, code);
  }

  void start() {
    process::runtime_options options;
    options.pods = folder_ / "pods";
    options.images = folder_ / "images";
    options.shim = std::string{TROUPE_BUILD_DIR} + "/troupe-shim";
    context ctx{real_world(),
                std::make_shared<edges>(),
                std::make_shared<cluster_config>(),
                directory_actor{},
                "runtime",
                1};
    runtime_ = caf::actor_cast<container_runtime_actor>(
        system_.spawn(process_runtime, ctx, options));
  }

  void end(caf::exit_reason why) {
    self_->monitor(runtime_);
    self_->send_exit(runtime_, why);
    self_->receive([](caf::down_msg&) {});
    runtime_ = nullptr;
  }

  template <class Out, class... Ts>
  expected<Out> ask(Ts... xs) {
    expected<Out> result = make_error(ec::timeout, "no answer");
    self_->request(runtime_, deadline, std::move(xs)...)
        .receive([&](pb<Out>& x) { result = *x; },
                 [&](caf::error& e) { result = std::move(e); });
    return result;
  }

  std::string launch(const std::string& uid, const std::string& script) {
    RunPodSandbox run;
    run.mutable_config()->set_uid(uid);
    run.mutable_config()->set_name(uid);
    run.mutable_config()->set_log_directory(folder_ / "logs");
    auto sandbox = ask<Sandbox>(pb<RunPodSandbox>{run});
    EXPECT_TRUE(sandbox) << message_of(sandbox.error());
    if (!sandbox)
      return {};
    CreateContainer create;
    create.set_sandbox_id(sandbox->id());
    auto& config = *create.mutable_config();
    config.set_name("main");
    config.set_image("busybox");
    config.set_log_path("main.log");
    for (auto word : {"/bin/sh", "-c", script.c_str()})
      config.add_command(word);
    auto c = ask<Container>(pb<CreateContainer>{create});
    EXPECT_TRUE(c) << message_of(c.error());
    if (!c)
      return {};
    StartContainer start;
    start.set_container_id(c->id());
    auto started = ask<Container>(pb<StartContainer>{start});
    EXPECT_TRUE(started) << message_of(started.error());
    return c->id();
  }

  expected<Container> status(const std::string& id) {
    ContainerStatus what;
    what.set_container_id(id);
    return ask<Container>(pb<ContainerStatus>{what});
  }

  struct settings : caf::actor_system_config {
    settings() {
      register_types(*this);
      set("scheduler.policy", caf::atom("sharing"));
      set("scheduler.max-threads", size_t{2});
    }
  };

  settings config_;
  caf::actor_system system_{config_};
  caf::scoped_actor self_{system_};
  std::filesystem::path folder_;
  container_runtime_actor runtime_;
};

/// Passes on what it hears.
using hearer = container_listener_actor::extend_with<container_stream_actor>;

hearer::behavior_type pass_on(hearer::pointer, caf::actor to) {
  return {
      [=](const pb<Event>& x) { caf::anon_send(to, x); },
      [=](const pb<StreamData>& x) { caf::anon_send(to, x); },
      [=](const pb<StreamCredit>& x) { caf::anon_send(to, x); },
      [=](const pb<StreamEnd>& x) { caf::anon_send(to, x); },
  };
}

} // namespace

TEST_F(ProcessRuntime, TellsListenersHowAContainerEnded) {
  auto ear = system_.spawn(pass_on, caf::actor_cast<caf::actor>(self_));
  auto state =
      ask<State>(pb<Subscribe>{Subscribe{}}, container_listener_actor{ear});
  ASSERT_TRUE(state);
  EXPECT_EQ(state->containers_size(), 0);
  auto id = launch("events", "exit 3");
  std::vector<EventType> types;
  int32_t code = 0;
  while (types.size() < 2)
    self_->receive(
        [&](const pb<Event>& event) {
          EXPECT_EQ(event->container().id(), id);
          types.push_back(event->type());
          code = event->container().exit_code();
        },
        caf::after(deadline) >>
            [&] {
              ADD_FAILURE() << "no event";
              types.resize(2);
            });
  EXPECT_EQ(types, (std::vector{CONTAINER_STARTED, CONTAINER_EXITED}));
  EXPECT_EQ(code, 3);
  self_->send_exit(ear, caf::exit_reason::user_shutdown);
}

TEST_F(ProcessRuntime, TellsOfASandboxThatIsBeingMade) {
  RunPodSandbox run;
  run.mutable_config()->set_uid("young");
  run.mutable_config()->set_name("young");
  run.mutable_config()->set_address("127.0.0.9");
  run.mutable_config()->set_log_directory(folder_ / "logs");
  // Whoever asked for it dies before it is there: the next one must know that
  // the address is taken.
  caf::anon_send(runtime_, pb<RunPodSandbox>{run});
  auto seen = ask<SandboxList>(pb<ListPodSandbox>{ListPodSandbox{}});
  ASSERT_TRUE(seen);
  ASSERT_EQ(seen->items_size(), 1);
  EXPECT_EQ(seen->items(0).address(), "127.0.0.9");
  EXPECT_EQ(seen->items(0).state(), container::READY);
  auto again = ask<Sandbox>(pb<RunPodSandbox>{run});
  ASSERT_TRUE(again) << message_of(again.error());
  EXPECT_EQ(again->id(), seen->items(0).id());
  EXPECT_GT(again->pid(), 0);
}

TEST_F(ProcessRuntime, GoesOnWithItsPodsWhenItIsKilled) {
  auto id = launch("killed", "exec sleep 1000");
  auto before = status(id);
  ASSERT_TRUE(before);
  end(caf::exit_reason::kill);
  EXPECT_EQ(kill(static_cast<pid_t>(before->pid()), 0), 0);
  start();
  auto after = status(id);
  ASSERT_TRUE(after);
  EXPECT_EQ(after->SerializeAsString(), before->SerializeAsString());
}

TEST_F(ProcessRuntime, SendsOutputBehindTheAnswerThatOpensIt) {
  auto id = launch("stream", "exec sleep 1000");
  auto ear = system_.spawn(pass_on, caf::actor_cast<caf::actor>(self_));
  Exec exec;
  exec.set_container_id(id);
  exec.add_command("echo");
  exec.add_command("hello");
  exec.set_credit(10);
  auto opened = ask<StreamOpened>(pb<Exec>{exec}, container_stream_actor{ear});
  ASSERT_TRUE(opened);
  std::string output;
  bool over = false;
  while (!over)
    self_->receive(
        [&](const pb<StreamData>& x) {
          EXPECT_EQ(x->stream(), opened->stream());
          output += x->data();
        },
        [&](const pb<StreamEnd>& x) {
          over = true;
          EXPECT_EQ(x->exit_code(), 0);
        },
        caf::after(deadline) >>
            [&] {
              ADD_FAILURE() << "no end";
              over = true;
            });
  EXPECT_EQ(output, "hello\n");
  self_->send_exit(ear, caf::exit_reason::user_shutdown);
}

TEST_F(ProcessRuntime, ClosesTheStreamOfOneWhoEndedBeforeItOpened) {
  auto id = launch("closed", "exec sleep 1000");
  Exec exec;
  exec.set_container_id(id);
  exec.add_command("sleep");
  exec.add_command("1000");
  auto streams = [&] {
    auto told =
        ask<system::Description>(pb<system::Describe>{system::Describe{}});
    EXPECT_TRUE(told);
    return std::count(told->facts().begin(), told->facts().end(), "streams=1");
  };
  auto ear = system_.spawn(pass_on, caf::actor_cast<caf::actor>(self_));
  auto gone = system_.spawn(pass_on, caf::actor_cast<caf::actor>(self_));
  self_->monitor(gone);
  self_->send_exit(gone, caf::exit_reason::user_shutdown);
  self_->receive([](caf::down_msg&) {});
  ASSERT_TRUE(ask<StreamOpened>(pb<Exec>{exec}, container_stream_actor{gone}));
  EXPECT_EQ(streams(), 0);
  ASSERT_TRUE(ask<StreamOpened>(pb<Exec>{exec}, container_stream_actor{ear}));
  EXPECT_EQ(streams(), 1);
  self_->send_exit(ear, caf::exit_reason::user_shutdown);
}

TEST_F(ProcessRuntime, ListsAndDescribesWhatItHas) {
  auto id = launch("list", "exec sleep 1000");
  ListContainers by_sandbox;
  by_sandbox.set_sandbox_id("list_0");
  EXPECT_EQ(ask<ContainerList>(pb<ListContainers>{by_sandbox})->items_size(),
            1);
  by_sandbox.set_sandbox_id("other");
  EXPECT_EQ(ask<ContainerList>(pb<ListContainers>{by_sandbox})->items_size(),
            0);
  ListPodSandbox by_uid;
  by_uid.set_uid("list");
  EXPECT_EQ(ask<SandboxList>(pb<ListPodSandbox>{by_uid})->items_size(), 1);
  auto description =
      ask<system::Description>(pb<system::Describe>{system::Describe{}});
  ASSERT_TRUE(description);
  EXPECT_EQ(description->facts(0), "pods=1");
  EXPECT_EQ(description->facts(2), "running=1");
  EXPECT_TRUE(is(status("nobody").error(), ec::not_found));
  EXPECT_TRUE(ask<RuntimeStatus>(pb<Probe>{Probe{}})->ready());
}

} // namespace troupe
