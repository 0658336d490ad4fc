#include "actors/apiserver/session.hpp"
#include "messages/api/core_config.pb.h"
#include "messages/api/meta.pb.h"
#include "messages/call.pb.h"
#include "tests/support/fake_api.hpp"

#include <caf/actor_cast.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/send.hpp>
#include <caf/stateful_actor.hpp>
#include <caf/typed_response_promise.hpp>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace troupe {

namespace {

using request_promise =
    caf::typed_response_promise<pb<call::Response>, std::vector<object>>;

constexpr size_t limit = 400;

/// What became of requests that nobody awaited.
struct outcome {
  size_t answered = 0;
  std::vector<caf::error> errors;
};

/// A session of an administrator, before a view that answers when told.
struct Session : ::testing::Test {
  test::fake_world world;
  caf::actor view;
  caf::actor session_handle;
  std::vector<caf::actor> askers;
  std::vector<request_promise> asked; ///< of the view, without an answer
  std::shared_ptr<outcome> out = std::make_shared<outcome>();

  void start_view() {
    view = world.system().spawn([this](caf::event_based_actor* self) {
      return caf::behavior{
          [this, self](const pb<call::Request>&, const object&)
              -> caf::result<pb<call::Response>, std::vector<object>> {
            asked.push_back(self->make_response_promise<pb<call::Response>,
                                                        std::vector<object>>());
            return asked.back();
          },
          [](const pb<call::Watch>&, const watcher_actor&) {
            return pb<call::WatchStarted>{call::WatchStarted{}};
          },
          // Answer all.
          [this](const std::string&) {
            for (auto& each : std::exchange(asked, {}))
              each.deliver(pb<call::Response>{call::Response{}},
                           std::vector<object>{});
          }};
    });
    world.enter("apiserver/view/configmaps", view);
  }

  void start(const std::string& secret) {
    start_view();
    session_handle = caf::actor_cast<caf::actor>(world.system().spawn(
        session, world.at("apiserver/front_door/1"),
        rules::caller{"admin", {"system:masters"}}, secret, std::string{},
        std::shared_ptr<const rules::rbac_policy>{}));
    world.run();
  }

  void TearDown() override {
    asked.clear();
    for (auto& each : askers)
      world.end(each);
    world.end(session_handle);
    world.end(view);
  }

  template <class... Out, class... Ts>
  void ask(size_t times, const Ts&... xs) {
    askers.push_back(world.system().spawn(
        [=, to = session_handle,
         result = out](caf::event_based_actor* self) -> caf::behavior {
          for (size_t i = 0; i < times; ++i)
            self->request(to, caf::infinite, xs...)
                .then([result](const Out&...) { ++result->answered; },
                      [result](caf::error& err) {
                        result->errors.push_back(std::move(err));
                      });
          return {[](caf::unit_t) {}};
        }));
    world.run();
  }

  void get(size_t times) {
    call::Request msg;
    msg.set_verb(call::GET);
    msg.set_api_version("v1");
    msg.set_kind("ConfigMap");
    msg.set_namespace_("default");
    msg.set_name("one");
    ask<pb<call::Response>, std::vector<object>>(
        times, pb<call::Request>{std::move(msg)}, object{});
  }

  void answer_all() {
    caf::anon_send(view, std::string{"answer"});
    world.run();
  }
};

} // namespace

TEST_F(Session, RefusesAnotherProcessThatAwaitsNoAnswers) {
  start("secret");
  get(1'000);
  EXPECT_EQ(asked.size(), limit);
  ASSERT_EQ(out->errors.size(), 1'000 - limit);
  EXPECT_TRUE(is(out->errors[0], ec::too_many_requests));
  EXPECT_EQ(message_of(out->errors[0]),
            "too many requests: 400 of this session have no answer yet, try "
            "again later");
  answer_all();
  EXPECT_EQ(out->answered, limit);
  // What has its answer counts no more.
  get(limit);
  EXPECT_EQ(asked.size(), limit);
  answer_all();
  EXPECT_EQ(out->answered, 2 * limit);
  EXPECT_EQ(out->errors.size(), 1'000 - limit);
}

TEST_F(Session, CountsNothingThatEndedWithWhomItAsked) {
  start("secret");
  get(limit);
  asked.clear();
  world.end(view);
  EXPECT_EQ(out->errors.size(), limit);
  start_view();
  get(limit);
  EXPECT_EQ(asked.size(), limit);
}

TEST_F(Session, BearsWithComponentsOfItsOwnProcess) {
  start("");
  get(2'000);
  EXPECT_EQ(asked.size(), 2'000u);
  answer_all();
  EXPECT_EQ(out->answered, 2'000u);
}

TEST_F(Session, LetsWatchesBeginWhateverIsInFlight) {
  start("secret");
  get(limit);
  auto nobody = caf::actor_cast<watcher_actor>(view);
  call::Watch msg;
  msg.set_api_version("v1");
  msg.set_kind("ConfigMap");
  msg.set_stream(1);
  ask<pb<call::WatchStarted>>(1, pb<call::Watch>{std::move(msg)}, nobody);
  EXPECT_EQ(out->answered, 1u);
  EXPECT_TRUE(out->errors.empty());
}

} // namespace troupe
