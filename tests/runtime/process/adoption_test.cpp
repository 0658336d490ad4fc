#include "tests/support/pod_fixture.hpp"

#include <csignal>
#include <fstream>
#include <sys/wait.h>
#include <unistd.h>

namespace troupe::process {

namespace fs = std::filesystem;

TEST_F(PodRuntime, FindsItsPodsAgainAfterARestart) {
  auto id = launch("adopt-1", shell("main", "exec sleep 1000"));
  auto before = state();
  ASSERT_EQ(before.containers_size(), 1);
  restart();
  auto after = state();
  ASSERT_EQ(after.sandboxes_size(), 1);
  EXPECT_EQ(after.SerializeAsString(), before.SerializeAsString());
  auto ran = exec(id, {"true"});
  EXPECT_TRUE(ran);
  auto c = stop(id, 1000);
  ASSERT_TRUE(c);
  EXPECT_EQ(c->exit_code(), 143);
}

TEST_F(PodRuntime, TellsHowAContainerEndedMeanwhile) {
  auto go = (folder_ / "go").string();
  auto done = (folder_ / "done").string();
  auto id = launch("adopt-2", shell("main", "while [ ! -e " + go
                                                + " ]; do sleep 0.01; done;"
                                                  "echo bye; touch "
                                                + done + "; exit 42"));
  runtime_.reset();
  std::ofstream{go};
  wait_for_file(done);
  restart();
  auto c = state().containers().size() == 1 ? state().containers(0)
                                            : container::Container{};
  if (c.state() == container::RUNNING)
    c = ended(id);
  EXPECT_EQ(c.exit_code(), 42);
  EXPECT_EQ(c.reason(), "Error");
  EXPECT_EQ(logs(id), "bye\n");
}

TEST_F(PodRuntime, StartsAfterARestartWhatWasCreatedBefore) {
  auto pod = run("adopt-3");
  ASSERT_TRUE(pod);
  auto config = shell("main", "echo $SECRET");
  auto variable = config.add_env();
  variable->set_name("SECRET");
  variable->set_value("hidden");
  auto c = create(pod->id(), config);
  ASSERT_TRUE(c);
  restart();
  auto started = start(c->id());
  ASSERT_TRUE(started) << message_of(started.error());
  ended(c->id());
  EXPECT_EQ(logs(c->id()), "hidden\n");
}

TEST_F(PodRuntime, WritesNoVariableToDisk) {
  auto pod = run("adopt-4");
  ASSERT_TRUE(pod);
  auto config = shell("main", "true");
  auto variable = config.add_env();
  variable->set_name("SECRET");
  variable->set_value("most-hidden-value");
  auto c = create(pod->id(), config);
  ASSERT_TRUE(c);
  for (auto& entry : fs::recursive_directory_iterator(folder_)) {
    auto text = entry.is_regular_file() ? content(entry.path()) : std::string{};
    EXPECT_EQ(text.find("most-hidden-value"), text.npos) << entry.path();
  }
  EXPECT_EQ(count("most-hidden-value"), 0);
}

TEST_F(PodRuntime, LosesAPodWhoseShimIsKilledAndLeavesNoProcess) {
  auto marker = mark();
  auto id =
      launch("adopt-5", shell("main", "(setsid sleep " + marker
                                          + " &) ; exec sleep " + marker));
  auto all = state();
  ASSERT_EQ(all.sandboxes_size(), 1);
  kill(static_cast<pid_t>(all.sandboxes(0).pid()), SIGKILL);
  auto c = ended(id);
  EXPECT_EQ(c.exit_code(), 137);
  EXPECT_EQ(c.reason(), "ContainerStatusUnknown");
  wait_for_none(marker);
  EXPECT_EQ(state().sandboxes(0).state(), container::NOT_READY);
}

TEST_F(PodRuntime, FindsAPodWhoseShimDiedMeanwhile) {
  auto id = launch("adopt-6", shell("main", "exec sleep 1000"));
  auto pid = static_cast<pid_t>(state().sandboxes(0).pid());
  runtime_.reset();
  kill(pid, SIGKILL);
  wait_for_none("adopt-6_0");
  restart();
  auto after = state();
  ASSERT_EQ(after.containers_size(), 1);
  EXPECT_EQ(after.sandboxes(0).state(), container::NOT_READY);
  EXPECT_EQ(after.containers(0).state(), container::EXITED);
  EXPECT_EQ(after.containers(0).exit_code(), 137);
}

/// What runs is of nobody any more when its files cannot be read: it ends, and
/// is not served as something else.
struct DamagedPod : PodRuntime, ::testing::WithParamInterface<const char*> {};

TEST_P(DamagedPod, LeavesNoProcess) {
  auto marker = mark();
  launch("adopt-7", shell("main", "exec sleep " + marker));
  auto file = fs::path{options().pods} / "adopt-7_0" / GetParam();
  ASSERT_TRUE(fs::exists(file)) << file;
  runtime_.reset();
  std::ofstream{file} << std::string(fs::file_size(file), '#');
  restart();
  auto now = state();
  for (auto& each : now.sandboxes())
    EXPECT_EQ(each.state(), container::NOT_READY);
  wait_for_none(marker);
  for (auto& each : now.containers())
    EXPECT_EQ(each.state(), container::EXITED);
  EXPECT_TRUE(remove_sandbox("adopt-7_0"));
}

INSTANTIATE_TEST_SUITE_P(InEachFile, DamagedPod,
                         ::testing::Values("sandbox", "shim.pid",
                                           "c/main_0/container"));

/// The process that controls the pods is killed with nothing said.
TEST_F(PodRuntime, KeepsPodsWhenWhoeverStartedThemIsKilled) {
  auto program = fs::read_symlink("/proc/self/exe").string();
  auto marker = mark();
  runtime_.reset();
  auto child = fork();
  if (child == 0) {
    auto folder = "TROUPE_TEST_FOLDER=" + folder_.string();
    auto mark_text = "TROUPE_TEST_MARKER=" + marker;
    std::string filter = "--gtest_filter=ControllerToBeKilled.*";
    char* arguments[] = {program.data(), filter.data(), nullptr};
    char* environment[] = {folder.data(), mark_text.data(), nullptr};
    execve(program.c_str(), arguments, environment);
    _exit(1);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFSIGNALED(status)) << WEXITSTATUS(status);
  auto pid = std::stoll(content(folder_ / "pid"));
  restart();
  auto after = state();
  ASSERT_EQ(after.containers_size(), 1);
  EXPECT_EQ(after.containers(0).state(), container::RUNNING);
  EXPECT_EQ(after.containers(0).pid(), pid);
  EXPECT_EQ(kill(static_cast<pid_t>(pid), 0), 0);
  ASSERT_TRUE(remove_sandbox(after.sandboxes(0).id()));
  wait_for_none(marker);
}

class ControllerToBeKilled : public PodRuntime {
protected:
  void SetUp() override {
    auto folder = getenv("TROUPE_TEST_FOLDER");
    if (folder == nullptr)
      GTEST_SKIP() << "runs only within another test";
    folder_ = folder;
    restart();
  }

  void TearDown() override {
    // nop
  }
};

TEST_F(ControllerToBeKilled, StartsAPodAndIsKilled) {
  auto id = launch(
      "killed-1",
      shell("main", "exec sleep " + std::string{getenv("TROUPE_TEST_MARKER")}));
  std::ofstream{folder_ / "pid"} << state().containers(0).pid();
  kill(getpid(), SIGKILL);
}

} // namespace troupe::process
