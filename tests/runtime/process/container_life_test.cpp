#include "runtime/process/shim_wire.hpp"
#include "tests/support/pod_fixture.hpp"

#include <csignal>

namespace troupe::process {

TEST_F(PodRuntime, TellsTheExitCodeOfAContainer) {
  auto id = launch("life-1", shell("main", "exit 7"));
  auto c = ended(id);
  EXPECT_EQ(c.exit_code(), 7);
  EXPECT_EQ(c.signal(), 0);
  EXPECT_EQ(c.reason(), "Error");
  EXPECT_GT(c.started_at(), c.created_at());
  EXPECT_GE(c.finished_at(), c.started_at());
}

TEST_F(PodRuntime, CallsExitCodeZeroCompleted) {
  auto c = ended(launch("life-2", shell("main", "true")));
  EXPECT_EQ(c.exit_code(), 0);
  EXPECT_EQ(c.reason(), "Completed");
}

TEST_F(PodRuntime, TellsTheSignalThatEndedAContainer) {
  auto id = launch("life-3", shell("main", "kill -9 $$; sleep 100"));
  auto c = ended(id);
  EXPECT_EQ(c.exit_code(), 137);
  EXPECT_EQ(c.signal(), SIGKILL);
}

TEST_F(PodRuntime, LetsAContainerEndWithinItsGrace) {
  auto id =
      launch("life-4", shell("main", "trap 'exit 3' TERM; echo ready > "
                                         + (folder_ / "ready").string()
                                         + "; while :; do sleep 0.01; done"));
  wait_for_file(folder_ / "ready");
  auto c = stop(id, 10000);
  ASSERT_TRUE(c);
  EXPECT_EQ(c->exit_code(), 3);
  EXPECT_EQ(c->state(), container::EXITED);
}

TEST_F(PodRuntime, KillsAContainerWhoseGraceIsOver) {
  auto id =
      launch("life-5", shell("main", "trap '' TERM; echo ready > "
                                         + (folder_ / "ready").string()
                                         + "; while :; do sleep 0.01; done"));
  wait_for_file(folder_ / "ready");
  auto c = stop(id, 100);
  ASSERT_TRUE(c);
  EXPECT_EQ(c->exit_code(), 137);
  EXPECT_EQ(c->signal(), SIGKILL);
}

TEST_F(PodRuntime, GivesAStoppedSleepTheSignalOfItsEnd) {
  auto id = launch("life-6", shell("main", "exec sleep 1000"));
  auto c = stop(id, 10000);
  ASSERT_TRUE(c);
  EXPECT_EQ(c->exit_code(), 143);
  EXPECT_EQ(c->signal(), SIGTERM);
}

TEST_F(PodRuntime, TellsTheMessageThatAContainerLeft) {
  auto config = shell("main", "echo because of that >/dev/termination-log; "
                              "exit 4");
  config.set_message_path("/dev/termination-log");
  auto c = ended(launch("life-7", config));
  if ((flags_ & use_mounts) == 0)
    GTEST_SKIP() << "nothing can be mounted here";
  EXPECT_EQ(c.message(), "because of that\n");
  EXPECT_FALSE(std::filesystem::exists("/dev/termination-log"));
}

TEST_F(PodRuntime, TellsTheEndOfTheLogOfAContainerThatFailedSilently) {
  auto config = shell("main", "for i in $(seq 100); do echo $i; done; exit 4");
  config.set_message_path("/dev/termination-log");
  config.set_message_from_log(true);
  auto c = ended(launch("life-8", config));
  EXPECT_EQ(c.message().substr(0, 6), "21\n22\n");
  auto good = shell("main", "echo x");
  good.set_message_path("/dev/termination-log");
  good.set_message_from_log(true);
  EXPECT_EQ(ended(launch("life-9", good)).message(), "");
}

} // namespace troupe::process
