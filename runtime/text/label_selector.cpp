#include "messages/api/meta.pb.h"
#include "runtime/text/names.hpp"
#include "runtime/text/selector.hpp"

#include <algorithm>
#include <charconv>
#include <map>

namespace troupe::text {

namespace {

std::optional<int64_t> parse_int(std::string_view str) {
  int64_t result = 0;
  auto end = str.data() + str.size();
  auto [last, err] = std::from_chars(str.data(), end, result);
  if (str.empty() || last != end || err != std::errc{})
    return std::nullopt;
  return result;
}

bool contains(const std::vector<std::string>& values, const std::string& x) {
  return std::binary_search(values.begin(), values.end(), x);
}

std::string join(const std::vector<std::string>& values) {
  std::string result;
  for (size_t i = 0; i < values.size(); ++i)
    result += (i == 0 ? "" : ",") + values[i];
  return result;
}

std::string quoted(std::string_view str) {
  return "\"" + std::string{str.substr(0, 256)} + "\"";
}

/// Returns what is wrong with a requirement; empty when nothing is.
std::string problem_of(const label_requirement& r) {
  if (auto problem = qualified_name_problem(r.key); !problem.empty())
    return "key " + quoted(r.key) + ": " + problem;
  auto numeric =
      r.op == label_operator::greater || r.op == label_operator::less;
  for (auto& value : r.values) {
    if (numeric && !parse_int(value))
      return "value " + quoted(value) + " of key " + quoted(r.key)
             + ": for '>', '<' operators, the value must be an integer";
    if (auto problem = label_value_problem(value); !problem.empty())
      return "value " + quoted(value) + " of key " + quoted(r.key) + ": "
             + problem;
  }
  return {};
}

/// Reads the string syntax from left to right.
class label_parser {
public:
  explicit label_parser(std::string_view str) : whole_(str), rest_(str) {
    // nop
  }

  expected<label_selector> parse() {
    label_selector result;
    skip_space();
    while (!rest_.empty()) {
      auto r = requirement();
      if (!r)
        return r.error();
      result.add(std::move(*r));
      if (rest_.empty())
        break;
      if (!take(","))
        return fail("expected ',' or the end");
      if (rest_.empty())
        return fail("expected a key after ','");
    }
    return result;
  }

private:
  static constexpr std::string_view stops = " \t\r\n!=<>(),";

  caf::error fail(const std::string& what) {
    auto found = rest_.empty() ? "the end of the string"
                               : "'" + std::string{rest_.substr(0, 32)} + "'";
    return make_error(ec::bad_request, "unable to parse label selector "
                                           + quoted(whole_) + ": found " + found
                                           + ", " + what);
  }

  void skip_space() {
    auto n = rest_.find_first_not_of(" \t\r\n");
    rest_.remove_prefix(std::min(n, rest_.size()));
  }

  bool take(std::string_view token) {
    if (!rest_.starts_with(token))
      return false;
    rest_.remove_prefix(token.size());
    skip_space();
    return true;
  }

  std::string word() {
    auto n = std::min(rest_.find_first_of(stops), rest_.size());
    std::string result{rest_.substr(0, n)};
    rest_.remove_prefix(n);
    skip_space();
    return result;
  }

  bool take_word(std::string_view expected_word) {
    auto n = std::min(rest_.find_first_of(stops), rest_.size());
    return rest_.substr(0, n) == expected_word && take(expected_word);
  }

  expected<label_requirement> requirement() {
    label_requirement r;
    auto negated = take("!");
    r.key = word();
    if (r.key.empty())
      return fail("expected a key");
    if (negated)
      r.op = label_operator::does_not_exist;
    else if (auto err = condition(r))
      return err;
    if (auto problem = problem_of(r); !problem.empty())
      return make_error(ec::bad_request, "unable to parse label selector "
                                             + quoted(whole_) + ": " + problem);
    return r;
  }

  caf::error condition(label_requirement& r) {
    if (rest_.empty() || rest_[0] == ',')
      return caf::none;
    if (take_word("in")) {
      r.op = label_operator::in;
      return value_list(r.values);
    }
    if (take_word("notin")) {
      r.op = label_operator::not_in;
      return value_list(r.values);
    }
    if (take("!="))
      r.op = label_operator::not_equals;
    else if (take("==") || take("="))
      r.op = label_operator::equals;
    else if (take(">"))
      r.op = label_operator::greater;
    else if (take("<"))
      r.op = label_operator::less;
    else
      return fail("expected one of: in, notin, =, ==, !=, >, <");
    r.values.push_back(word());
    return caf::none;
  }

  caf::error value_list(std::vector<std::string>& values) {
    if (!take("("))
      return fail("expected '('");
    do {
      values.push_back(word());
    } while (take(","));
    if (!take(")"))
      return fail("expected ',' or ')'");
    return caf::none;
  }

  std::string_view whole_;
  std::string_view rest_;
};

field_error required(std::string field, std::string_view why) {
  return {"FieldValueRequired", std::move(field),
          "Required value: " + std::string{why}};
}

field_error forbidden(std::string field, std::string_view why) {
  return {"FieldValueForbidden", std::move(field),
          "Forbidden: " + std::string{why}};
}

field_error invalid_value(std::string field, std::string_view value,
                          std::string_view why) {
  return {"FieldValueInvalid", std::move(field),
          "Invalid value: " + quoted(value) + ": " + std::string{why}};
}

void validate(const meta::v1::LabelSelectorRequirement& r,
              const std::string& path, std::vector<field_error>& found) {
  if (r.operator_() == "In" || r.operator_() == "NotIn") {
    if (r.values().empty())
      found.push_back(
          required(path + ".values",
                   "must be specified when `operator` is 'In' or 'NotIn'"));
  } else if (r.operator_() == "Exists" || r.operator_() == "DoesNotExist") {
    if (!r.values().empty())
      found.push_back(forbidden(path + ".values",
                                "may not be specified when `operator` is "
                                "'Exists' or 'DoesNotExist'"));
  } else {
    found.push_back(invalid_value(path + ".operator", r.operator_(),
                                  "not a valid selector operator"));
  }
  if (auto problem = qualified_name_problem(r.key()); !problem.empty())
    found.push_back(invalid_value(path + ".key", r.key(), problem));
  for (int i = 0; i < r.values_size(); ++i)
    if (auto problem = label_value_problem(r.values(i)); !problem.empty())
      found.push_back(invalid_value(path + ".values[" + std::to_string(i) + "]",
                                    r.values(i), problem));
}

label_operator operator_of(const std::string& name) {
  if (name == "In")
    return label_operator::in;
  if (name == "NotIn")
    return label_operator::not_in;
  if (name == "Exists")
    return label_operator::exists;
  return label_operator::does_not_exist;
}

} // namespace

bool label_requirement::matches(const std::string* value) const {
  switch (op) {
    case label_operator::exists:
      return value != nullptr;
    case label_operator::does_not_exist:
      return value == nullptr;
    case label_operator::equals:
    case label_operator::in:
      return value != nullptr && contains(values, *value);
    case label_operator::not_equals:
    case label_operator::not_in:
      return value == nullptr || !contains(values, *value);
    case label_operator::greater:
    case label_operator::less:
      break;
  }
  if (value == nullptr || values.empty())
    return false;
  auto left = parse_int(*value);
  auto right = parse_int(values[0]);
  if (!left || !right)
    return false;
  return op == label_operator::greater ? *left > *right : *left < *right;
}

std::string label_requirement::str() const {
  switch (op) {
    case label_operator::exists:
      return key;
    case label_operator::does_not_exist:
      return "!" + key;
    case label_operator::equals:
      return key + "=" + join(values);
    case label_operator::not_equals:
      return key + "!=" + join(values);
    case label_operator::in:
      return key + " in (" + join(values) + ")";
    case label_operator::not_in:
      return key + " notin (" + join(values) + ")";
    case label_operator::greater:
      return key + ">" + join(values);
    case label_operator::less:
      return key + "<" + join(values);
  }
  return key;
}

label_selector label_selector::nothing() {
  label_selector result;
  result.nothing_ = true;
  return result;
}

expected<label_selector> label_selector::parse(std::string_view str) {
  return label_parser{str}.parse();
}

expected<label_selector>
label_selector::from(const meta::v1::LabelSelector& msg) {
  auto found = validate_label_selector(msg, "");
  if (!found.empty())
    return make_error(ec::bad_request,
                      "invalid label selector: " + found[0].field + ": "
                          + found[0].detail);
  auto result = of(msg.match_labels());
  for (auto& r : msg.match_expressions())
    result.add({r.key(),
                operator_of(r.operator_()),
                {r.values().begin(), r.values().end()}});
  return result;
}

void label_selector::add(label_requirement r) {
  std::sort(r.values.begin(), r.values.end());
  r.values.erase(std::unique(r.values.begin(), r.values.end()), r.values.end());
  auto by_key = [](const label_requirement& a, const label_requirement& b) {
    return a.key < b.key;
  };
  auto at =
      std::upper_bound(requirements_.begin(), requirements_.end(), r, by_key);
  requirements_.insert(at, std::move(r));
}

std::string label_selector::str() const {
  std::string result;
  for (auto& r : requirements_) {
    if (!result.empty())
      result += ",";
    result += r.str();
  }
  return result;
}

std::vector<field_error>
validate_label_selector(const meta::v1::LabelSelector& msg,
                        std::string_view path) {
  std::vector<field_error> found;
  auto prefix = path.empty() ? std::string{} : std::string{path} + ".";
  // Protobuf's maps have no order of their own.
  std::map<std::string_view, std::string_view> sorted(
      msg.match_labels().begin(), msg.match_labels().end());
  for (auto& [key, value] : sorted) {
    if (auto problem = qualified_name_problem(key); !problem.empty())
      found.push_back(invalid_value(prefix + "matchLabels", key, problem));
    if (auto problem = label_value_problem(value); !problem.empty())
      found.push_back(invalid_value(prefix + "matchLabels", value, problem));
  }
  for (int i = 0; i < msg.match_expressions_size(); ++i)
    validate(msg.match_expressions(i),
             prefix + "matchExpressions[" + std::to_string(i) + "]", found);
  return found;
}

} // namespace troupe::text
