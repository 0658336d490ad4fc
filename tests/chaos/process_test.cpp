#include "messages/api/core_pod.pb.h"
#include "tests/chaos/dice.hpp"
#include "tests/chaos/time_limit.hpp"
#include "tests/chaos/writer.hpp"

#include <gtest/gtest.h>

#include <csignal>
#include <thread>

namespace troupe::test {

namespace {

/// How a container is ended, and what must be told of it.
struct ending {
  int signal;
  int code;
  std::string reason;
};

const std::vector<ending> endings{
    {SIGUSR1, 37, "Error"}, {SIGTERM, 0, "Completed"}, {SIGKILL, 137, "Error"}};

struct mode {
  const char* name;
  real_options options;
};

void PrintTo(const mode& x, std::ostream* out) {
  *out << x.name;
}

real_options apart() {
  real_options result;
  result.apart = true;
  return result;
}

/// The whole process is killed again and again, at any moment, or all of those
/// that make up the cluster.
class KilledProcess : public ::testing::TestWithParam<mode> {
protected:
  /// One that restarts when it ended badly, so that what is told can be seen
  /// in its place.
  std::string pick_victim(const seen_pods& pods, std::mt19937_64& dice) {
    std::vector<std::string> able;
    for (auto& [name, pod] : pods)
      if (pod.owner == "ReplicaSet/set"
          || pod.owner == "ReplicationController/rc" || name == "once"
          || name == "helped")
        able.push_back(name);
    return able[dice() % able.size()];
  }

  /// Ends a container while nobody looks.
  void end_container(const seen_pods& pods, const std::string& name,
                     const ending& how) {
    auto pid = pods.at(name).containers.at("main").mains.front();
    ASSERT_EQ(kill(pid, how.signal), 0);
    ASSERT_TRUE(wait_until([&] {
      auto all = processes();
      return std::none_of(all.begin(), all.end(),
                          [&](auto& p) { return p.pid == pid; });
    })) << pid;
  }

  /// Whether the API has heard that the container ended. Until then all looks
  /// as before, but for another process.
  bool is_told(const seen_pods& before, const std::string& victim) {
    auto now = work_->pods();
    if (!now)
      return false;
    auto& old = before.at(victim);
    auto at = now->find(victim);
    return at == now->end() || at->second.uid != old.uid
           || at->second.phase == "Succeeded"
           || at->second.containers["main"].id != old.containers.at("main").id;
  }

  /// What there was stays as it was, but for what was meant to change.
  void expect_same(const seen_pods& before, const seen_pods& after,
                   const std::string& ended, const ending* how) {
    for (auto& [name, old] : before) {
      auto at = after.find(name);
      if (at == after.end() || at->second.uid != old.uid)
        continue; // Scaled away, rolled or deleted; the counts say.
      auto& now = at->second;
      EXPECT_EQ(now.node, old.node) << name;
      EXPECT_EQ(now.ip, old.ip) << name;
      for (auto& [container, was] : old.containers) {
        auto& is = now.containers.at(container);
        if (name != ended || container != "main") {
          EXPECT_EQ(is.restarts, was.restarts) << name << " " << container;
          EXPECT_EQ(is.mains, was.mains) << name << " " << container;
          EXPECT_EQ(is.id, was.id) << name << " " << container;
        } else if (now.phase != "Succeeded") {
          EXPECT_EQ(is.restarts, was.restarts + 1) << name;
          EXPECT_EQ(is.last_code, how->code) << name;
          EXPECT_EQ(is.last_reason, how->reason) << name;
        }
      }
    }
  }

  /// Waits until all is as wished; what is wrong is told in time.
  std::string settle(const std::string& doing) {
    limit_->doing(doing);
    return work_->settle([&] { return by_->wish(); },
                         std::min(std::chrono::seconds{90}, limit_->left()));
  }

  std::string last_words() {
    auto log = content_of(cluster_->data() / "troupe.log");
    auto last = log.size() < 4000 ? log : log.substr(log.size() - 4000);
    return "\n" + last
           + (cluster_->run("events --types=Warning") ? cluster_->output()
                                                      : "");
  }

  void one_round(int number);

  std::mt19937_64 dice_;
  std::unique_ptr<real_cluster> cluster_;
  std::unique_ptr<time_limit> limit_;
  std::unique_ptr<workload> work_;
  std::unique_ptr<writer> by_;
  std::vector<std::string> allocations_;
};

void KilledProcess::one_round(int number) {
  auto round = "round " + std::to_string(number);
  SCOPED_TRACE(round);
  limit_->doing(round);
  auto busy = dice_() % 4 != 0;
  auto before = work_->pods();
  ASSERT_TRUE(before) << message_of(before.error());
  if (busy)
    by_->begin();
  // The moment is any: in the middle of whatever it does.
  std::this_thread::sleep_for(std::chrono::microseconds(dice_() % 200'000));
  cluster_->kill_server();
  by_->end();
  auto& how = endings[dice_() % endings.size()];
  std::string victim;
  if (!busy) {
    victim = pick_victim(*before, dice_);
    ASSERT_NO_FATAL_FAILURE(end_container(*before, victim, how));
  }
  ASSERT_TRUE(cluster_->up()) << cluster_->output();
  if (!victim.empty()) {
    EXPECT_TRUE(wait_until([&] { return is_told(*before, victim); }));
  }
  auto succeeded = victim == "once" && how.code == 0;
  ASSERT_EQ(settle(round + ": coming to rest after up"), "")
      << "victim: " << victim << "\nbefore:" << shown(*before) << last_words();
  auto after = work_->pods();
  ASSERT_TRUE(after) << message_of(after.error());
  expect_same(*before, *after, victim, &how);
  if (succeeded) {
    EXPECT_EQ(after->at("once").phase, "Succeeded") << shown(*after);
  }
  EXPECT_EQ(by_->losses(), std::vector<std::string>{});
  EXPECT_EQ(work_->allocations(), allocations_);
  if (HasFailure())
    FAIL() << "victim: " << victim << "\nbefore:" << shown(*before)
           << "\nafter:" << shown(*after) << last_words();
  // What crashes again and again is held back longer and longer: once is
  // enough for each pod.
  if (!victim.empty()) {
    ASSERT_TRUE(
        remove(cluster_->client(), kind_of<core::v1::Pod>(), victim, 0));
    if (lone_pods.count(victim) > 0) {
      ASSERT_TRUE(wait_until([&] {
        auto gone = cluster_->get(kind_of<core::v1::Pod>(), victim);
        return !gone && is(gone.error(), ec::not_found);
      }));
      ASSERT_TRUE(work_->apply()) << cluster_->output();
      by_->applied();
    }
    ASSERT_EQ(settle(round + ": replacing " + victim), "") << last_words();
  }
}

} // namespace

TEST_P(KilledProcess, FindsEverythingAgain) {
  auto seed = seed_of(std::string{"*KilledProcess.FindsEverythingAgain/"}
                      + GetParam().name);
  auto usual = GetParam().options.apart ? 20 : 50;
  auto rounds = setting("TROUPE_ROUNDS", nightly() ? 100 : usual);
  dice_.seed(seed);
  cluster_ = std::make_unique<real_cluster>(GetParam().options);
  limit_ = std::make_unique<time_limit>(
      *cluster_, std::chrono::seconds{120 + 10 * rounds});
  ASSERT_TRUE(cluster_->up()) << cluster_->output();
  work_ = std::make_unique<workload>(*cluster_);
  by_ = std::make_unique<writer>(*cluster_, seed);
  ASSERT_TRUE(work_->apply()) << cluster_->output();
  ASSERT_EQ(settle("beginning the work"), "");
  allocations_ = work_->allocations();
  for (int i = 1; i <= rounds; ++i)
    ASSERT_NO_FATAL_FAILURE(one_round(i));
  std::cout << rounds << " rounds, writes acknowledged " << by_->acknowledged()
            << ", without answer " << by_->unanswered() << "\n";
  limit_->doing("ending");
  ASSERT_TRUE(cluster_->down()) << cluster_->output();
  EXPECT_EQ(cluster_->remains(), std::vector<std::string>{});
}

INSTANTIATE_TEST_SUITE_P(
    , KilledProcess,
    ::testing::Values(mode{"AsItIs", {}},
                      mode{"PlainUser", {3, "process", "loopback", true}},
                      mode{"EveryComponent", apart()}),
    [](auto& test) { return std::string{test.param.name}; });

} // namespace troupe::test
