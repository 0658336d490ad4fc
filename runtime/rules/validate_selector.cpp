#include "runtime/rules/formats.hpp"
#include "runtime/rules/validate_meta.hpp"

#include <algorithm>

namespace troupe::rules {

using meta::v1::LabelSelector;
using meta::v1::LabelSelectorRequirement;

namespace {

void check_requirement(const LabelSelectorRequirement& one,
                       const field_path& at, findings& out) {
  auto& op = one.operator_();
  if (op == "In" || op == "NotIn") {
    if (one.values().empty())
      out.required(at.child("values"),
                   "must be specified when `operator` is 'In' or 'NotIn'");
  } else if (op == "Exists" || op == "DoesNotExist") {
    if (!one.values().empty())
      out.forbidden(at.child("values"), "may not be specified when `operator` "
                                        "is 'Exists' or 'DoesNotExist'");
  } else {
    out.invalid(at.child("operator"), op, "not a valid selector operator");
  }
  out.invalid(at.child("key"), one.key(), check_qualified_name(one.key()));
  auto values = at.child("values");
  for (int i = 0; i < one.values_size(); ++i)
    out.invalid(values[static_cast<size_t>(i)], one.values(i),
                check_label_value(one.values(i)));
}

bool meets(const LabelSelectorRequirement& one, const string_map& labels) {
  auto i = labels.find(one.key());
  bool present = i != labels.end();
  auto& op = one.operator_();
  if (op == "Exists")
    return present;
  if (op == "DoesNotExist")
    return !present;
  auto& values = one.values();
  bool listed =
      present
      && std::find(values.begin(), values.end(), i->second) != values.end();
  return op == "In" ? listed : !listed;
}

} // namespace

void validate_selector(const LabelSelector& selector, const field_path& at,
                       findings& out) {
  validate_labels(selector.match_labels(), at.child("matchLabels"), out);
  auto list = at.child("matchExpressions");
  for (int i = 0; i < selector.match_expressions_size(); ++i) {
    auto one = list[static_cast<size_t>(i)];
    check_requirement(selector.match_expressions(i), one, out);
  }
}

bool selector_empty(const LabelSelector& selector) {
  return selector.match_labels().empty()
         && selector.match_expressions().empty();
}

bool selects(const LabelSelector& selector, const string_map& labels) {
  for (auto& [key, value] : selector.match_labels()) {
    auto i = labels.find(key);
    if (i == labels.end() || i->second != value)
      return false;
  }
  auto& list = selector.match_expressions();
  return std::all_of(list.begin(), list.end(),
                     [&](auto& one) { return meets(one, labels); });
}

} // namespace troupe::rules
