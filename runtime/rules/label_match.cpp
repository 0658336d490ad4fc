#include "runtime/rules/label_match.hpp"

#include <algorithm>

namespace troupe::rules {

namespace {

bool satisfies(const meta::v1::LabelSelectorRequirement& wanted,
               const label_map& labels) {
  auto found = labels.find(wanted.key());
  auto present = found != labels.end();
  auto listed = [&] {
    return std::find(wanted.values().begin(), wanted.values().end(),
                     found->second)
           != wanted.values().end();
  };
  const auto& op = wanted.operator_();
  if (op == "In")
    return present && listed();
  if (op == "NotIn")
    return !present || !listed();
  if (op == "Exists")
    return present;
  return op == "DoesNotExist" && !present;
}

} // namespace

bool selects(const meta::v1::LabelSelector& selector, const label_map& labels) {
  return contains(labels, selector.match_labels())
         && std::all_of(
             selector.match_expressions().begin(),
             selector.match_expressions().end(),
             [&](const auto& wanted) { return satisfies(wanted, labels); });
}

bool contains(const label_map& labels, const label_map& wanted) {
  return std::all_of(wanted.begin(), wanted.end(), [&](const auto& pair) {
    auto found = labels.find(pair.first);
    return found != labels.end() && found->second == pair.second;
  });
}

bool selects_everything(const meta::v1::LabelSelector& selector) {
  return selector.match_labels().empty()
         && selector.match_expressions().empty();
}

bool same_labels(const label_map& a, const label_map& b) {
  return a.size() == b.size() && contains(a, b);
}

} // namespace troupe::rules
