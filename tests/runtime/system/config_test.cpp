#include "runtime/system/config.hpp"

#include <gtest/gtest.h>

namespace troupe {

TEST(ClusterConfig, KnowsWhereAMemberIs) {
  cluster_config config;
  config.servers = {{"server-1", ""}, {"server-2", "127.0.0.1:2"}};
  EXPECT_EQ(config.place_of("server-1/store"), "");
  EXPECT_EQ(config.place_of("server-2/store"), "127.0.0.1:2");
  // Added since, under a name that is new or was another's.
  EXPECT_EQ(config.place_of("server-3/store@127.0.0.1:3"), "127.0.0.1:3");
  EXPECT_EQ(config.place_of("server-2/store@127.0.0.1:4"), "127.0.0.1:4");
  EXPECT_EQ(config.place_of("server-1/store@127.0.0.1:1"), "");
  EXPECT_EQ(config.place_of("server-9/store"), "");
}

} // namespace troupe
