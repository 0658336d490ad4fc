#include "actors/system/election.hpp"
#include "messages/api/coordination.pb.h"
#include "messages/api/meta.pb.h"
#include "messages/system.pb.h"
#include "tests/support/fake_api.hpp"

#include <caf/actor_cast.hpp>
#include <caf/scoped_actor.hpp>
#include <caf/stateful_actor.hpp>
#include <gtest/gtest.h>

namespace troupe::test {

namespace {

using namespace std::chrono_literals;
using coordination::v1::Lease;

constexpr auto path = "elections/kube-scheduler";
constexpr auto lease_key = "kube-system/kube-scheduler";

/// One election against a fake API server.
struct Elected : ::testing::Test {
  fake_world world;
  fake_api& api = *world.api();
  election_actor actor;

  ~Elected() override {
    // It may know of what was the test's.
    api.refuse = nullptr;
    stop();
  }

  void start() {
    actor = world.system().spawn(election, world.at(path));
    world.run();
  }

  void stop() {
    if (actor)
      world.end(caf::actor_cast<caf::actor>(actor));
    // It waits a little for the Lease to be given back.
    world.advance(300ms);
    actor = nullptr;
  }

  /// How it stands, as one is told who knows something else.
  system::Term standing() {
    system::AwaitTerm msg;
    msg.mutable_known()->set_number(UINT64_MAX);
    return ask(msg);
  }

  system::Term ask(const system::AwaitTerm& msg) {
    system::Term result;
    caf::scoped_actor self{world.system()};
    auto asked =
        self->request(actor, caf::infinite, pb<system::AwaitTerm>{msg});
    world.run();
    asked.receive(
        [&](const pb<system::Term>& told) { result = *told; },
        [](const caf::error& err) { ADD_FAILURE() << to_string(err); });
    return result;
  }

  bool is_active() { return standing().number() != 0; }

  object lease() const { return api.find("Lease", lease_key); }
  std::string holder() const { return rules::holder_of(lease()); }
  size_t updates() const { return api.of(call::UPDATE, "Lease").size(); }

  void held_by(const std::string& who) {
    api.put(rules::acquired(lease(), "kube-scheduler", who, time_point{}));
    world.run();
  }

  void renewed_by_other() {
    api.put(rules::renewed(lease(), time_point{} + 1s * ++renewals));
    world.run();
  }

  int renewals = 0;
};

} // namespace

TEST_F(Elected, TakesALeaseThatNobodyHasAndTellsItsRevision) {
  start();
  ASSERT_TRUE(lease());
  EXPECT_TRUE(rules::is_life_of(holder(), "server-1")) << holder();
  EXPECT_EQ(standing().number(), lease().revision());
  EXPECT_EQ(standing().holder(), holder());
  auto facts = world.facts_of(caf::actor_cast<caf::actor>(actor));
  ASSERT_FALSE(facts.empty());
  EXPECT_EQ(facts.front(), "active");
}

TEST_F(Elected, RenewsEveryFiveSecondsAndDoesNothingElse) {
  start();
  auto term = standing().number();
  auto before = api.requests.size();
  world.advance(60s);
  EXPECT_EQ(updates(), 12u);
  EXPECT_EQ(api.requests.size() - before, 12u);
  EXPECT_EQ(standing().number(), term);
  EXPECT_GT(lease().revision(), term);
}

TEST_F(Elected, StandsByWhileAnotherHoldsTheLease) {
  held_by("server-2_a");
  start();
  for (int i = 0; i < 20; ++i) {
    world.advance(5s);
    renewed_by_other();
    EXPECT_FALSE(is_active());
  }
  EXPECT_EQ(api.requests.size(), 0u);
  EXPECT_EQ(standing().holder(), "server-2_a");
  world.advance(14'900ms);
  EXPECT_FALSE(is_active());
  world.advance(200ms);
  EXPECT_TRUE(is_active());
  EXPECT_EQ(lease().as<Lease>().spec().lease_transitions(), 1);
}

TEST_F(Elected, TakesALeaseAtOnceThatIsGivenBack) {
  held_by("server-2_a");
  start();
  EXPECT_FALSE(is_active());
  api.put(rules::released(lease(), time_point{}));
  world.run();
  EXPECT_TRUE(is_active());
}

TEST_F(Elected, TakesALeaseAtOnceThatIsDeleted) {
  held_by("server-2_a");
  start();
  api.remove("Lease", lease_key);
  world.run();
  EXPECT_TRUE(is_active());
}

TEST_F(Elected, TakesAtOnceWhatAnEarlierLifeOfItsProcessHeld) {
  held_by("server-1_a");
  start();
  EXPECT_TRUE(is_active());
  EXPECT_NE(holder(), "server-1_a");
}

TEST_F(Elected, DoesNotTakeItFromALaterLifeOfItsProcess) {
  start();
  held_by("server-1_later");
  EXPECT_FALSE(is_active());
  EXPECT_EQ(holder(), "server-1_later");
}

TEST_F(Elected, GivesUpWhenItCannotRenew) {
  start();
  api.mute = true;
  world.advance(9'900ms);
  EXPECT_TRUE(is_active());
  world.advance(200ms);
  EXPECT_FALSE(is_active());
}

TEST_F(Elected, TriesAgainWhenARenewalIsRefused) {
  start();
  auto term = standing().number();
  int refused = 0;
  api.refuse = [&](const fake_api::asked&) -> std::optional<caf::error> {
    if (++refused > 3)
      return std::nullopt;
    return make_error(ec::service_unavailable, "not now");
  };
  world.advance(9s);
  EXPECT_GT(refused, 3);
  EXPECT_EQ(standing().number(), term);
  world.advance(60s);
  EXPECT_EQ(standing().number(), term);
}

TEST_F(Elected, TriesSoonAgainWhereItsNamespaceIsNotThereYet) {
  int refused = 0;
  api.refuse = [&](const fake_api::asked&) -> std::optional<caf::error> {
    if (++refused > 4)
      return std::nullopt;
    return make_error(ec::not_found, "namespaces \"kube-system\" not found");
  };
  start();
  world.advance(100ms);
  EXPECT_TRUE(is_active());
}

TEST_F(Elected, BeginsAnotherTermWhenAWriteOfItsTermWasRefused) {
  start();
  auto term = standing();
  system::AwaitTerm msg;
  *msg.mutable_known() = term;
  msg.set_refused(true);
  auto next = ask(msg);
  EXPECT_EQ(next.number(), 0u);
  EXPECT_GT(standing().number(), term.number());
  EXPECT_EQ(standing().number(), lease().revision());
}

TEST_F(Elected, GivesTheLeaseBackWhenItEnds) {
  start();
  stop();
  ASSERT_TRUE(lease());
  EXPECT_EQ(holder(), "");
}

TEST_F(Elected, EndsInTimeWhenItCannotGiveItBack) {
  start();
  api.mute = true;
  stop();
  EXPECT_NE(holder(), "");
}

TEST_F(Elected, LeavesWhatAnotherHoldsWhenItEnds) {
  held_by("server-2_a");
  start();
  stop();
  EXPECT_EQ(holder(), "server-2_a");
}

TEST_F(Elected, GoesOnWhenItsSessionIsAnother) {
  start();
  auto term = standing().number();
  world.break_sessions();
  world.advance(60s);
  EXPECT_EQ(standing().number(), term);
}

} // namespace troupe::test
