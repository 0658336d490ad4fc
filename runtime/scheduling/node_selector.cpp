#include "runtime/scheduling/node_selector.hpp"

#include "messages/api/core_reference.pb.h"

#include <algorithm>
#include <charconv>

namespace troupe::scheduling {

namespace {

match_op to_op(std::string_view word) {
  if (word == "In")
    return match_op::in;
  if (word == "NotIn")
    return match_op::not_in;
  if (word == "Exists")
    return match_op::exists;
  if (word == "DoesNotExist")
    return match_op::absent;
  if (word == "Gt")
    return match_op::gt;
  if (word == "Lt")
    return match_op::lt;
  return match_op::never;
}

requirement to_requirement(const core::v1::NodeSelectorRequirement& in) {
  requirement out;
  out.key = in.key();
  out.op = to_op(in.operator_());
  out.values.assign(in.values().begin(), in.values().end());
  if (out.op == match_op::gt || out.op == match_op::lt) {
    auto number =
        out.values.size() == 1 ? to_integer(out.values[0]) : std::nullopt;
    if (number)
      out.number = *number;
    else
      out.op = match_op::never;
  }
  return out;
}

bool one_of(const std::vector<std::string>& values, std::string_view value) {
  return std::find(values.begin(), values.end(), value) != values.end();
}

} // namespace

const std::string* find_label(const label_list& labels, std::string_view key) {
  auto i = std::lower_bound(
      labels.begin(), labels.end(), key,
      [](const auto& pair, std::string_view k) { return pair.first < k; });
  return i != labels.end() && i->first == key ? &i->second : nullptr;
}

bool has_all(const label_list& labels, const label_list& wanted) {
  return std::all_of(wanted.begin(), wanted.end(), [&](const auto& pair) {
    auto value = find_label(labels, pair.first);
    return value && *value == pair.second;
  });
}

std::optional<int64_t> to_integer(std::string_view text) {
  if (!text.empty() && text.front() == '+')
    text.remove_prefix(1);
  int64_t result = 0;
  auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), result);
  if (error != std::errc{} || end != text.data() + text.size())
    return std::nullopt;
  return result;
}

bool holds(const requirement& r, const std::string_view* value) {
  switch (r.op) {
    case match_op::in:
      return value && one_of(r.values, *value);
    case match_op::not_in:
      return !value || !one_of(r.values, *value);
    case match_op::exists:
      return value != nullptr;
    case match_op::absent:
      return value == nullptr;
    case match_op::gt:
    case match_op::lt: {
      auto number = value ? to_integer(*value) : std::nullopt;
      if (!number)
        return false;
      return r.op == match_op::gt ? *number > r.number : *number < r.number;
    }
    case match_op::never:
      break;
  }
  return false;
}

bool node_term::matches(std::string_view name,
                        const label_list& node_labels) const {
  if (labels.empty() && names.empty())
    return false;
  for (const auto& r : names)
    if (!holds(r, &name))
      return false;
  for (const auto& r : labels) {
    auto found = find_label(node_labels, r.key);
    std::string_view value = found ? *found : std::string_view{};
    if (!holds(r, found ? &value : nullptr))
      return false;
  }
  return true;
}

node_term to_term(const core::v1::NodeSelectorTerm& term) {
  node_term result;
  for (const auto& in : term.match_expressions())
    result.labels.push_back(to_requirement(in));
  for (const auto& in : term.match_fields()) {
    auto field = to_requirement(in);
    // Kubernetes: the name is the only field, and In and NotIn the only
    // operators that fields know.
    if (field.key != "metadata.name"
        || (field.op != match_op::in && field.op != match_op::not_in))
      field.op = match_op::never;
    result.names.push_back(std::move(field));
  }
  return result;
}

} // namespace troupe::scheduling
