#include <gtest/gtest.h>

#include <cstdio>
#include <filesystem>
#include <grp.h>
#include <string>
#include <sys/wait.h>
#include <unistd.h>

namespace troupe::process {

namespace {

constexpr unsigned nobody = 65534;
constexpr int cannot_run = 77;

} // namespace

/// The tests of pods again, without root.
TEST(Unprivileged, RunsPodsToo) {
  if (geteuid() != 0)
    GTEST_SKIP() << "the tests run without root already";
  auto program = std::filesystem::read_symlink("/proc/self/exe").string();
  fflush(nullptr);
  auto child = fork();
  if (child == 0) {
    std::string shim = std::string{TROUPE_BUILD_DIR} + "/troupe-shim";
    if (setgroups(0, nullptr) != 0 || setresgid(nobody, nobody, nobody) != 0
        || setresuid(nobody, nobody, nobody) != 0
        || access(program.c_str(), X_OK) != 0
        || access(shim.c_str(), X_OK) != 0)
      _exit(cannot_run);
    std::string filter = "--gtest_filter=Volumes.*:ImageFolder.*:PodRuntime.*";
    char* arguments[] = {program.data(), filter.data(), nullptr};
    char* environment[] = {nullptr};
    execve(program.c_str(), arguments, environment);
    _exit(cannot_run);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFEXITED(status));
  if (WEXITSTATUS(status) == cannot_run)
    GTEST_SKIP() << "another user cannot run " << program;
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

} // namespace troupe::process
