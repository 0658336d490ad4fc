// More than fits in one message between processes.

#include "messages/api/core_config.pb.h"
#include "tests/support/real_cluster.hpp"

#include <gtest/gtest.h>

#include <string>

namespace troupe::test {

TEST(LargeLists, ComeInPagesThatAConnectionTakes) {
  real_options options;
  options.nodes = 1;
  options.runtime = "simulated";
  real_cluster cluster{options};
  ASSERT_TRUE(cluster.up()) << cluster.output();
  constexpr size_t many = 40;
  for (size_t i = 0; i < many; ++i) {
    core::v1::ConfigMap map;
    map.mutable_metadata()->set_namespace_("default");
    map.mutable_metadata()->set_name("large-" + std::to_string(i));
    (*map.mutable_data())["all"] = std::string(900'000, 'x');
    auto made = create(cluster.client(), object::of(map));
    ASSERT_TRUE(made) << message_of(made.error());
  }
  auto all = cluster.list(kind_of<core::v1::ConfigMap>());
  ASSERT_TRUE(all) << message_of(all.error());
  EXPECT_GE(all->size(), many);
  EXPECT_TRUE(cluster.run("get configmaps")) << cluster.output();
}

} // namespace troupe::test
