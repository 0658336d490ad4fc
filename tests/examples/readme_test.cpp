#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <unistd.h>
#include <vector>

namespace {

namespace fs = std::filesystem;

std::string content(const fs::path& path) {
  std::ifstream in{path};
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

/// The commands below a heading: its indented lines.
std::vector<std::string> commands_below(const std::string& heading) {
  std::vector<std::string> result;
  std::istringstream in{content(TROUPE_SOURCE_DIR "/README.md")};
  bool here = false;
  for (std::string line; std::getline(in, line);) {
    if (line.rfind("## ", 0) == 0)
      here = line == "## " + heading;
    else if (here && line.rfind("    ", 0) == 0)
      result.push_back(line.substr(4));
  }
  return result;
}

/// Runs the README's commands one after the other, as typed, in a network
/// namespace of their own: their ports are the default ones.
class Readme : public ::testing::Test {
protected:
  void SetUp() override {
    std::string name = fs::temp_directory_path() / "troupe-readme-XXXXXX";
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    folder_ = name;
  }

  void TearDown() override { fs::remove_all(folder_); }

  /// Runs the script in `project` by `prefix`, a command that runs another.
  void run(const fs::path& project, const std::string& prefix) {
    std::ofstream script{folder_ / "script"};
    script << "set -euo pipefail\n"
              "cd "
           << project.string()
           << "\n"
              "export TROUPE_DATA_DIR="
           << folder_.string()
           << "/data\n"
              "trap 'troupe down >/dev/null 2>&1 || true' EXIT\n";
    auto commands = commands_below("The first minute");
    ASSERT_GT(commands.size(), 10u);
    for (auto& line : commands)
      script << "echo '$' " << quoted(line) << "\n" << line << "\n";
    script << "trap - EXIT\n";
    script.close();
    auto log = folder_ / "log";
    auto code = std::system((prefix + " bash " + (folder_ / "script").string()
                             + " >" + log.string() + " 2>&1 </dev/null")
                                .c_str());
    EXPECT_EQ(code, 0) << content(log);
    EXPECT_NE(content(log).find("pod: web-"), std::string::npos)
        << "curl got no page:\n"
        << content(log);
  }

  static std::string quoted(const std::string& text) {
    std::string out = "'";
    for (char c : text)
      out += c == '\'' ? std::string{"'\\''"} : std::string(1, c);
    return out + "'";
  }

  fs::path folder_;
};

} // namespace

TEST_F(Readme, ItsCommandsWorkAsTyped) {
  run(TROUPE_SOURCE_DIR,
      getuid() == 0 ? "unshare --net sh -c 'ip link set lo up; exec \"$@\"' sh"
                    : "unshare --map-root-user --net sh -c 'ip link set lo up; "
                      "exec \"$@\"' sh");
}

TEST_F(Readme, ItsCommandsWorkForAPlainUser) {
  if (getuid() != 0)
    GTEST_SKIP() << "this user is a plain one: the other test shows it";
  fs::permissions(folder_, fs::perms::all);
  // The folder of the project may be closed to it.
  auto project = folder_ / "troupe";
  fs::create_directories(project / "build");
  fs::copy(TROUPE_SOURCE_DIR "/examples", project / "examples",
           fs::copy_options::recursive);
  for (auto* name : {"troupe", "troupe-shim", "web-server"})
    fs::copy(std::string{TROUPE_BUILD_DIR "/"} + name,
             project / "build" / name);
  run(project,
      "unshare --net sh -c 'ip link set lo up; exec setpriv --reuid 65534 "
      "--regid 65534 --clear-groups \"$@\"' sh");
}
