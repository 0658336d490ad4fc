#include "actors/controllers/namespace.hpp"
#include "actors/controllers/service_account.hpp"
#include "messages/api/core_config.pb.h"
#include "runtime/rules/conditions.hpp"
#include "tests/support/controller_fixture.hpp"

namespace troupe {

namespace {

using core::v1::Namespace;

Namespace space(const std::string& name, bool deleting = false) {
  Namespace result;
  result.mutable_metadata()->set_name(name);
  result.mutable_metadata()->set_uid("uid-" + name);
  result.mutable_spec()->add_finalizers("kubernetes");
  if (deleting)
    result.mutable_metadata()->mutable_deletion_timestamp()->set_seconds(1);
  return result;
}

struct NamespaceController : test::controller_fixture {
  bool finalized() {
    return !api.of(call::UPDATE, "Namespace", "finalize").empty();
  }
};

TEST_F(NamespaceController, EmptiesANamespaceThatIsDeletedAndLetsItGo) {
  api.put(space("default"));
  api.put(test::service());
  api.put(test::pod("a"));
  start(namespace_controller);
  EXPECT_TRUE(all("Pod").size() == 1 && !finalized());
  api.put(space("default", true));
  world.run();
  EXPECT_TRUE(all("Pod").empty());
  EXPECT_TRUE(all("Service").empty());
  EXPECT_TRUE(finalized());
}

TEST_F(NamespaceController, WaitsForWhatIsSlowToGo) {
  auto slow = test::pod("slow");
  slow.mutable_metadata()->mutable_deletion_timestamp()->set_seconds(1);
  slow.mutable_metadata()->add_finalizers("example.com/wait");
  api.put(slow);
  api.put(space("default", true));
  start(namespace_controller);
  EXPECT_FALSE(finalized());
  auto now = api.find("Namespace", "default");
  auto* remaining = rules::find_condition(
      now.as<Namespace>().status().conditions(), "NamespaceContentRemaining");
  ASSERT_NE(remaining, nullptr);
  EXPECT_EQ(remaining->status(), "True");
  api.remove("Pod", "default/slow");
  world.run();
  EXPECT_TRUE(finalized());
}

struct ServiceAccountController : test::controller_fixture {};

TEST_F(ServiceAccountController, GivesEveryNamespaceItsAccount) {
  api.put(space("one"));
  start(service_account);
  api.put(space("two"));
  api.put(space("leaving", true));
  world.run();
  EXPECT_EQ(all("ServiceAccount").size(), 2u);
  EXPECT_TRUE(api.find("ServiceAccount", "one/default"));
}

TEST_F(ServiceAccountController, MakesItAnewWhenItIsDeleted) {
  api.put(space("one"));
  start(service_account);
  api.remove("ServiceAccount", "one/default");
  world.run();
  EXPECT_TRUE(api.find("ServiceAccount", "one/default"));
}

} // namespace

} // namespace troupe
