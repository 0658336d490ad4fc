#include "runtime/rules/formats.hpp"
#include "runtime/rules/node_selector.hpp"
#include "runtime/rules/pod_checks.hpp"
#include "runtime/rules/validate_meta.hpp"

#include <charconv>

namespace troupe::rules {

using namespace core::v1;

namespace {

bool whole_number(const std::string& text) {
  int64_t value = 0;
  auto* last = text.data() + text.size();
  auto [end, err] = std::from_chars(text.data(), last, value);
  return err == std::errc{} && end == last;
}

void check_expression(const NodeSelectorRequirement& one, const field_path& at,
                      findings& out) {
  auto& op = one.operator_();
  auto values = at.child("values");
  if (op == "In" || op == "NotIn") {
    if (one.values().empty())
      out.required(values, "must be specified when `operator` is 'In' or "
                           "'NotIn'");
  } else if (op == "Exists" || op == "DoesNotExist") {
    if (!one.values().empty())
      out.forbidden(values, "may not be specified when `operator` is 'Exists' "
                            "or 'DoesNotExist'");
  } else if (op == "Gt" || op == "Lt") {
    if (one.values_size() != 1)
      out.required(values, "must be specified single value when `operator` is "
                           "'Lt' or 'Gt'");
    else if (!whole_number(one.values(0)))
      out.invalid(values[0], one.values(0),
                  "for 'Gt', 'Lt' operators, the value must be an integer");
  } else {
    out.invalid(at.child("operator"), op, "not a valid selector operator");
  }
  out.invalid(at.child("key"), one.key(), check_qualified_name(one.key()));
  for (int i = 0; i < one.values_size(); ++i)
    out.invalid(values[static_cast<size_t>(i)], one.values(i),
                check_label_value(one.values(i)));
}

void check_field(const NodeSelectorRequirement& one, const field_path& at,
                 findings& out) {
  auto values = at.child("values");
  if (one.operator_() != "In" && one.operator_() != "NotIn")
    out.invalid(at.child("operator"), one.operator_(),
                "not a valid selector operator");
  else if (one.values_size() != 1)
    out.required(values, "must be only one value when `operator` is 'In' or "
                         "'NotIn' for node field selector");
  if (one.key() != "metadata.name")
    out.invalid(at.child("key"), one.key(), "not a valid field selector key");
  else
    for (int i = 0; i < one.values_size(); ++i)
      out.invalid(values[static_cast<size_t>(i)], one.values(i),
                  check_dns1123_subdomain(one.values(i)));
}

void check_node_term(const NodeSelectorTerm& term, const field_path& at,
                     findings& out) {
  auto expressions = at.child("matchExpressions");
  for (int i = 0; i < term.match_expressions_size(); ++i) {
    auto one = expressions[static_cast<size_t>(i)];
    check_expression(term.match_expressions(i), one, out);
  }
  auto fields = at.child("matchFields");
  for (int i = 0; i < term.match_fields_size(); ++i) {
    auto one = fields[static_cast<size_t>(i)];
    check_field(term.match_fields(i), one, out);
  }
}

void check_weight(int32_t weight, const field_path& at, findings& out) {
  if (weight < 1 || weight > 100)
    out.invalid(at.child("weight"), weight, "must be in the range 1-100");
}

void check_node_affinity(const NodeAffinity& affinity, const field_path& at,
                         findings& out) {
  if (affinity.has_required_during_scheduling_ignored_during_execution()) {
    auto& needed =
        affinity.required_during_scheduling_ignored_during_execution();
    auto place = at.child("requiredDuringSchedulingIgnoredDuringExecution");
    check_node_selector(needed, place, out);
  }
  auto& wished =
      affinity.preferred_during_scheduling_ignored_during_execution();
  auto list = at.child("preferredDuringSchedulingIgnoredDuringExecution");
  for (int i = 0; i < wished.size(); ++i) {
    auto one = list[static_cast<size_t>(i)];
    check_weight(wished[i].weight(), one, out);
    check_node_term(wished[i].preference(), one.child("preference"), out);
  }
}

void check_pod_term(const PodAffinityTerm& term, const field_path& at,
                    findings& out) {
  validate_selector(term.label_selector(), at.child("labelSelector"), out);
  validate_selector(term.namespace_selector(), at.child("namespaceSelector"),
                    out);
  auto names = at.child("namespaces");
  for (int i = 0; i < term.namespaces_size(); ++i)
    out.invalid(names[static_cast<size_t>(i)], term.namespaces(i),
                check_dns1123_label(term.namespaces(i)));
  if (term.topology_key().empty())
    out.required(at.child("topologyKey"), "can not be empty");
  else
    out.invalid(at.child("topologyKey"), term.topology_key(),
                check_qualified_name(term.topology_key()));
}

// Affinity and anti-affinity have the same members.
template <class T>
void check_pod_affinity(const T& affinity, const field_path& at,
                        findings& out) {
  auto& needed = affinity.required_during_scheduling_ignored_during_execution();
  auto first = at.child("requiredDuringSchedulingIgnoredDuringExecution");
  for (int i = 0; i < needed.size(); ++i) {
    auto one = first[static_cast<size_t>(i)];
    check_pod_term(needed[i], one, out);
  }
  auto& wished =
      affinity.preferred_during_scheduling_ignored_during_execution();
  auto second = at.child("preferredDuringSchedulingIgnoredDuringExecution");
  for (int i = 0; i < wished.size(); ++i) {
    auto one = second[static_cast<size_t>(i)];
    check_weight(wished[i].weight(), one, out);
    check_pod_term(wished[i].pod_affinity_term(), one.child("podAffinityTerm"),
                   out);
  }
}

} // namespace

void check_node_selector(const NodeSelector& selector, const field_path& at,
                         findings& out) {
  auto terms = at.child("nodeSelectorTerms");
  if (selector.node_selector_terms().empty())
    out.required(terms, "must have at least one node selector term");
  for (int i = 0; i < selector.node_selector_terms_size(); ++i) {
    auto one = terms[static_cast<size_t>(i)];
    check_node_term(selector.node_selector_terms(i), one, out);
  }
}

void check_affinity(const Affinity& affinity, const field_path& at,
                    findings& out) {
  if (affinity.has_node_affinity())
    check_node_affinity(affinity.node_affinity(), at.child("nodeAffinity"),
                        out);
  if (affinity.has_pod_affinity())
    check_pod_affinity(affinity.pod_affinity(), at.child("podAffinity"), out);
  if (affinity.has_pod_anti_affinity())
    check_pod_affinity(affinity.pod_anti_affinity(),
                       at.child("podAntiAffinity"), out);
}

} // namespace troupe::rules
