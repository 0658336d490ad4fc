#include "tests/runtime/raft/script.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <vector>

namespace troupe::raft::sim {

namespace {

const std::filesystem::path data{TROUPE_SOURCE_DIR "/tests/runtime/raft/data"};

std::vector<std::string> scripts() {
  std::vector<std::string> names;
  for (auto& file : std::filesystem::directory_iterator{data})
    if (file.path().extension() == ".txt")
      names.push_back(file.path().stem());
  std::sort(names.begin(), names.end());
  return names;
}

std::string read(const std::filesystem::path& path) {
  std::ifstream in{path};
  return {std::istreambuf_iterator<char>{in}, {}};
}

/// Runs the commands of a script and puts what they lead to under each,
/// indented, in place of what stands there.
std::string play(const std::string& text) {
  script group;
  std::string result;
  std::istringstream lines{text};
  for (std::string line; std::getline(lines, line);) {
    if (line.rfind("  ", 0) == 0)
      continue;
    result += line + "\n";
    if (line.empty() || line[0] == '#')
      continue;
    std::istringstream traced{group.run(line)};
    for (std::string step; std::getline(traced, step);)
      result += "  " + step + "\n";
  }
  return result;
}

struct RaftScript : ::testing::TestWithParam<std::string> {};

} // namespace

// TROUPE_REFRESH=1 writes the traces anew. Read what has changed: a trace is
// right because somebody has understood it.
TEST_P(RaftScript, LeadsToTheTraceInItsFile) {
  auto path = data / (GetParam() + ".txt");
  auto text = read(path);
  auto played = play(text);
  if (std::getenv("TROUPE_REFRESH") != nullptr)
    std::ofstream{path} << played;
  else
    EXPECT_EQ(text, played);
}

INSTANTIATE_TEST_SUITE_P(Scripts, RaftScript, ::testing::ValuesIn(scripts()),
                         [](const auto& script) { return script.param; });

} // namespace troupe::raft::sim
