// Where fuzzers begin, and what they have found, run with every test.

#include "tests/fuzz/targets.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <random>
#include <sstream>

namespace troupe::fuzz {

namespace {

namespace fs = std::filesystem;

constexpr int changes_of_each = 200;

std::string content_of(const fs::path& file) {
  std::ifstream in{file, std::ios::binary};
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

/// Something else of it: bytes changed, left out, doubled.
std::string changed(std::string text, std::minstd_rand& random) {
  for (int i = 0; i < 4 && !text.empty(); ++i) {
    auto at = random() % text.size();
    auto size = 1 + random() % 8;
    switch (random() % 3) {
      case 0:
        text[at] = static_cast<char>(random());
        break;
      case 1:
        text.erase(at, size);
        break;
      default:
        text.insert(at, text.substr(random() % text.size(), size));
    }
  }
  return text;
}

struct Seeds : testing::TestWithParam<target> {};

TEST_P(Seeds, HarmNothing) {
  fs::path folder{TROUPE_SOURCE_DIR "/tests/fuzz/seeds"};
  auto prefix = std::string{GetParam().name} + "-";
  std::minstd_rand random{1};
  size_t count = 0;
  for (auto& entry : fs::directory_iterator{folder}) {
    if (!entry.path().filename().string().starts_with(prefix))
      continue;
    auto text = content_of(entry.path());
    SCOPED_TRACE(entry.path());
    GetParam().run(text);
    for (int i = 0; i < changes_of_each; ++i)
      GetParam().run(changed(text, random));
    ++count;
  }
  EXPECT_GT(count, 0u);
}

INSTANTIATE_TEST_SUITE_P(All, Seeds, testing::ValuesIn(targets()),
                         [](auto& each) {
                           return std::string{each.param.name};
                         });

} // namespace

} // namespace troupe::fuzz
