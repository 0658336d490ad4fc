#include "actors/controllers/resourcequota.hpp"
#include "messages/api/core_config.pb.h"
#include "tests/support/controller_fixture.hpp"

namespace troupe {

namespace {

using namespace std::chrono_literals;
using core::v1::ResourceQuota;

struct ResourceQuotaController : test::controller_fixture {
  void put_quota(const std::string& resource, const std::string& amount) {
    ResourceQuota quota;
    quota.mutable_metadata()->set_name("q");
    quota.mutable_metadata()->set_namespace_("default");
    (*quota.mutable_spec()->mutable_hard())[resource].set_string(amount);
    api.put(quota);
  }

  /// "2 of 5"
  std::string counted(const std::string& resource) {
    auto& status =
        api.find("ResourceQuota", "default/q").as<ResourceQuota>().status();
    auto of = [&](auto& all) {
      auto found = all.find(resource);
      return found == all.end() ? "?" : found->second.string();
    };
    return of(status.used()) + " of " + of(status.hard());
  }
};

} // namespace

TEST_F(ResourceQuotaController, CountsANewQuotaAndWhatIsGivenBack) {
  for (auto name : {"a", "b"})
    api.put(test::pod(name));
  start(resourcequota);
  put_quota("pods", "5");
  world.run();
  EXPECT_EQ(counted("pods"), "2 of 5");
  api.remove("Pod", "default/a");
  world.run();
  EXPECT_EQ(counted("pods"), "1 of 5");
  auto done = test::pod("b");
  done.mutable_status()->set_phase("Succeeded");
  api.put(done);
  world.run();
  EXPECT_EQ(counted("pods"), "0 of 5");
}

TEST_F(ResourceQuotaController, FollowsItsSpec) {
  start(resourcequota);
  put_quota("pods", "5");
  world.run();
  put_quota("count/pods", "7");
  world.run();
  EXPECT_EQ(counted("count/pods"), "0 of 7");
  EXPECT_EQ(counted("pods"), "? of ?");
}

TEST_F(ResourceQuotaController, CountsAnewNowAndThen) {
  start(resourcequota);
  put_quota("pods", "5");
  world.run();
  api.put(test::pod("a"));
  world.run();
  // What is created is charged by the registry, which there is none of here.
  EXPECT_EQ(counted("pods"), "0 of 5");
  world.advance(5min + 1s);
  EXPECT_EQ(counted("pods"), "1 of 5");
}

} // namespace troupe
