#include "tests/support/pod_fixture.hpp"

#include <csignal>

namespace troupe::process {

namespace {

/// Without process namespaces the tree is walked.
constexpr uint32_t without_processes = ~4u;

} // namespace

TEST_F(PodRuntime, LeavesNothingOfAStoppedContainer) {
  auto marker = mark();
  // Twice forked, in sessions of their own, deaf to SIGTERM.
  auto id = launch("orphan-1",
                   shell("main", "(setsid sh -c 'trap \"\" TERM; sleep "
                                     + marker + "; sleep " + marker
                                     + "' &); (setsid setsid sleep " + marker
                                     + " &); exec sleep " + marker));
  auto c = stop(id, 50);
  ASSERT_TRUE(c);
  EXPECT_EQ(c->exit_code(), 143);
  EXPECT_EQ(count(marker), 0);
}

TEST_F(PodRuntime, LeavesNothingOfAContainerThatEnds) {
  auto marker = mark();
  auto id = launch("orphan-2",
                   shell("main", "(setsid sleep " + marker + " &); exit 9"));
  EXPECT_EQ(ended(id).exit_code(), 9);
  EXPECT_EQ(count(marker), 0);
}

TEST_F(PodRuntime, LeavesNothingBehindWithoutProcessNamespaces) {
  auto status = ask<container::RuntimeStatus>(
      [this](auto done) { runtime_->probe(done); });
  ASSERT_TRUE(status);
  restart((flags_ & without_processes));
  auto marker = mark();
  auto id = launch("orphan-3",
                   shell("main", "(setsid sh -c 'trap \"\" TERM; sleep "
                                     + marker + "; sleep " + marker
                                     + "' &); (setsid setsid sleep " + marker
                                     + " &); exec sleep " + marker));
  auto c = stop(id, 50);
  ASSERT_TRUE(c);
  EXPECT_EQ(c->exit_code(), 143);
  EXPECT_EQ(count(marker), 0);
  auto forks = launch("orphan-4",
                      shell("main", "f() { sleep " + marker
                                        + " & (f &) ; sleep 0.02; }; f; sleep "
                                        + marker));
  ASSERT_TRUE(stop(forks, 0));
  EXPECT_EQ(count(marker), 0);
}

TEST_F(PodRuntime, EndsAllContainersOfARemovedSandbox) {
  auto marker = mark();
  auto pod = run("orphan-5");
  ASSERT_TRUE(pod);
  for (auto name : {"a", "b", "c"}) {
    auto c = create(pod->id(), shell(name, "(setsid sleep " + marker
                                               + " &); exec sleep " + marker));
    ASSERT_TRUE(c);
    ASSERT_TRUE(start(c->id()));
  }
  EXPECT_EQ(state().containers_size(), 3);
  ASSERT_TRUE(remove_sandbox(pod->id()));
  EXPECT_EQ(count(marker), 0);
  EXPECT_EQ(count("orphan-5"), 0);
  EXPECT_EQ(state().sandboxes_size(), 0);
  EXPECT_FALSE(std::filesystem::exists(folder_ / "pods" / pod->id()));
}

TEST_F(PodRuntime, LeavesNothingWhenAContainersInitIsKilled) {
  restart(flags_ & without_processes);
  auto marker = mark();
  auto id = launch("orphan-6", shell("main", "exec sleep " + marker));
  auto main = state().containers(0).pid();
  auto stat = content("/proc/" + std::to_string(main) + "/stat");
  auto parent = std::stoi(stat.substr(stat.rfind(')') + 4));
  kill(parent, SIGKILL);
  EXPECT_EQ(ended(id).exit_code(), 137);
  wait_for_none(marker);
}

} // namespace troupe::process
