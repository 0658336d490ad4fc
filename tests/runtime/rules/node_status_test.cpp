#include "messages/api/core_node.pb.h"
#include "messages/fields.hpp"
#include "runtime/rules/node_status.hpp"

#include <gtest/gtest.h>

using namespace troupe;
using namespace troupe::rules;
using namespace std::chrono_literals;

namespace {

machine small() {
  machine m;
  m.name = "n1";
  m.addresses = {"10.0.0.1"};
  m.cpu_milli = 2000;
  m.memory_bytes = 4LL << 30;
  m.storage_bytes = 10LL << 30;
  m.reserved_memory_bytes = 1LL << 30;
  m.architecture = "amd64";
  m.version = "v1.36.0";
  m.extended["example.com/gpu"] = "1";
  return m;
}

machine_health healthy() {
  machine_health health;
  health.runtime = "process";
  health.runtime_version = "1";
  return health;
}

const core::v1::NodeCondition* find(const core::v1::NodeStatus& status,
                                    const std::string& type) {
  for (const auto& c : status.conditions())
    if (c.type() == type)
      return &c;
  return nullptr;
}

} // namespace

TEST(NodeStatus, TellsWhatTheMachineCanGive) {
  auto status = node_status({}, small(), healthy(), time_point{} + 5s);
  EXPECT_EQ(status.capacity().at("cpu").string(), "2");
  EXPECT_EQ(status.capacity().at("memory").string(), "4Gi");
  EXPECT_EQ(status.capacity().at("pods").string(), "110");
  EXPECT_EQ(status.capacity().at("example.com/gpu").string(), "1");
  EXPECT_EQ(status.allocatable().at("memory").string(), "3Gi");
  EXPECT_EQ(status.addresses(0).address(), "10.0.0.1");
  EXPECT_EQ(status.addresses(1).type(), "Hostname");
  EXPECT_EQ(status.node_info().container_runtime_version(), "process://1");
  EXPECT_EQ(find(status, "Ready")->status(), "True");
  EXPECT_EQ(find(status, "MemoryPressure")->status(), "False");
  EXPECT_EQ(find(status, "Ready")->last_transition_time().seconds(), 5);
}

TEST(NodeStatus, StaysTheSameWhileNothingChanges) {
  auto before = node_status({}, small(), healthy(), time_point{} + 5s);
  auto after = node_status(before, small(), healthy(), time_point{} + 500s);
  EXPECT_TRUE(canonical_equal(before, after));
}

TEST(NodeStatus, KeepsConditionsOfOthersAndTakesItsOwnBack) {
  auto status = node_status({}, small(), healthy(), time_point{} + 5s);
  auto* other = status.add_conditions();
  other->set_type("NetworkUnavailable");
  other->set_status("False");
  for (auto& c : *status.mutable_conditions())
    if (c.type() == "Ready")
      c.set_status("Unknown");
  status = node_status(status, small(), healthy(), time_point{} + 60s);
  EXPECT_EQ(find(status, "Ready")->status(), "True");
  EXPECT_EQ(find(status, "Ready")->last_transition_time().seconds(), 60);
  EXPECT_EQ(find(status, "MemoryPressure")->last_transition_time().seconds(),
            5);
  EXPECT_NE(find(status, "NetworkUnavailable"), nullptr);
}

TEST(NodeStatus, IsNotReadyWithoutARuntime) {
  auto health = healthy();
  health.runtime_ready = false;
  health.runtime_message = "no answer";
  auto status = node_status({}, small(), health, time_point{});
  EXPECT_EQ(find(status, "Ready")->status(), "False");
  EXPECT_EQ(find(status, "Ready")->reason(), "KubeletNotReady");
}

TEST(NodeStatus, LabelsItsNode) {
  auto node = new_node(small());
  EXPECT_EQ(node.metadata().labels().at("kubernetes.io/hostname"), "n1");
  EXPECT_EQ(node.metadata().labels().at("kubernetes.io/arch"), "amd64");
  EXPECT_FALSE(take_over(small(), node));
  (*node.mutable_metadata()->mutable_labels())["kubernetes.io/os"] = "plan9";
  EXPECT_TRUE(take_over(small(), node));
}

TEST(NodeStatus, SaysWhichPortsMayNotBeOpened) {
  auto m = small();
  m.lowest_port = 1024;
  auto node = new_node(m);
  auto& notes = node.metadata().annotations();
  ASSERT_EQ(notes.count(lowest_port_key), 1u);
  EXPECT_EQ(notes.at(lowest_port_key), "1024");
  EXPECT_FALSE(take_over(m, node));
  m.lowest_port = 0;
  EXPECT_TRUE(take_over(m, node));
  EXPECT_EQ(notes.count(lowest_port_key), 0u);
}
