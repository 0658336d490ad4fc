#include "tests/support/source_tree.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <regex>
#include <sstream>

namespace troupe::test {

namespace {

namespace fs = std::filesystem;

/// A folder's README fits on a screen.
constexpr long most_lines = 64;
/// The first one, for users, has the first minute and the figures too.
constexpr long most_first_lines = 120;

long count_lines(const std::string& text) {
  return std::count(text.begin(), text.end(), '\n');
}

/// The headers that say what one actor is.
std::vector<source_file> actor_headers() {
  auto all = cpp_files("actors");
  auto is_other = [](const source_file& file) {
    return fs::path{file.path}.extension() != ".hpp"
           || file.text.find("static inline const char* name =")
                  == std::string::npos;
  };
  all.erase(std::remove_if(all.begin(), all.end(), is_other), all.end());
  return all;
}

/// The comment that holds the sentence, from its first line on.
std::string comment_around(const std::string& text,
                           const std::string& sentence) {
  std::istringstream in{text};
  std::string comment;
  for (std::string line; std::getline(in, line);) {
    if (line.rfind("///", 0) == 0) {
      comment += line + "\n";
      continue;
    }
    if (comment.find(sentence) != std::string::npos)
      return comment;
    comment.clear();
  }
  return {};
}

/// Every place under `folder` where the pattern occurs outside of comments.
std::string places(const std::string& folder, const std::regex& pattern) {
  std::string found;
  for (auto& file : cpp_files(folder)) {
    std::istringstream in{file.text};
    std::string line;
    for (size_t number = 1; std::getline(in, line); ++number) {
      auto code = line.substr(0, line.find("//"));
      if (std::regex_search(code, pattern))
        found += file.path + ":" + std::to_string(number) + ": " + line + "\n";
    }
  }
  return found;
}

/// Runs a command; returns its exit code, and what it printed in `output`.
int run(const std::string& line, std::string& output) {
  auto* pipe = popen((line + " 2>&1").c_str(), "r");
  std::array<char, 4096> buffer;
  for (size_t n; (n = fread(buffer.data(), 1, buffer.size(), pipe)) > 0;)
    output.append(buffer.data(), n);
  return pclose(pipe);
}

} // namespace

TEST(Form, EveryActorSaysWhatItKeepsTrueHearsSaysAndDoesAfterARestart) {
  auto headers = actor_headers();
  ASSERT_GT(headers.size(), 20u);
  for (auto& file : headers) {
    auto comment = comment_around(file.text, "/// Hears:");
    EXPECT_FALSE(comment.empty()) << file.path << " does not say what it hears";
    auto hears = comment.find("/// Hears:");
    auto says = comment.find("/// Says:");
    auto after = comment.find("/// After a restart:");
    EXPECT_NE(says, std::string::npos) << file.path << " lacks \"Says:\"";
    EXPECT_NE(after, std::string::npos)
        << file.path << " lacks \"After a restart:\"";
    EXPECT_TRUE(hears < says && says < after)
        << file.path << ": Hears, Says, After a restart, in this order";
    auto first = comment.substr(0, std::min(hears, comment.size()));
    EXPECT_NE(first.find('.'), std::string::npos)
        << file.path << " begins with no sentence of what it keeps true";
  }
}

TEST(Form, ActorsHaveNoClockNoChanceAndNoLocksOfTheirOwn) {
  for (auto forbidden :
       {R"(std::this_thread)", R"((system|steady|high_resolution)_clock::now)",
        R"((^|[^.\w>])s?rand\s*\()",
        R"(random_device|mt19937|default_random_engine)",
        R"(std::(recursive_|shared_|timed_)*mutex|condition_variable)",
        R"((^|[^.\w>])(u|nano)?sleep\s*\()",
        R"((^|[^.\w>])(gettimeofday|clock_gettime|time)\s*\()"})
    EXPECT_EQ(places("actors", std::regex{forbidden}), "") << forbidden;
}

TEST(Form, NobodyIncludesAllOfCaf) {
  EXPECT_EQ(places("", std::regex{R"(#\s*include\s*<caf/all\.hpp>)"}), "");
}

TEST(Form, EveryFolderHasAReadmeOfOneScreen) {
  for (auto& folder : source_folders()) {
    auto text = read_text(at_root(folder) / "README.md");
    EXPECT_FALSE(text.empty()) << folder << " has no README.md";
    EXPECT_LE(count_lines(text), most_lines) << folder << "/README.md";
  }
  auto first = read_text(at_root("README.md"));
  EXPECT_FALSE(first.empty());
  EXPECT_LE(count_lines(first), most_first_lines);
}

TEST(Form, IsThatOfClangFormat) {
  std::string version;
  if (run("clang-format --version", version) != 0)
    GTEST_SKIP() << "there is no clang-format";
  // Each version has ideas of its own.
  if (version.find("version 14.") == std::string::npos)
    GTEST_SKIP() << "not Debian 12's: " << version;
  std::string line = "cd '" + at_root("").string()
                     + "' && "
                       "clang-format --dry-run -Werror --style=file";
  for (auto& file : cpp_files(""))
    line += " " + file.path;
  std::string output;
  EXPECT_EQ(run(line, output), 0) << output;
}

} // namespace troupe::test
