#include "actors/controllers/endpoints.hpp"
#include "actors/controllers/endpointslice.hpp"
#include "messages/api/core_service.pb.h"
#include "messages/api/discovery.pb.h"
#include "tests/support/controller_fixture.hpp"

namespace troupe {

namespace {

using namespace std::chrono_literals;
using core::v1::Endpoints;
using discovery::v1::EndpointSlice;

struct EndpointsController : test::controller_fixture {
  core::v1::Pod pod(const std::string& name, const std::string& ip) {
    auto result = test::pod(name);
    result.mutable_status()->set_pod_ip(ip);
    result.mutable_status()->mutable_pod_ips(0)->set_ip(ip);
    return result;
  }

  std::pair<int, int> addresses() {
    auto found = api.find("Endpoints", "default/web");
    if (!found || found.as<Endpoints>().subsets_size() == 0)
      return {0, 0};
    const auto& subset = found.as<Endpoints>().subsets(0);
    return {subset.addresses_size(), subset.not_ready_addresses_size()};
  }
};

using counts = std::pair<int, int>;

TEST_F(EndpointsController, FollowsThePodsOfAService) {
  start(endpoints);
  api.put(test::service());
  world.run();
  EXPECT_TRUE(api.find("Endpoints", "default/web"));
  api.put(pod("a", "10.0.0.1"));
  auto b = pod("b", "10.0.0.2");
  test::set_ready(b, false, test::new_year());
  api.put(b);
  world.run();
  EXPECT_EQ(addresses(), (counts{1, 1}));
  test::set_ready(b, true, test::new_year());
  api.put(b);
  world.run();
  EXPECT_EQ(addresses(), (counts{2, 0}));
  api.remove("Pod", "default/a");
  world.run();
  EXPECT_EQ(addresses(), (counts{1, 0}));
  EXPECT_EQ(why("default/web").front(), "1 addresses are ready, 0 are not");
}

TEST_F(EndpointsController, APodThatLosesItsLabelLeaves) {
  api.put(test::service());
  auto a = pod("a", "10.0.0.1");
  api.put(a);
  start(endpoints);
  EXPECT_EQ(addresses(), (counts{1, 0}));
  a.mutable_metadata()->mutable_labels()->clear();
  api.put(a);
  world.run();
  EXPECT_EQ(addresses(), (counts{0, 0}));
}

TEST_F(EndpointsController, WritesNothingForChangesThatDoNotMatter) {
  api.put(test::service());
  auto a = pod("a", "10.0.0.1");
  api.put(a);
  start(endpoints);
  auto before = writes();
  a.mutable_status()->set_message("still here");
  api.put(a);
  world.run();
  EXPECT_EQ(writes(), before);
}

TEST_F(EndpointsController, EndpointsGoWithTheirServiceButNotThoseOfUsers) {
  api.put(test::service());
  start(endpoints);
  core::v1::Endpoints mine;
  mine.mutable_metadata()->set_name("mine");
  mine.mutable_metadata()->set_namespace_("default");
  api.put(mine);
  api.remove("Service", "default/web");
  world.run();
  EXPECT_FALSE(api.find("Endpoints", "default/web"));
  EXPECT_TRUE(api.find("Endpoints", "default/mine"));
}

TEST_F(EndpointsController, WritesThemAnewWhenSomebodyChangesThem) {
  api.put(test::service());
  api.put(pod("a", "10.0.0.1"));
  start(endpoints);
  auto broken = api.find("Endpoints", "default/web").copy<Endpoints>();
  broken.clear_subsets();
  api.put(broken);
  world.run();
  EXPECT_EQ(addresses(), (counts{1, 0}));
}

struct EndpointSliceController : test::controller_fixture {
  const EndpointSlice& only() {
    auto slices = all("EndpointSlice");
    EXPECT_EQ(slices.size(), 1u);
    kept = slices.begin()->second;
    return kept.as<EndpointSlice>();
  }

  object kept;
};

TEST_F(EndpointSliceController, FollowsThePodsOfAService) {
  start(endpointslice);
  api.put(test::service());
  world.run();
  EXPECT_EQ(only().endpoints_size(), 0);
  api.put(test::pod("a"));
  api.put(test::pod("b"));
  world.run();
  EXPECT_EQ(only().endpoints_size(), 2);
  api.remove("Pod", "default/a");
  world.run();
  EXPECT_EQ(only().endpoints_size(), 1);
}

TEST_F(EndpointSliceController, ADyingPodServesButIsNotReady) {
  api.put(test::service());
  auto pod = test::pod("a");
  api.put(pod);
  start(endpointslice);
  pod.mutable_metadata()->mutable_deletion_timestamp()->set_seconds(1);
  api.put(pod);
  world.run();
  const auto& conditions = only().endpoints(0).conditions();
  EXPECT_FALSE(conditions.ready());
  EXPECT_TRUE(conditions.serving());
  EXPECT_TRUE(conditions.terminating());
}

TEST_F(EndpointSliceController, TellsTheZoneOfTheNode) {
  api.put(test::service());
  api.put(test::pod("a"));
  start(endpointslice);
  EXPECT_FALSE(only().endpoints(0).has_zone());
  auto node = test::node("node-1");
  (*node.mutable_metadata()->mutable_labels())["topology.kubernetes.io/zone"] =
      "east";
  api.put(node);
  world.run();
  EXPECT_EQ(only().endpoints(0).zone(), "east");
}

TEST_F(EndpointSliceController, MirrorsEndpointsOfAServiceWithoutSelector) {
  auto service = test::service();
  service.mutable_spec()->clear_selector();
  api.put(service);
  start(endpointslice);
  EXPECT_TRUE(all("EndpointSlice").empty());
  core::v1::Endpoints mine;
  mine.mutable_metadata()->set_name("web");
  mine.mutable_metadata()->set_namespace_("default");
  mine.add_subsets()->add_addresses()->set_ip("192.0.2.1");
  api.put(mine);
  world.run();
  EXPECT_EQ(only().endpoints(0).addresses(0), "192.0.2.1");
  api.remove("Endpoints", "default/web");
  world.run();
  EXPECT_TRUE(all("EndpointSlice").empty());
}

TEST_F(EndpointSliceController, RepairsASliceThatSomebodyDeletes) {
  api.put(test::service());
  api.put(test::pod("a"));
  start(endpointslice);
  api.remove("EndpointSlice", all("EndpointSlice").begin()->first);
  world.run();
  EXPECT_EQ(only().endpoints_size(), 1);
}

} // namespace

} // namespace troupe
