#include "rule_cases.hpp"
#include "runtime/rules/rule_table.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <iostream>
#include <set>

namespace troupe::rules {

void add_stored_cases(rule_cases& all);

namespace {

const rule_cases& all_cases() {
  static const rule_cases all = [] {
    rule_cases result;
    add_general_cases(result);
    add_container_cases(result);
    add_volume_cases(result);
    add_placement_cases(result);
    add_pod_cases(result);
    add_workload_cases(result);
    add_service_cases(result);
    add_endpoints_cases(result);
    add_config_cases(result);
    add_cluster_cases(result);
    add_set_cases(result);
    add_job_cases(result);
    add_policy_cases(result);
    add_stored_cases(result);
    return result;
  }();
  return all;
}

std::string shown(const std::vector<field_error>& found) {
  std::string result;
  for (auto& one : found)
    result += one.field + ": " + one.detail + "\n";
  return result;
}

std::string name_of(const testing::TestParamInfo<rule_case>& info) {
  auto kind = info.param.kind == "*" ? "Any" : info.param.kind;
  auto result = kind + "_" + info.param.rule + "_" + std::to_string(info.index);
  std::replace(result.begin(), result.end(), '-', '_');
  return result;
}

struct Rule : testing::TestWithParam<rule_case> {};

} // namespace

TEST_P(Rule, AcceptsTheOneAndRefusesTheOther) {
  EXPECT_EQ(shown(GetParam().accepted()), "");
  auto found = GetParam().refused();
  bool named = std::any_of(found.begin(), found.end(), [](auto& one) {
    return one.field == GetParam().field && !one.detail.empty();
  });
  EXPECT_TRUE(named) << "wanted " << GetParam().field << ", found:\n"
                     << shown(found);
}

INSTANTIATE_TEST_SUITE_P(Rules, Rule, testing::ValuesIn(all_cases()), name_of);

TEST(RuleCoverage, EveryRuleHasACaseAndEveryCaseARule) {
  std::set<std::string> rules;
  std::set<std::string> cases;
  for (auto& one : implemented_rules()) {
    std::string key{one.group};
    ((((key += ' ') += one.kind) += ' ') += one.name);
    EXPECT_TRUE(rules.insert(key).second) << key << " is there twice";
  }
  for (auto& one : all_cases())
    cases.insert(one.group + " " + one.kind + " " + one.rule);
  EXPECT_EQ(rules, cases);
}

TEST(RuleCoverage, KindsInUseHaveAllTheirRules) {
  std::cout << rule_coverage();
  const std::set<std::string_view> in_use{"*",
                                          "Pod",
                                          "PodTemplate",
                                          "ReplicationController",
                                          "ReplicaSet",
                                          "Deployment",
                                          "Service",
                                          "Endpoints",
                                          "EndpointSlice",
                                          "ConfigMap",
                                          "Secret",
                                          "Namespace",
                                          "Node",
                                          "ServiceAccount",
                                          "Event",
                                          "PriorityClass",
                                          "Lease"};
  size_t seen = 0;
  for (auto& total : rule_totals()) {
    if (!in_use.contains(total.kind))
      continue;
    ++seen;
    EXPECT_EQ(implemented_rules_of(total.group, total.kind), total.rules)
        << total.kind;
  }
  EXPECT_EQ(seen, in_use.size());
}

} // namespace troupe::rules
