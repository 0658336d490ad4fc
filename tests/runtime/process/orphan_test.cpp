#include "runtime/process/shim_wire.hpp"
#include "tests/support/pod_fixture.hpp"

#include <csignal>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

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
  // The shim ends behind its last answer.
  wait_for_none("orphan-5");
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

TEST_F(PodRuntime, LeavesNoShimWhoseStarterIsGone) {
  auto folder = folder_ / "pods" / "orphan-7";
  std::filesystem::create_directories(folder);
  std::string fields;
  wire_writer<std::string>{fields}
      .u32(0)
      .text(folder.string())
      .text("")
      .text("");
  std::string frame;
  frame_header header;
  header.size = static_cast<uint32_t>(fields.size());
  header.kind = frame_kind::init;
  header.tag = 1;
  wire_writer<std::string>{frame}.number(header);
  frame += fields;
  int ends[2];
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
  ASSERT_EQ(write(ends[0], frame.data(), frame.size()),
            static_cast<ssize_t>(frame.size()));
  // Killed before the shim had read what it was to be.
  close(ends[0]);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, ends[1], 3);
  std::string program = TROUPE_BUILD_DIR "/troupe-shim";
  std::string option = "--pod";
  std::string id = "orphan-7";
  char* arguments[] = {program.data(), option.data(), id.data(), nullptr};
  char* environment[] = {nullptr};
  pid_t pid = 0;
  ASSERT_EQ(posix_spawn(&pid, program.c_str(), &actions, nullptr, arguments,
                        environment),
            0);
  posix_spawn_file_actions_destroy(&actions);
  close(ends[1]);
  int status = 0;
  ASSERT_EQ(waitpid(pid, &status, 0), pid);
  wait_for_none(id);
}

} // namespace troupe::process
