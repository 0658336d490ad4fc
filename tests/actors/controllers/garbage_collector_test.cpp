#include "actors/controllers/garbage_collector.hpp"
#include "messages/api/apps.pb.h"
#include "messages/api/core_pod.pb.h"
#include "runtime/rules/ownership.hpp"
#include "tests/support/controller_fixture.hpp"

namespace troupe {

namespace {

using namespace std::chrono_literals;
using apps::v1::ReplicaSet;
using core::v1::Pod;

struct GarbageCollector : test::controller_fixture {
  object add_set(const std::string& finalizer = "") {
    auto set = test::replica_set();
    if (!finalizer.empty()) {
      set.mutable_metadata()->add_finalizers(finalizer);
      set.mutable_metadata()->mutable_deletion_timestamp()->set_seconds(1);
    }
    return api.put(set);
  }

  void add_pod(const std::string& name, const std::vector<object>& owners) {
    auto pod = test::pod(name);
    for (const auto& each : owners)
      *pod.mutable_metadata()->add_owner_references() =
          rules::controller_reference(each);
    api.put(pod);
  }
};

TEST_F(GarbageCollector, DeletesWhatBelongedToWhatIsGone) {
  auto set = add_set();
  add_pod("a", {set});
  add_pod("b", {set});
  add_pod("free", {});
  start(garbage_collector);
  EXPECT_EQ(all("Pod").size(), 3u);
  api.remove("ReplicaSet", "default/web");
  world.run();
  EXPECT_EQ(all("Pod").size(), 1u);
  auto asked = api.of(call::DELETE, "Pod")[0].msg;
  EXPECT_EQ(asked.propagation_policy(), "Background");
  EXPECT_EQ(asked.precondition_uid(), "uid-a");
}

TEST_F(GarbageCollector, FindsOrphansThatWereLeftBefore) {
  auto set = add_set();
  add_pod("a", {set});
  api.remove("ReplicaSet", "default/web");
  start(garbage_collector);
  EXPECT_TRUE(all("Pod").empty());
}

TEST_F(GarbageCollector, OrphansBeforeItLetsTheOwnerGo) {
  auto set = add_set("orphan");
  add_pod("a", {set});
  start(garbage_collector);
  auto pod = api.find("Pod", "default/a");
  ASSERT_TRUE(pod);
  EXPECT_TRUE(pod.meta().owner_references().empty());
  EXPECT_TRUE(
      api.find("ReplicaSet", "default/web").meta().finalizers().empty());
}

TEST_F(GarbageCollector, ForegroundDeletesDependentsFirst) {
  auto set = add_set("foregroundDeletion");
  add_pod("a", {set});
  std::vector<std::string> order;
  api.refuse =
      [&](const test::fake_api::asked& what) -> std::optional<caf::error> {
    if (what.msg.verb() == call::DELETE)
      order.push_back("delete " + what.msg.name());
    if (what.msg.verb() == call::UPDATE)
      order.push_back("release " + what.msg.name());
    return std::nullopt;
  };
  start(garbage_collector);
  EXPECT_EQ(order, (std::vector<std::string>{"delete a", "release web"}));
}

TEST_F(GarbageCollector, DropsAReferenceToAnOwnerThatIsGone) {
  auto stays = add_set();
  auto other = test::replica_set();
  other.mutable_metadata()->set_name("other");
  other.mutable_metadata()->set_uid("uid-other");
  auto goes = api.put(other);
  add_pod("a", {stays, goes});
  start(garbage_collector);
  api.remove("ReplicaSet", "default/other");
  world.run();
  auto pod = api.find("Pod", "default/a");
  ASSERT_TRUE(pod);
  EXPECT_EQ(pod.meta().owner_references_size(), 1);
}

TEST_F(GarbageCollector, AnOwnerMadeAnewUnderItsNameIsAnotherOne) {
  auto set = add_set();
  add_pod("a", {set});
  start(garbage_collector);
  api.remove("ReplicaSet", "default/web");
  auto again = test::replica_set();
  again.mutable_metadata()->set_uid("uid-new");
  api.put(again);
  world.run();
  EXPECT_TRUE(all("Pod").empty());
}

TEST_F(GarbageCollector, ARefusedDeleteIsTriedAgain) {
  auto set = add_set();
  add_pod("a", {set});
  start(garbage_collector);
  api.refuse =
      [](const test::fake_api::asked& what) -> std::optional<caf::error> {
    if (what.msg.verb() == call::DELETE)
      return make_error(ec::conflict, "changed");
    return std::nullopt;
  };
  api.remove("ReplicaSet", "default/web");
  world.run();
  EXPECT_EQ(all("Pod").size(), 1u);
  api.refuse = nullptr;
  world.advance(1s);
  EXPECT_TRUE(all("Pod").empty());
}

TEST_F(GarbageCollector, GoesOnAfterItsSessionBroke) {
  auto set = add_set();
  add_pod("a", {set});
  start(garbage_collector);
  world.break_sessions();
  api.remove("ReplicaSet", "default/web");
  world.run();
  EXPECT_TRUE(all("Pod").empty());
}

TEST_F(GarbageCollector, AsksNothingAtRest) {
  auto set = add_set();
  add_pod("a", {set});
  start(garbage_collector);
  auto before = api.requests.size();
  world.advance(60s);
  EXPECT_EQ(api.requests.size(), before);
}

} // namespace

} // namespace troupe
