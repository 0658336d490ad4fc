#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::rules {

/// One rule of validation that holds here. Tests name rules by kind and name;
/// every rule has a case that it accepts and one that it refuses.
struct rule_info {
  std::string_view group; ///< such as "core/v1"; "*" with kind "*" for all
  std::string_view kind;
  std::string_view path; ///< in brackets where it is about no field
  std::string_view name;
};

/// How many rules Kubernetes has for a kind.
struct rule_total {
  std::string_view group;
  std::string_view kind;
  size_t rules;
};

const std::vector<rule_info>& implemented_rules();

/// The part of implemented_rules() that is about Pods.
const std::vector<rule_info>& pod_rule_table();

/// The part of implemented_rules() that is about kinds that nothing of ours
/// acts on.
const std::vector<rule_info>& stored_rule_table();

const std::vector<rule_total>& rule_totals();

size_t implemented_rules_of(std::string_view group, std::string_view kind);

/// Returns one line per kind: `Pod (core/v1): implemented 76 of 76`.
std::string rule_coverage();

} // namespace troupe::rules
