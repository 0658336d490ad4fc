#include "messages/api/apps.pb.h"
#include "messages/api/coordination.pb.h"
#include "messages/api/core_node.pb.h"
#include "messages/api/core_pod.pb.h"
#include "messages/api/core_service.pb.h"
#include "messages/api/flowcontrol.pb.h"
#include "messages/api/meta.pb.h"
#include "messages/api/networking.pb.h"
#include "messages/api/storage.pb.h"
#include "runtime/rules/object_warnings.hpp"
#include "runtime/rules/warning.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace troupe::rules {

namespace {

using ::testing::ElementsAre;

object node_with(const std::string& runtime) {
  core::v1::Node node;
  node.mutable_metadata()->set_name("one");
  node.mutable_status()->mutable_node_info()->set_container_runtime_version(
      runtime);
  return object::of(node);
}

object held_by(const std::string& holder, const std::string& fields = {}) {
  coordination::v1::Lease lease;
  lease.mutable_metadata()->set_name("kube-controller-manager");
  lease.mutable_spec()->set_holder_identity(holder);
  if (!fields.empty()) {
    auto* by = lease.mutable_metadata()->add_managed_fields();
    by->set_manager("kube-controller-manager");
    by->mutable_fields_v1()->set_raw(fields);
  }
  return object::of(lease);
}

} // namespace

TEST(Warning, KnowsNodesByTheirRuntime) {
  auto helpers = [](std::initializer_list<const char*> runtimes) {
    std::vector<object> nodes;
    for (auto* each : runtimes)
      nodes.push_back(node_with(each));
    return helpers_among(nodes, true);
  };
  EXPECT_EQ(helpers({"process://0.1.0"}), 0u);
  EXPECT_EQ(helpers({"simulated://1", "process://1"}), 0u);
  EXPECT_EQ(helpers({"process://1", "oci://crun 1.8"}), own_nodes);
  EXPECT_EQ(helpers({"containerd://1.6"}), any_nodes);
  EXPECT_EQ(helpers({"process://1", ""}), any_nodes);
}

TEST(Warning, WhoIsNotKnownMayBeThere) {
  EXPECT_EQ(helpers_among({}, true), any_nodes);
  auto node = node_with("process://1");
  EXPECT_EQ(helpers_among(std::span{&node, 1}, false), any_nodes);
  EXPECT_EQ(helpers_by({}), foreign_controllers);
  EXPECT_EQ(helpers_by(held_by("")), foreign_controllers);
}

TEST(Warning, KnowsWhoseControllersHoldTheLease) {
  EXPECT_EQ(helpers_by(held_by("server-1_1")), 0u);
  EXPECT_EQ(helpers_by(held_by("server-1_1", R"({"f:metadata":{}})")), 0u);
  EXPECT_EQ(
      helpers_by(held_by("host_1", R"({"f:spec":{"f:holderIdentity":{}}})")),
      foreign_controllers);
}

TEST(Warning, HoldsUnlessSomebodyActs) {
  std::vector<warning> all{{"a", 0},
                           {"b", any_nodes},
                           {"c", foreign_nodes},
                           {"d", foreign_controllers}};
  EXPECT_EQ(doubts(all), all_helpers);
  EXPECT_THAT(that_hold(all, 0), ElementsAre("a", "b", "c", "d"));
  EXPECT_THAT(that_hold(all, own_nodes), ElementsAre("a", "c", "d"));
  EXPECT_THAT(that_hold(all, foreign_controllers), ElementsAre("a", "b", "c"));
}

TEST(Warning, TellsOfKindsThatOthersMayActOn) {
  EXPECT_TRUE(warn_of_kind(kind_of<apps::v1::Deployment>()).empty());
  auto daemons = warn_of_kind(kind_of<apps::v1::DaemonSet>());
  if (!kind_of<apps::v1::DaemonSet>().acted_on) {
    ASSERT_EQ(daemons.size(), 1u);
    EXPECT_EQ(daemons.front().unless, foreign_controllers);
  }
  auto unless = [](const kind_info& kind) {
    auto all = warn_of_kind(kind);
    return all.size() == 1 ? all.front().unless : 99u;
  };
  EXPECT_EQ(unless(kind_of<networking::v1::Ingress>()), any_nodes);
  EXPECT_EQ(unless(kind_of<networking::v1::IngressClass>()), any_nodes);
  EXPECT_EQ(unless(kind_of<networking::v1::NetworkPolicy>()), foreign_nodes);
  EXPECT_EQ(unless(kind_of<storage::v1::CSIDriver>()), foreign_nodes);
  EXPECT_EQ(unless(kind_of<storage::v1::CSINode>()), foreign_nodes);
  EXPECT_EQ(unless(kind_of<core::v1::PodTemplate>()), 0u);
}

TEST(Warning, SaysOfFlowsWhatIsTrue) {
  using namespace flowcontrol::v1;
  EXPECT_TRUE(warn_of_kind(kind_of<FlowSchema>()).empty());
  auto levels = warn_of_kind(kind_of<PriorityLevelConfiguration>());
  EXPECT_THAT(that_hold(levels, all_helpers),
              ElementsAre("PriorityLevelConfiguration is told to clients, but "
                          "no request waits for it yet"));
}

TEST(Warning, OfBalancersIsUntrueWhereAPodMayBeOne) {
  core::v1::Service service;
  service.mutable_spec()->set_type("LoadBalancer");
  auto all = warnings_about(service);
  ASSERT_EQ(all.size(), 1u);
  EXPECT_EQ(all.front().unless, all_helpers);
}

} // namespace troupe::rules
