#include "runtime/scheduling/filters.hpp"
#include "tests/runtime/scheduling/makers.hpp"

#include <gtest/gtest.h>

namespace troupe::scheduling {

namespace {

reasons refusal(const core::v1::Pod& pod, const node_info& node) {
  auto info = make_pod_info(pod);
  reasons out;
  if (auto rule = first_refusal(*info, node))
    rule->tell(*info, node, out);
  return out;
}

TEST(Resources, FitsToTheLastBit) {
  auto node = info_of(a_node("n"));
  EXPECT_EQ(refusal(a_pod("a", "4", "8Gi"), node), reasons{});
  EXPECT_EQ(refusal(a_pod("a", "4001m"), node), reasons{"Insufficient cpu"});
  EXPECT_EQ(refusal(a_pod("a", "5", "9Gi"), node),
            (reasons{"Insufficient cpu", "Insufficient memory"}));
}

TEST(Resources, WhatIsTakenIsNotThere) {
  auto node = info_of(a_node("n"));
  node.add(*make_pod_info(a_pod("x", "3")));
  EXPECT_EQ(refusal(a_pod("a", "1"), node), reasons{});
  EXPECT_EQ(refusal(a_pod("a", "1001m"), node), reasons{"Insufficient cpu"});
  node.remove(*make_pod_info(a_pod("x", "3")));
  EXPECT_EQ(refusal(a_pod("a", "4"), node), reasons{});
}

TEST(Resources, WhatIsNotAskedForFitsAlsoOnAnOverfullNode) {
  auto node = info_of(a_node("n"));
  node.add(*make_pod_info(a_pod("x", "9")));
  EXPECT_EQ(refusal(a_pod("a"), node), reasons{});
}

TEST(Resources, PodsAreCounted) {
  auto object = a_node("n");
  (*object.mutable_status()->mutable_allocatable())["pods"].set_string("1");
  auto node = info_of(object);
  EXPECT_EQ(refusal(a_pod("a"), node), reasons{});
  node.add(*make_pod_info(a_pod("x")));
  EXPECT_EQ(refusal(a_pod("a"), node), reasons{"Too many pods"});
}

TEST(Resources, ExtendedResourcesMustBeThere) {
  auto object = a_node("n");
  auto pod = a_pod("a");
  add_request(*pod.mutable_spec()->mutable_containers(0), "x.com/gpu", "2");
  EXPECT_EQ(refusal(pod, info_of(object)), reasons{"Insufficient x.com/gpu"});
  (*object.mutable_status()->mutable_allocatable())["x.com/gpu"].set_string(
      "2");
  EXPECT_EQ(refusal(pod, info_of(object)), reasons{});
}

TEST(Unschedulable, CordonedNodesTakeOnlyWhoToleratesIt) {
  auto object = a_node("n");
  object.mutable_spec()->set_unschedulable(true);
  auto pod = a_pod("a");
  EXPECT_EQ(refusal(pod, info_of(object)),
            reasons{"node(s) were unschedulable"});
  auto toleration = pod.mutable_spec()->add_tolerations();
  toleration->set_key("node.kubernetes.io/unschedulable");
  toleration->set_operator_("Exists");
  EXPECT_EQ(refusal(pod, info_of(object)), reasons{});
}

TEST(Taints, NameTheFirstThatIsNotTolerated) {
  auto object = a_node("n");
  add_taint(object, "a", "1", "NoSchedule");
  add_taint(object, "b", "", "NoExecute");
  add_taint(object, "c", "", "PreferNoSchedule");
  auto pod = a_pod("a");
  EXPECT_EQ(refusal(pod, info_of(object)),
            reasons{"node(s) had untolerated taint {a: 1}"});
  auto toleration = pod.mutable_spec()->add_tolerations();
  toleration->set_key("a");
  toleration->set_value("1");
  EXPECT_EQ(refusal(pod, info_of(object)),
            reasons{"node(s) had untolerated taint {b: }"});
  toleration = pod.mutable_spec()->add_tolerations();
  toleration->set_operator_("Exists");
  EXPECT_EQ(refusal(pod, info_of(object)), reasons{});
}

TEST(Tolerations, MatchByKeyValueEffectAndOperator) {
  taint mark{"k", "5", "NoSchedule"};
  struct {
    toleration x;
    bool expected;
  } cases[] = {
      {{"k", "", "5", ""}, true},
      {{"k", "Equal", "5", "NoSchedule"}, true},
      {{"k", "Equal", "5", "NoExecute"}, false},
      {{"k", "Equal", "6", ""}, false},
      {{"j", "Equal", "5", ""}, false},
      {{"k", "Exists", "", ""}, true},
      {{"", "Exists", "", ""}, true},
      {{"", "Exists", "", "NoExecute"}, false},
      {{"", "", "5", ""}, false},
      {{"k", "Lt", "6", ""}, true},
      {{"k", "Lt", "5", ""}, false},
      {{"k", "Gt", "4", ""}, true},
      {{"k", "Gt", "x", ""}, false},
      {{"k", "What", "5", ""}, false},
  };
  for (const auto& c : cases)
    EXPECT_EQ(tolerates(c.x, mark), c.expected)
        << c.x.key << ' ' << c.x.op << ' ' << c.x.value << ' ' << c.x.effect;
}

TEST(HostPorts, AreTakenOncePerNode) {
  auto pod = a_pod("a");
  pod.mutable_spec()->mutable_containers(0)->add_ports()->set_host_port(80);
  auto node = info_of(a_node("n"));
  EXPECT_EQ(refusal(pod, node), reasons{});
  node.add(*make_pod_info(pod));
  EXPECT_EQ(
      refusal(pod, node),
      reasons{"node(s) didn't have free ports for the requested pod ports"});
}

TEST(NodeName, IsTheOnlyNodeWanted) {
  EXPECT_EQ(refusal(on(a_pod("a"), "n"), info_of(a_node("n"))), reasons{});
  EXPECT_EQ(refusal(on(a_pod("a"), "m"), info_of(a_node("n"))),
            reasons{"node(s) didn't match the requested node name"});
}

TEST(NodeAffinity, SelectorAndTermsMustHold) {
  auto object = a_node("n");
  (*object.mutable_metadata()->mutable_labels())["disk"] = "ssd";
  auto node = info_of(object);
  const reasons no{"node(s) didn't match Pod's node affinity/selector"};
  auto pod = a_pod("a");
  (*pod.mutable_spec()->mutable_node_selector())["disk"] = "ssd";
  EXPECT_EQ(refusal(pod, node), reasons{});
  *required(pod).add_node_selector_terms() = a_term("disk", "In", {"hdd"});
  EXPECT_EQ(refusal(pod, node), no);
  *required(pod).add_node_selector_terms() = a_term("disk", "Exists", {});
  EXPECT_EQ(refusal(pod, node), reasons{});
  (*pod.mutable_spec()->mutable_node_selector())["disk"] = "hdd";
  EXPECT_EQ(refusal(pod, node), no);
}

TEST(NodeAffinity, NoTermAndEmptyTermsMatchNothing) {
  auto pod = a_pod("a");
  required(pod);
  EXPECT_FALSE(make_pod_info(pod)->wants("n", {}));
  required(pod).add_node_selector_terms();
  EXPECT_FALSE(make_pod_info(pod)->wants("n", {}));
}

TEST(NodeAffinity, EachOperator) {
  label_list labels{{"cores", "8"}, {"disk", "ssd"}};
  struct {
    const char* key;
    const char* op;
    std::vector<std::string> values;
    bool expected;
  } cases[] = {
      {"disk", "In", {"hdd", "ssd"}, true}, {"disk", "In", {"hdd"}, false},
      {"none", "In", {"hdd"}, false},       {"disk", "NotIn", {"hdd"}, true},
      {"disk", "NotIn", {"ssd"}, false},    {"none", "NotIn", {"ssd"}, true},
      {"disk", "Exists", {}, true},         {"none", "Exists", {}, false},
      {"disk", "DoesNotExist", {}, false},  {"none", "DoesNotExist", {}, true},
      {"cores", "Gt", {"7"}, true},         {"cores", "Gt", {"8"}, false},
      {"cores", "Lt", {"9"}, true},         {"cores", "Lt", {"8"}, false},
      {"disk", "Lt", {"8"}, false},         {"cores", "Lt", {"x"}, false},
      {"none", "Gt", {"1"}, false},         {"cores", "Like", {"8"}, false},
  };
  for (const auto& c : cases)
    EXPECT_EQ(to_term(a_term(c.key, c.op, c.values)).matches("n", labels),
              c.expected)
        << c.key << ' ' << c.op;
}

TEST(NodeAffinity, FieldsMatchTheName) {
  core::v1::NodeSelectorTerm term;
  auto line = term.add_match_fields();
  line->set_key("metadata.name");
  line->set_operator_("In");
  line->add_values("n");
  EXPECT_TRUE(to_term(term).matches("n", {}));
  EXPECT_FALSE(to_term(term).matches("m", {}));
  line->set_operator_("NotIn");
  EXPECT_FALSE(to_term(term).matches("n", {}));
  line->set_key("metadata.uid");
  EXPECT_FALSE(to_term(term).matches("m", {}));
}

TEST(Hints, APodThatLeftHelpsWhoWaitedForItsRoom) {
  auto node = info_of(a_node("n"));
  auto pod = make_pod_info(a_pod("a", "4"));
  auto left = happening::pod_left;
  EXPECT_TRUE(helps(only(filter::resources), *pod, left, node));
  EXPECT_FALSE(helps(only(filter::taints), *pod, left, node));
  node.add(*make_pod_info(a_pod("x", "1")));
  EXPECT_FALSE(helps(only(filter::resources), *pod, left, node));
}

TEST(Hints, ANodeHelpsOnlyWhoFitsOnIt) {
  auto object = a_node("n");
  auto pod = make_pod_info(a_pod("a"));
  EXPECT_TRUE(helps(0, *pod, happening::node_added, info_of(object)));
  add_taint(object, "k", "", "NoSchedule");
  EXPECT_FALSE(helps(only(filter::taints), *pod, happening::node_changed,
                     info_of(object)));
}

} // namespace

} // namespace troupe::scheduling
