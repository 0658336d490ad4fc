#include "actors/system/directory.hpp"
#include "messages/codec.hpp"
#include "messages/errors.hpp"
#include "messages/system.pb.h"

#include <caf/actor_cast.hpp>
#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/scheduler/test_coordinator.hpp>
#include <caf/scoped_actor.hpp>
#include <caf/stateful_actor.hpp>
#include <gtest/gtest.h>

namespace troupe {

namespace {

using namespace std::chrono_literals;

struct Directory : ::testing::Test {
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
  caf::scoped_actor self{sys};
  directory_actor subject = sys.spawn(directory);

  ~Directory() override {
    self->send_exit(subject, caf::exit_reason::user_shutdown);
    subject = nullptr;
    sched.run();
  }

  caf::response_handle<caf::blocking_actor, caf::message, true>
  ask(const std::string& path, int64_t patience_ms) {
    system::Resolve msg;
    msg.set_path(path);
    if (patience_ms > 0)
      msg.set_patience_ms(patience_ms);
    auto handle = self->request(caf::actor_cast<caf::actor>(subject),
                                caf::infinite, pb<system::Resolve>{msg});
    sched.run();
    return handle;
  }

  void start(const std::string& path) {
    system::Started msg;
    msg.set_path(path);
    self->send(subject, pb<system::Started>{msg},
               caf::actor_cast<caf::actor>(subject));
    sched.run();
  }
};

} // namespace

TEST_F(Directory, AnswersOnceThereIsAnActor) {
  auto asked = ask("kubelet/node-1", 0);
  sched.advance_time(1h);
  sched.run();
  EXPECT_FALSE(self->has_next_message());
  start("kubelet/node-1");
  asked.receive([](const caf::actor& x) { EXPECT_TRUE(x); },
                [](const caf::error&) { ADD_FAILURE(); });
}

TEST_F(Directory, TellsWhoWillNotWaitForEverThatNobodyIsThere) {
  auto asked = ask("kubelet/node-9", 500);
  sched.advance_time(499ms);
  sched.run();
  EXPECT_FALSE(self->has_next_message());
  sched.advance_time(1ms);
  sched.run();
  asked.receive([](const caf::actor&) { ADD_FAILURE(); },
                [](const caf::error& err) {
                  EXPECT_TRUE(is(err, ec::not_found));
                  EXPECT_EQ(message_of(err), "no actor at \"kubelet/node-9\"");
                });
}

TEST_F(Directory, WhoComesInTimeIsFound) {
  auto asked = ask("kubelet/node-1", 500);
  sched.advance_time(400ms);
  start("kubelet/node-1");
  sched.advance_time(1s);
  sched.run();
  asked.receive([](const caf::actor& x) { EXPECT_TRUE(x); },
                [](const caf::error&) { ADD_FAILURE(); });
}

} // namespace troupe
