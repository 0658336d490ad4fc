#include "runtime/rules/requests.hpp"

#include <gtest/gtest.h>

namespace troupe::rules {

TEST(Subresources, TakeTheVerbsThatKubernetesServes) {
  struct {
    const char* name;
    const char* verb;
    bool takes;
  } cases[] = {
      {"status", "get", true},      {"status", "update", true},
      {"status", "patch", true},    {"status", "delete", false},
      {"status", "create", false},  {"scale", "patch", true},
      {"binding", "create", true},  {"binding", "get", false},
      {"eviction", "create", true}, {"finalize", "update", true},
      {"finalize", "patch", false}, {"approval", "update", true},
      {"resize", "patch", false},   {"ephemeralcontainers", "patch", true},
      {"token", "create", false},   {"nonsense", "get", false},
  };
  for (auto& c : cases)
    EXPECT_EQ(subresource_takes(c.name, c.verb), c.takes)
        << c.name << " " << c.verb;
}

} // namespace troupe::rules
