#include "actors/system/directory.hpp"
#include "actors/system/supervisor.hpp"
#include "messages/system.pb.h"
#include "runtime/system/config.hpp"
#include "runtime/system/edges.hpp"
#include "runtime/system/simulated_world.hpp"

#include <caf/actor_cast.hpp>
#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/scheduler/test_coordinator.hpp>
#include <caf/scoped_actor.hpp>
#include <caf/stateful_actor.hpp>
#include <gtest/gtest.h>

namespace troupe {

namespace {

using namespace std::chrono_literals;

/// A supervision tree with a directory, in virtual time:
///
///   root ── directory
///        └─ branch ── a, b, b/part
class Supervision : public ::testing::Test {
protected:
  struct config_type : caf::actor_system_config {
    config_type() {
      register_types(*this);
      set("scheduler.policy", caf::atom("testing"));
    }
  };

  ~Supervision() override {
    directory_ = nullptr;
    self_->send_exit(root_, caf::exit_reason::user_shutdown);
    root_ = nullptr;
    scheduler_.run();
  }

  void plant(strategy how) {
    supervision rules;
    rules.how = how;
    supervision top;
    top.transparent = true;
    top.how = strategy::rest_for_one;
    auto begin = scheduler_.clock().now();
    auto world = simulated_world(1, [this, begin] {
      return std::chrono::nanoseconds(scheduler_.clock().now() - begin);
    });
    child_spec dir;
    dir.name = "directory";
    dir.directory = true;
    dir.start = [this](caf::actor_system& sys, const context&) {
      directory_ = sys.spawn(directory);
      return caf::actor_cast<caf::actor>(directory_);
    };
    context ctx{world,
                std::make_shared<edges>(),
                std::make_shared<cluster_config>(),
                directory_actor{},
                "root",
                1};
    root_ = system_.spawn(
        supervisor, ctx, top,
        std::vector<child_spec>{
            dir, branch("branch", rules,
                        {worker("a"), worker("b"), worker("b/part")})});
    scheduler_.run();
  }

  static child_spec worker(std::string name) {
    child_spec spec;
    spec.name = std::move(name);
    spec.start = [](caf::actor_system& sys, const context&) {
      return sys.spawn([](caf::event_based_actor* self) -> caf::behavior {
        self->set_default_handler(caf::drop);
        return {[](const pb<system::Describe>&) {
          return pb<system::Description>{system::Description{}};
        }};
      });
    };
    return spec;
  }

  void advance(std::chrono::milliseconds time) {
    for (; time > 0ms; time -= 10ms) {
      scheduler_.advance_time(std::min(time, 10ms));
      scheduler_.run();
    }
  }

  template <class Out, class In>
  expected<Out> ask(In msg) {
    expected<Out> result{make_error(ec::internal_error, "no answer")};
    auto asked = self_->request(directory_, caf::infinite, pb<In>{msg});
    scheduler_.run();
    asked.receive([&](const pb<Out>& out) { result = *out; },
                  [&](caf::error& err) { result = err; });
    scheduler_.run();
    return result;
  }

  expected<system::Killed> kill(const std::string& path,
                                std::chrono::milliseconds away = 0ms) {
    system::Kill msg;
    msg.set_path(path);
    msg.set_away_ms(away.count());
    return ask<system::Killed>(msg);
  }

  /// "a b(1) b/part(away 300)": the children of the branch, with restarts and
  /// how long they stay away.
  std::string children() {
    auto list = ask<system::ActorList>(system::ListActors{});
    std::string out;
    for (auto& x : list->actors()) {
      if (x.path().rfind("branch/", 0) != 0)
        continue;
      out += (out.empty() ? "" : " ") + x.path().substr(7);
      if (x.restarts() > 0)
        out += "(" + std::to_string(x.restarts()) + ")";
      if (x.has_away_ms())
        out += "(away " + std::to_string(x.away_ms()) + ")";
    }
    return out;
  }

  config_type config_;
  caf::actor_system system_{config_};
  caf::scheduler::test_coordinator& scheduler_ =
      dynamic_cast<caf::scheduler::test_coordinator&>(system_.scheduler());
  caf::scoped_actor self_{system_};
  directory_actor directory_;
  supervisor_actor root_;
};

} // namespace

TEST_F(Supervision, StartsAKilledChildAgainAtOnce) {
  plant(strategy::one_for_one);
  EXPECT_EQ(children(), "a b b/part");
  ASSERT_TRUE(kill("branch/a"));
  EXPECT_EQ(children(), "a(1) b b/part");
}

TEST_F(Supervision, KeepsAChildAwayForAsLongAsAsked) {
  plant(strategy::one_for_one);
  auto killed = kill("branch/a", 30s);
  ASSERT_TRUE(killed);
  EXPECT_EQ(killed->paths_size(), 1);
  EXPECT_EQ(children(), "a(1)(away 30000) b b/part");
  advance(29s);
  EXPECT_EQ(children(), "a(1)(away 1000) b b/part");
  advance(999ms);
  EXPECT_EQ(children(), "a(1)(away 1) b b/part");
  advance(1ms);
  EXPECT_EQ(children(), "a(1) b b/part");
  // Nothing is left of it: it starts at once again.
  ASSERT_TRUE(kill("branch/a"));
  EXPECT_EQ(children(), "a(2) b b/part");
}

TEST_F(Supervision, KeepsWhatIsBelowAPathAwayToo) {
  plant(strategy::one_for_one);
  auto killed = kill("branch/b", 1s);
  ASSERT_TRUE(killed);
  ASSERT_EQ(killed->paths_size(), 2);
  EXPECT_EQ(killed->paths(0), "branch/b");
  EXPECT_EQ(killed->paths(1), "branch/b/part");
  EXPECT_EQ(children(), "a b(1)(away 1000) b/part(1)(away 1000)");
  advance(1s);
  EXPECT_EQ(children(), "a b(1) b/part(1)");
}

TEST_F(Supervision, KeepsAWholeBranchAwayWithItsTop) {
  plant(strategy::one_for_one);
  auto killed = kill("branch", 1s);
  ASSERT_TRUE(killed);
  EXPECT_EQ(killed->paths_size(), 1);
  EXPECT_EQ(children(), "");
  advance(1s);
  EXPECT_EQ(children(), "a b b/part");
}

TEST_F(Supervision, TakesTheLatestWishForOneThatIsAway) {
  plant(strategy::one_for_one);
  ASSERT_TRUE(kill("branch/a", 2s));
  advance(1s);
  ASSERT_TRUE(kill("branch/a", 5s));
  EXPECT_EQ(children(), "a(1)(away 5000) b b/part");
  advance(4s);
  EXPECT_EQ(children(), "a(1)(away 1000) b b/part");
  ASSERT_TRUE(kill("branch/a", 100ms));
  advance(100ms);
  EXPECT_EQ(children(), "a(1) b b/part");
  advance(10s);
  EXPECT_EQ(children(), "a(1) b b/part");
}

TEST_F(Supervision, RefusesToKillWhoIsAwayOrUnknown) {
  plant(strategy::one_for_one);
  ASSERT_TRUE(kill("branch/a", 2s));
  auto again = kill("branch/a");
  ASSERT_FALSE(again);
  EXPECT_TRUE(is(again.error(), ec::conflict));
  auto unknown = kill("branch/c", 2s);
  ASSERT_FALSE(unknown);
  EXPECT_TRUE(is(unknown.error(), ec::not_found));
  // Nobody above root could keep it away.
  auto top = kill("root", 2s);
  ASSERT_FALSE(top);
  EXPECT_TRUE(is(top.error(), ec::bad_request));
}

TEST_F(Supervision, LetsCompanionsWaitForAChildThatIsKeptAway) {
  plant(strategy::one_for_all);
  ASSERT_TRUE(kill("branch/a", 1s));
  EXPECT_EQ(children(), "a(1)(away 1000)");
  advance(1s);
  EXPECT_EQ(children(), "a(1) b(1) b/part(1)");
}

TEST_F(Supervision, RestartsCompanionsThatComeLaterWithRestForOne) {
  plant(strategy::rest_for_one);
  ASSERT_TRUE(kill("branch/b"));
  EXPECT_EQ(children(), "a b(1) b/part(1)");
  ASSERT_TRUE(kill("branch/a"));
  EXPECT_EQ(children(), "a(1) b(2) b/part(2)");
}

TEST_F(Supervision, RestartsAllWithOneForAll) {
  plant(strategy::one_for_all);
  ASSERT_TRUE(kill("branch/b"));
  EXPECT_EQ(children(), "a(1) b(1) b/part(1)");
}

TEST_F(Supervision, PausesBeforeWhatDiesAgainAndAgain) {
  plant(strategy::one_for_one);
  for (int i = 0; i < 8; ++i)
    ASSERT_TRUE(kill("branch/a"));
  EXPECT_EQ(children(), "a(8) b b/part");
  ASSERT_TRUE(kill("branch/a"));
  EXPECT_EQ(children(), "b b/part");
  advance(40ms);
  EXPECT_EQ(children(), "b b/part");
  advance(10ms);
  EXPECT_EQ(children(), "a(9) b b/part");
  // It has not lived for a period: the next pause is twice as long.
  ASSERT_TRUE(kill("branch/a"));
  advance(90ms);
  EXPECT_EQ(children(), "b b/part");
  advance(10ms);
  EXPECT_EQ(children(), "a(10) b b/part");
}

TEST_F(Supervision, TakesWhatLivedForAPeriodForWell) {
  plant(strategy::one_for_one);
  for (int i = 0; i < 9; ++i)
    ASSERT_TRUE(kill("branch/a"));
  advance(50ms);
  advance(5'010ms);
  ASSERT_TRUE(kill("branch/a"));
  EXPECT_EQ(children(), "a(10) b b/part");
}

TEST_F(Supervision, GivesUpWhenPausesDoNotHelp) {
  plant(strategy::one_for_one);
  // Eight at once, eight after a pause each.
  for (int i = 0; i < 16; ++i) {
    ASSERT_TRUE(kill("branch/a")) << i;
    if (i >= 8)
      advance(5'000ms);
  }
  EXPECT_EQ(children(), "a(16) b b/part");
  ASSERT_TRUE(kill("branch/a"));
  // What is above has started the whole branch anew.
  EXPECT_EQ(children(), "a b b/part");
  auto list = ask<system::ActorList>(system::ListActors{});
  for (auto& x : list->actors()) {
    if (x.path() == "branch") {
      EXPECT_EQ(x.restarts(), 1u);
    }
  }
}

TEST_F(Supervision, ForgetsWhoWasAwayWhenItDiesItself) {
  plant(strategy::one_for_one);
  ASSERT_TRUE(kill("branch/a", 30s));
  ASSERT_TRUE(kill("branch"));
  EXPECT_EQ(children(), "a b b/part");
}

} // namespace troupe
