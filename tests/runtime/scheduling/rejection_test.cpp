#include "runtime/scheduling/rejection.hpp"
#include "tests/runtime/scheduling/makers.hpp"

#include <gtest/gtest.h>

namespace troupe::scheduling {

namespace {

std::string reason_of(const core::v1::Pod& pod, const core::v1::Node& node,
                      const std::vector<core::v1::Pod>& there = {}) {
  std::vector<demand> taken;
  for (auto& each : there)
    taken.push_back(demand_of(each));
  std::vector<const demand*> others;
  for (auto& each : taken)
    others.push_back(&each);
  auto no = rejection_of(pod, demand_of(pod), node, others);
  return no ? no->reason : "";
}

core::v1::Pod on_node(core::v1::Pod pod) {
  pod.mutable_spec()->set_node_name("n");
  return pod;
}

} // namespace

TEST(Rejection, IsOfWhatTheNodeHasNoRoomFor) {
  auto node = a_node("n");
  EXPECT_EQ(reason_of(on_node(a_pod("a", "4", "8Gi")), node), "");
  EXPECT_EQ(reason_of(on_node(a_pod("a", "5")), node), "OutOfcpu");
  EXPECT_EQ(reason_of(on_node(a_pod("a", "1", "9Gi")), node), "OutOfmemory");
  EXPECT_EQ(reason_of(on_node(a_pod("a", "2")), node, {a_pod("x", "3")}),
            "OutOfcpu");
  (*node.mutable_status()->mutable_allocatable())["pods"].set_string("1");
  EXPECT_EQ(reason_of(on_node(a_pod("a")), node, {a_pod("x")}), "OutOfpods");
}

TEST(Rejection, TellsHowMuchIsMissing) {
  auto pod = on_node(a_pod("a", "5"));
  auto no = rejection_of(pod, demand_of(pod), a_node("n"), {});
  ASSERT_TRUE(no);
  EXPECT_EQ(no->message,
            "Pod was rejected: Node didn't have enough resource: cpu, "
            "requested: 5000, used: 0, capacity: 4000");
}

TEST(Rejection, IsOfANodeThatThePodDoesNotAskFor) {
  auto pod = on_node(a_pod("a"));
  (*pod.mutable_spec()->mutable_node_selector())["disk"] = "fast";
  auto node = a_node("n");
  EXPECT_EQ(reason_of(pod, node), "NodeAffinity");
  (*node.mutable_metadata()->mutable_labels())["disk"] = "fast";
  EXPECT_EQ(reason_of(pod, node), "");
}

TEST(Rejection, IsOfPortsThatAreTaken) {
  auto pod = on_node(a_pod("a"));
  auto* port = pod.mutable_spec()->mutable_containers(0)->add_ports();
  port->set_container_port(80);
  port->set_host_port(8080);
  EXPECT_EQ(reason_of(pod, a_node("n")), "");
  EXPECT_EQ(reason_of(pod, a_node("n"), {pod}), "NodePorts");
}

TEST(Rejection, DoesNotCountWhatHasEnded) {
  auto ended = a_pod("x", "4");
  ended.mutable_status()->set_phase("Succeeded");
  EXPECT_EQ(reason_of(on_node(a_pod("a", "4")), a_node("n"), {ended}), "");
}

} // namespace troupe::scheduling
