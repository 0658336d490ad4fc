#include <gtest/gtest.h>

#include <array>
#include <cstdio>
#include <filesystem>
#include <string>
#include <unistd.h>

namespace troupe::process {

namespace {

namespace fs = std::filesystem;

/// Everything again under a folder that is no mount itself, in mounts that
/// nobody else sees. $0: the shim, $1: an empty folder.
constexpr auto script = R"sh(
  mount --make-rprivate /
  mount -t tmpfs tmpfs $1
  cd $1
  mkdir root root/proc root/tmp
  for d in bin lib lib64 usr etc dev; do
    test -e /$d || continue
    mkdir root/$d
    mount --rbind /$d root/$d
  done
  mount -t proc proc root/proc
  cp $0 root/shim
  exec chroot root /shim --probe
)sh";

std::string output_of(const std::string& line) {
  std::string result;
  std::array<char, 256> part{};
  auto* pipe = popen((line + " 2>&1").c_str(), "r");
  while (pipe != nullptr && fgets(part.data(), part.size(), pipe) != nullptr)
    result += part.data();
  if (pipe != nullptr)
    pclose(pipe);
  return result;
}

} // namespace

TEST(Chroot, TakesNothingFromPods) {
  if (geteuid() != 0)
    GTEST_SKIP() << "only root may change the root";
  if (!output_of("unshare -m true").empty())
    GTEST_SKIP() << "the root is no mount here, for all tests";
  std::string shim = std::string{TROUPE_BUILD_DIR} + "/troupe-shim";
  auto folder = fs::temp_directory_path() / "troupe-chroot-test";
  fs::create_directories(folder);
  EXPECT_EQ(output_of(std::string{"unshare -m sh -ec '"} + script + "' " + shim
                      + " " + folder.string()),
            output_of(shim + " --probe"));
  fs::remove(folder);
}

} // namespace troupe::process
