// The store against the operating system: killed with SIGKILL while clients
// write, and opened again.

#include "actors/store/store.hpp"
#include "messages/codec.hpp"
#include "messages/store.pb.h"

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/scoped_actor.hpp>
#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <random>
#include <spawn.h>
#include <string>
#include <sys/wait.h>
#include <unistd.h>

extern char** environ;

namespace troupe {

namespace {

using namespace store_api;
namespace fs = std::filesystem;

constexpr int clients = 16;

struct threaded_config : caf::actor_system_config {
  threaded_config() {
    register_types(*this);
    set("scheduler.policy", caf::atom("sharing"));
    set("scheduler.max-threads", size_t{2});
  }
};

/// Small in everything, so that a short life sees checkpoints, cut logs and
/// compaction.
store_options crash_options(const fs::path& folder) {
  store_options options;
  options.path = folder / "store";
  options.write_buffer = 64 << 10;
  options.checkpoint_bytes = 100'000;
  options.keep_revisions = 1'000'000;
  return options;
}

/// Writes `key`, says so on the pipe once it is answered, goes on.
void write_on(caf::event_based_actor* self, const store_actor& store, int pipe,
              const std::string& prefix, int number) {
  auto key = prefix + std::to_string(number);
  self->request(store, caf::infinite,
                pb<TxnRequest>{put_request(key, std::string(200, 'v'))})
      .then(
          [=](const pb<TxnResponse>& done) {
            auto line = key + " " + std::to_string(done->revision()) + "\n";
            if (::write(pipe, line.data(), line.size()) < 0)
              std::exit(1);
            write_on(self, store, pipe, prefix, number + 1);
          },
          [](const caf::error& err) {
            std::fprintf(stderr, "%s\n", message_of(err).c_str());
            std::exit(1);
          });
}

struct Crash : ::testing::Test {
  fs::path folder;
  std::map<std::string, uint64_t> acked; ///< key, revision
  std::mt19937_64 random{20260801};

  void SetUp() override {
    auto pattern = (fs::temp_directory_path() / "troupe-crash-XXXXXX").string();
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    folder = pattern;
  }

  void TearDown() override { fs::remove_all(folder); }

  /// Lets a process of its own write until so many answers were seen, kills it
  /// and notes every answer that left it.
  void write_and_kill(int round, size_t answers) {
    int ends[2];
    ASSERT_EQ(::pipe(ends), 0);
    ::setenv("TROUPE_CRASH_FOLDER", folder.c_str(), 1);
    ::setenv("TROUPE_CRASH_PIPE", std::to_string(ends[1]).c_str(), 1);
    ::setenv("TROUPE_CRASH_ROUND", std::to_string(round).c_str(), 1);
    std::string self = "/proc/self/exe";
    std::string filter = "--gtest_filter=CrashVictim.*";
    char* args[] = {self.data(), filter.data(), nullptr};
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addclose(&actions, ends[0]);
    posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", 1, 0);
    pid_t child = 0;
    ASSERT_EQ(
        ::posix_spawn(&child, self.c_str(), &actions, nullptr, args, environ),
        0);
    posix_spawn_file_actions_destroy(&actions);
    ::unsetenv("TROUPE_CRASH_FOLDER");
    ::close(ends[1]);
    read_answers(ends[0], child, answers);
    ::close(ends[0]);
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_TRUE(WIFSIGNALED(status)) << "the writer ended by itself";
  }

  void read_answers(int pipe, pid_t child, size_t answers) {
    auto* lines = ::fdopen(::dup(pipe), "r");
    char key[100];
    unsigned long long revision = 0;
    size_t seen = 0;
    while (std::fscanf(lines, "%99s %llu\n", key, &revision) == 2) {
      EXPECT_TRUE(acked.emplace(key, revision).second) << key;
      if (++seen == answers)
        ::kill(child, SIGKILL);
    }
    EXPECT_GE(seen, answers);
    std::fclose(lines);
  }

  /// Opens what the killed process has left; every answer must have come true.
  void check() {
    threaded_config cfg;
    caf::actor_system sys{cfg};
    caf::scoped_actor self{sys};
    auto store = spawn_store(sys, crash_options(folder));
    RangeRequest request;
    request.set_key(std::string(1, '\0'));
    request.set_range_end(std::string(1, '\0'));
    std::map<std::string, uint64_t> found;
    self->request(store, caf::infinite, pb<RangeRequest>{std::move(request)})
        .receive(
            [&](const pb<RangeResponse>& all) {
              for (const auto& kv : all->kvs())
                found[kv.key()] = kv.mod_revision();
            },
            [](const caf::error& err) { FAIL() << message_of(err); });
    for (const auto& [key, revision] : acked)
      EXPECT_EQ(found[key], revision) << key;
    self->monitor(store);
    self->send_exit(store, caf::exit_reason::user_shutdown);
    self->receive([](const caf::down_msg&) {});
  }
};

} // namespace

TEST(CrashVictim, WritesUntilItIsKilled) {
  auto* folder = std::getenv("TROUPE_CRASH_FOLDER");
  if (folder == nullptr)
    GTEST_SKIP() << "started by the test that kills it";
  auto pipe = std::atoi(std::getenv("TROUPE_CRASH_PIPE"));
  auto round = std::string{std::getenv("TROUPE_CRASH_ROUND")};
  threaded_config cfg;
  caf::actor_system sys{cfg};
  auto store = spawn_store(sys, crash_options(folder));
  for (int i = 0; i < clients; ++i)
    sys.spawn([=](caf::event_based_actor* self) {
      write_on(self, store, pipe, "r" + round + "/c" + std::to_string(i) + "/",
               0);
    });
  sys.await_all_actors_done();
}

TEST_F(Crash, NothingAcknowledgedIsMissingAfterKillNine) {
  for (int round = 0; round < 12 && !HasFailure(); ++round) {
    write_and_kill(round, 1 + random() % 1500);
    check();
  }
}

} // namespace troupe
