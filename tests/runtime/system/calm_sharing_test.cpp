#include "runtime/system/actor_config.hpp"
#include "runtime/system/calm_sharing.hpp"

#include <caf/actor_system.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/scoped_actor.hpp>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <thread>
#include <vector>

namespace troupe {
namespace {

using namespace std::chrono_literals;

caf::behavior relay(caf::event_based_actor* self, caf::actor next) {
  return {[self, next](int left, caf::actor end) {
    if (left == 0)
      self->send(end, left);
    else
      self->send(next ? next : caf::actor{self}, left - 1, end);
  }};
}

// Each hands on to the next, which nobody is woken for.
TEST(CalmSharing, RunsWhatItDoesNotWakeAnybodyFor) {
  actor_config config{2};
  caf::actor_system system{config};
  caf::scoped_actor self{system};
  auto last = system.spawn(relay, caf::actor{});
  for (int i = 0; i < 20; ++i)
    last = system.spawn(relay, last);
  for (int i = 0; i < 200; ++i)
    self->send(last, 50, caf::actor{self});
  int seen = 0;
  self->receive_while([&] { return seen < 200; })(
      [&](int left) {
        EXPECT_EQ(left, 0);
        ++seen;
      },
      caf::after(60s) >> [&] { seen = 1'000; });
  EXPECT_EQ(seen, 200);
  self->send_exit(last, caf::exit_reason::user_shutdown);
}

caf::behavior fan(caf::event_based_actor* self,
                  const std::vector<caf::actor>& to) {
  return {[self, to](int left, const caf::actor& end) {
    for (auto& each : to)
      self->send(each, left, end);
  }};
}

TEST(CalmSharing, LosesNobodyWhoBecomesReady) {
  actor_config config{3};
  caf::actor_system system{config};
  caf::scoped_actor self{system};
  std::vector<caf::actor> leaves;
  for (int i = 0; i < 30; ++i)
    leaves.push_back(system.spawn(relay, caf::actor{}));
  auto root = system.spawn(fan, leaves);
  constexpr int rounds = 300;
  for (int i = 0; i < rounds; ++i) {
    self->send(root, 3, caf::actor{self});
    size_t seen = 0;
    self->receive_while([&] { return seen < leaves.size(); })(
        [&](int) { ++seen; }, caf::after(60s) >> [&] { seen = 1'000; });
    ASSERT_EQ(seen, leaves.size()) << "in round " << i;
  }
}

// The second one that an actor makes ready does not wait until it is done.
TEST(CalmSharing, WakesOthersForMoreThanOne) {
  actor_config config{2};
  caf::actor_system system{config};
  caf::scoped_actor self{system};
  std::atomic<int> ran{0};
  std::vector<caf::actor> leaves;
  for (int i = 0; i < 2; ++i)
    leaves.push_back(
        system.spawn([&](caf::event_based_actor*) -> caf::behavior {
          return {[&](int) { ++ran; }};
        }));
  auto root = system.spawn([&](caf::event_based_actor* me) -> caf::behavior {
    return {[&, me](int x) {
      for (auto& each : leaves)
        me->send(each, x);
      auto until = std::chrono::steady_clock::now() + 60s;
      while (ran < 2 && std::chrono::steady_clock::now() < until)
        std::this_thread::yield();
      return ran.load();
    }};
  });
  self->request(root, caf::infinite, 1)
      .receive([](int seen) { EXPECT_EQ(seen, 2); },
               [](const caf::error&) { FAIL(); });
}

} // namespace
} // namespace troupe
