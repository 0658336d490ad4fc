#include "tests/support/source_tree.hpp"

#include <algorithm>
#include <fstream>
#include <sstream>

namespace troupe::test {

namespace fs = std::filesystem;

fs::path at_root(const std::string& path) {
  return fs::path{TROUPE_SOURCE_DIR} / path;
}

std::string read_text(const fs::path& path) {
  std::ifstream in{path, std::ios::binary};
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

std::vector<std::string> top_folders() {
  return {"actors", "cli", "examples", "messages", "runtime", "tests"};
}

std::vector<std::string> source_folders() {
  std::vector<std::string> result;
  auto add = [&result](const fs::path& folder) {
    for (auto& entry : fs::directory_iterator{folder})
      if (entry.is_regular_file()) {
        result.push_back(fs::relative(folder, at_root("")));
        return;
      }
  };
  for (auto& top : top_folders()) {
    add(at_root(top));
    for (auto& entry : fs::recursive_directory_iterator{at_root(top)})
      if (entry.is_directory())
        add(entry.path());
  }
  std::sort(result.begin(), result.end());
  return result;
}

std::vector<source_file> cpp_files(const std::string& below) {
  std::vector<source_file> result;
  auto tops = below.empty() ? top_folders() : std::vector{below};
  for (auto& top : tops)
    for (auto& entry : fs::recursive_directory_iterator{at_root(top)})
      if (auto ending = entry.path().extension();
          ending == ".hpp" || ending == ".cpp")
        result.push_back(
            {fs::relative(entry.path(), at_root("")), read_text(entry.path())});
  std::sort(result.begin(), result.end(),
            [](auto& a, auto& b) { return a.path < b.path; });
  return result;
}

} // namespace troupe::test
