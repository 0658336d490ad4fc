#include "runtime/containers/stages.hpp"

#include <gtest/gtest.h>

namespace troupe::simulation {

TEST(Stages, MatchTextsWithStars) {
  struct {
    const char* pattern;
    const char* text;
    bool fits;
  } cases[] = {
      {"", "", true},
      {"", "a", false},
      {"*", "", true},
      {"*", "anything", true},
      {"nginx*", "nginx:1", true},
      {"nginx*", "xnginx", false},
      {"*:1", "nginx:1", true},
      {"a*b*c", "aXbYc", true},
      {"a*b*c", "aXbY", false},
      {"?", "a", true},
      {"?", "", false},
      {"a?c", "abc", true},
      {"*aab", "aaaab", true},
      {"a**", "a", true},
  };
  for (auto& c : cases)
    EXPECT_EQ(fits(c.pattern, c.text), c.fits) << c.pattern << " " << c.text;
}

TEST(Stages, ReadDurations) {
  using namespace std::chrono_literals;
  EXPECT_EQ(*parse_duration("1h2m3s4ms"), 1h + 2min + 3s + 4ms);
  EXPECT_EQ(*parse_duration("1.5s"), 1500ms);
  EXPECT_EQ(*parse_duration("0s"), 0s);
  EXPECT_EQ(*parse_duration("7us"), 7us);
  for (auto text :
       {"", "5", "s", "5 s", "-1s", "1d", "1s2", "nan", "1e400h", "99999999h"})
    EXPECT_FALSE(parse_duration(text)) << text;
}

TEST(Stages, RefuseNonsenseWithItsPlace) {
  struct {
    const char* yaml;
    const char* message;
  } cases[] = {
      {"[1, 2]", "script: must be a map"},
      {"stage: []", "stage: unknown field"},
      {"stages: 5", "stages: must be a list"},
      {"stages: [x]", "stages[0]: must be a map"},
      {"stages: [{from: running, frm: x}]", "stages[0].frm: unknown field"},
      {"stages: [{from: dead}]",
       "stages[0].from: \"dead\" must be one of created, running"},
      {"stages: [{from: running, delay: soon}]",
       "stages[0].delay: \"soon\" is no duration such as 1m30s"},
      {"stages: [{from: running, exitCode: 256}]",
       "stages[0].exitCode: must be a number from 0 to 255"},
      {"stages: [{on: time}]",
       "stages[0].from: a created container waits for its start"},
      {"stages: [{from: running, on: start}]",
       "stages[0].from: only a created container is started"},
      {"stages: [{from: running, on: stop}]",
       "stages[0].to: a stopped container exits"},
      {"stages: [{from: running, match: {img: x}}]",
       "stages[0].match.img: unknown field"},
      {"stages: [{from: running, match: {labels: [a]}}]",
       "stages[0].match.labels: must be a map of texts"},
      {"execs: [{command: [a]}]", "execs[0].command: must be a text"},
  };
  for (auto& c : cases) {
    auto result = parse_script(c.yaml);
    ASSERT_FALSE(result) << c.yaml;
    EXPECT_TRUE(is(result.error(), ec::invalid));
    EXPECT_EQ(message_of(result.error()), c.message) << c.yaml;
  }
  EXPECT_FALSE(parse_script("stages: [{"));
  EXPECT_TRUE(parse_script(""));
  EXPECT_TRUE(parse_script("{}"));
}

} // namespace troupe::simulation
