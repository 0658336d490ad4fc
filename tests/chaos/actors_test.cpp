#include "messages/api/core_pod.pb.h"
#include "messages/api/meta.pb.h"
#include "messages/system.pb.h"
#include "runtime/crypto/kubeconfig.hpp"
#include "tests/chaos/dice.hpp"
#include "tests/chaos/time_limit.hpp"
#include "tests/chaos/writer.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <optional>
#include <spawn.h>
#include <stdexcept>
#include <sys/wait.h>
#include <unistd.h>

extern char** environ;

namespace troupe::test {

namespace {

/// What kind of actor a path is: the same one of every node, pod and session.
std::string kind_of_path(const std::string& path) {
  std::string result;
  std::string first;
  size_t number = 0;
  bool of_pod = false;
  for (size_t from = 0; from <= path.size(); ++number) {
    auto to = std::min(path.find('/', from), path.size());
    auto word = path.substr(from, to - from);
    from = to + 1;
    if (number == 0)
      first = word;
    auto is_number = word.find_first_not_of("0123456789") == std::string::npos;
    if ((first == "kubelet" && number == 1)
        || (number == 0 && word.rfind("node-", 0) == 0))
      word = "NODE";
    else if (of_pod && number < 5)
      word = number == 3 ? "NS" : "NAME";
    else if (is_number)
      word = "N";
    of_pod = of_pod || (first == "kubelet" && word == "pod");
    result += (result.empty() ? "" : "/") + word;
  }
  return result;
}

auto& pods = kind_of<core::v1::Pod>();

/// Watches pods over HTTPS as stock clients do, anew whenever that ends, so
/// that there are connections to be killed.
class https_watcher {
public:
  explicit https_watcher(const real_cluster& cluster)
      : flag_(cluster.folder() / "watching") {
    auto config = crypto::read_kubeconfig(cluster.data() / "kubeconfig");
    if (!config)
      throw std::runtime_error(message_of(config.error()));
    std::ofstream{flag_} << "";
    auto keys = cluster.data().string() + "/pki/";
    auto line = "while [ -e " + flag_.string() + " ]; do curl -sN --cacert "
                + keys + "ca.crt --cert " + keys + "admin.pem '"
                + config->clusters.front().server
                + "/api/v1/pods?watch=1' >/dev/null || sleep 0.05; done";
    std::string words[] = {"sh", "-c", line};
    char* args[] = {words[0].data(), words[1].data(), words[2].data(), nullptr};
    posix_spawnattr_t how;
    posix_spawnattr_init(&how);
    posix_spawnattr_setflags(&how, POSIX_SPAWN_SETPGROUP);
    if (posix_spawn(&pid_, "/bin/sh", nullptr, &how, args, environ) != 0)
      pid_ = 0;
    posix_spawnattr_destroy(&how);
  }

  ~https_watcher() {
    std::filesystem::remove(flag_);
    if (pid_ == 0)
      return;
    ::kill(-pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }

  https_watcher(const https_watcher&) = delete;
  https_watcher& operator=(const https_watcher&) = delete;

private:
  std::filesystem::path flag_;
  pid_t pid_ = 0;
};

/// In one process, or each component in its own.
class KilledActors : public ::testing::TestWithParam<bool> {
protected:
  /// Paths of all actors now, as `topology` prints them.
  std::vector<std::string> topology() {
    std::vector<std::string> result;
    limit_->doing("topology after kill " + std::to_string(kills_));
    wait_until(
        [&] {
          auto all = cluster_->client().actors();
          if (all)
            for (auto& a : all->actors())
              result.push_back(a.path());
          return !result.empty();
        },
        patience());
    for (auto& path : result)
      seen_.insert(kind_of_path(path));
    return result;
  }

  /// All that is known of them, for whoever looks for what went wrong.
  std::string topology_text() {
    cluster_->run("topology");
    return "\n" + cluster_->output() + last_words_of();
  }

  std::string last_words_of() {
    auto log = content_of(cluster_->data() / "troupe.log");
    return log.size() < 4000 ? log : log.substr(log.size() - 4000);
  }

  void kill(const std::string& path) {
    limit_->doing("kill " + std::to_string(kills_ + 1) + ", " + path);
    auto killed = cluster_->client().kill(path);
    if (!killed) {
      // A pod or session may have ended by itself since; and who brings the
      // answer may be the victim, or below it.
      if (is(killed.error(), ec::not_found))
        return;
      EXPECT_EQ(to_status(killed.error()).code(), 503)
          << path << ": " << message_of(killed.error());
      ++unanswered_;
    }
    ++kills_;
    ++by_kind_[kind_of_path(path)];
  }

  /// One of a kind that was never hit, if there is any: it was away when its
  /// turn came.
  std::string next_of(const std::vector<std::string>& all,
                      std::mt19937_64& dice) {
    for (auto& path : all)
      if (by_kind_[kind_of_path(path)] == 0)
        return path;
    return all[dice() % all.size()];
  }

  /// Lets the cluster come to rest and compares it with what is wished.
  void expect_all_well(writer& by, workload& work) {
    limit_->doing("waiting for the last write");
    by.end();
    auto begin = std::chrono::steady_clock::now();
    limit_->doing("coming to rest after kill " + std::to_string(kills_));
    ASSERT_EQ(work.settle([&] { return by.wish(); }, patience()), "")
        << "after " << kills_ << " kills" << topology_text();
    slowest_ = std::max(slowest_, std::chrono::steady_clock::now() - begin);
    limit_->doing("looking for what was lost");
    ASSERT_EQ(by.losses(), std::vector<std::string>{});
    ASSERT_EQ(by.overdue(), std::vector<std::string>{});
  }

  /// To come to rest; what is wrong must be told before the time is up.
  std::chrono::seconds patience() const {
    return std::min(std::chrono::seconds{90}, limit_->left());
  }

  void report(const writer& by) {
    using std::chrono::duration_cast;
    using std::chrono::milliseconds;
    std::cout << kills_ << " kills (" << unanswered_
              << " took their answer along), at rest after "
              << duration_cast<milliseconds>(slowest_).count()
              << " ms at most, writes acknowledged " << by.acknowledged()
              << ", without answer " << by.unanswered() << "\n";
    for (auto& [kind, count] : by_kind_)
      std::cout << "  " << count << "\t" << kind << "\n";
  }

  std::unique_ptr<real_cluster> cluster_;
  std::unique_ptr<time_limit> limit_;
  std::chrono::steady_clock::duration slowest_{};
  std::set<std::string> seen_;
  std::map<std::string, int> by_kind_;
  int kills_ = 0;
  int unanswered_ = 0;
};

} // namespace

TEST_P(KilledActors, LoseNothingAndLeaveNothing) {
  auto apart = GetParam();
  auto seed = seed_of(std::string{"*KilledActors.LoseNothingAndLeaveNothing/"}
                      + (apart ? "Apart" : "Together"));
  auto most = setting("TROUPE_KILLS", nightly() ? 5000 : apart ? 500 : 2000);
  constexpr int between_checks = 250;
  std::mt19937_64 dice{seed};
  real_options options;
  options.apart = apart;
  cluster_ = std::make_unique<real_cluster>(options);
  limit_ = std::make_unique<time_limit>(*cluster_,
                                        std::chrono::seconds{120 + most / 10});
  ASSERT_TRUE(cluster_->up()) << cluster_->output();
  workload work{*cluster_};
  limit_->doing("beginning the work");
  ASSERT_TRUE(work.apply()) << cluster_->output();
  ASSERT_EQ(work.settle([] { return wished{}; }, patience()), "");
  auto allocations = work.allocations();
  writer by{*cluster_, seed};
  std::optional<https_watcher> outside{*cluster_};
  ASSERT_TRUE(wait_until([&] {
    topology();
    return seen_.contains(apart ? "http-1/http/N" : "http/N");
  }));
  // Everyone once, then whoever comes.
  auto victims = topology();
  std::shuffle(victims.begin(), victims.end(), dice);
  while (kills_ < most) {
    by.begin();
    for (int i = 0; i < between_checks && kills_ < most; ++i) {
      if (victims.empty()) {
        auto all = topology();
        ASSERT_FALSE(all.empty()) << last_words_of();
        victims.push_back(next_of(all, dice));
      }
      kill(victims.back());
      victims.pop_back();
      // The next one hits it healing, or healed.
      for (auto pause = dice() % 4; pause > 0; --pause)
        cluster_->list(pods);
    }
    ASSERT_NO_FATAL_FAILURE(expect_all_well(by, work));
    EXPECT_EQ(work.allocations(), allocations);
  }
  report(by);
  outside.reset();
  limit_->doing("ending");
  for (auto& kind : seen_)
    EXPECT_GT(by_kind_[kind], 0) << kind << " was never hit";
  ASSERT_TRUE(cluster_->down()) << cluster_->output();
  EXPECT_EQ(cluster_->remains(), std::vector<std::string>{});
}

INSTANTIATE_TEST_SUITE_P(, KilledActors, ::testing::Bool(), [](auto& test) {
  return std::string{test.param ? "Apart" : "Together"};
});

} // namespace troupe::test
