#include "tests/support/service_objects.hpp"
#include "tests/support/simulated_cluster.hpp"

#include <gtest/gtest.h>

namespace troupe::test {

namespace {

std::string served(const simulated_cluster& cluster) {
  std::string out;
  for (auto& [key, x] : cluster.services().listeners()) {
    out += to_string(key) + " ->";
    for (auto& target : x.targets)
      out += " " + net::to_string(target);
    out += "\n";
  }
  return out;
}

} // namespace

TEST(Services, AnswerWhereTheirSlicesSay) {
  simulated_cluster cluster;
  auto made = cluster.create(object::of(proxied_service("web", "10.96.0.77")));
  ASSERT_TRUE(made) << message_of(made.error());
  auto slice = slice_of("web", 8080);
  add_endpoint(slice, "10.244.0.9");
  auto sliced = cluster.create(object::of(slice));
  ASSERT_TRUE(sliced) << message_of(sliced.error());
  auto line = "10.96.0.77:80/TCP -> 10.244.0.9:8080\n";
  EXPECT_TRUE(cluster.run_until([&] {
    return served(cluster).find(line) != std::string::npos;
  })) << served(cluster);
}

TEST(Services, AreTakenUpAgainByANewProxy) {
  simulated_cluster cluster;
  ASSERT_TRUE(cluster.run_until([&] { return !served(cluster).empty(); }));
  auto before = served(cluster);
  cluster.kill("proxy/kube_proxy");
  EXPECT_EQ(served(cluster), before) << "what is served stays";
  auto made = cluster.create(object::of(proxied_service("web", "10.96.0.77")));
  ASSERT_TRUE(made) << message_of(made.error());
  EXPECT_TRUE(cluster.run_until([&] {
    return served(cluster).find("10.96.0.77:80/TCP") != std::string::npos;
  })) << served(cluster);
}

} // namespace troupe::test
