#include "runtime/rules/stream_verbs.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace troupe::test {

using rules::stream_verbs;
using ::testing::ElementsAre;
using ::testing::UnorderedElementsAre;

TEST(StreamVerbs, LetNobodyRunWhatHeMayOnlyRead) {
  EXPECT_THAT(stream_verbs("exec", "create", false), ElementsAre("create"));
  EXPECT_THAT(stream_verbs("exec", "", false), ElementsAre("create"));
  for (auto* of : {"exec", "attach", "portforward"})
    for (auto* verb : {"get", "list", "watch", "nonsense"})
      EXPECT_THAT(stream_verbs(of, verb, false), ElementsAre(verb, "create"))
          << of;
}

TEST(StreamVerbs, OfLogsAreReading) {
  EXPECT_THAT(stream_verbs("log", "create", false), ElementsAre("get"));
}

TEST(StreamVerbs, OfProxiesAreAllWhereNoServerLooks) {
  EXPECT_THAT(stream_verbs("proxy", "get", false), ElementsAre("get"));
  EXPECT_THAT(
      stream_verbs("proxy", "get", true),
      UnorderedElementsAre("get", "create", "update", "patch", "delete"));
}

} // namespace troupe::test
