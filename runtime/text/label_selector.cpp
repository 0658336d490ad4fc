#include "messages/api/meta.pb.h"
#include "runtime/text/names.hpp"
#include "runtime/text/selector.hpp"

#include <algorithm>
#include <array>
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

/// Returns what is wrong with the values of a requirement; empty when nothing
/// is. The words are Kubernetes'.
std::string problem_of(const label_requirement& r) {
  auto numeric =
      r.op == label_operator::greater || r.op == label_operator::less;
  for (auto& value : r.values) {
    if (numeric && !parse_int(value))
      return "for 'Gt', 'Lt' operators, the value must be an integer";
    if (auto problem = label_value_problem(value); !problem.empty())
      return "invalid label value: " + quoted(value)
             + ": at key: " + quoted(r.key) + ": " + problem;
  }
  return {};
}

enum class token : uint8_t {
  end,
  word,
  in,
  not_in,
  open,
  close,
  comma,
  no,
  equals,
  equals_twice,
  differs,
  greater,
  less,
};

struct scanned {
  token what = token::end;
  std::string text;
};

/// Takes the string syntax apart, as Kubernetes does: the longest token counts.
class label_scanner {
public:
  explicit label_scanner(std::string_view str) : rest_(str) {
    // nop
  }

  scanned next() {
    auto n = rest_.find_first_not_of(" \t\r\n");
    rest_.remove_prefix(std::min(n, rest_.size()));
    if (rest_.empty())
      return {};
    for (auto& [text, what] : symbols)
      if (rest_.starts_with(text))
        return take(what, text.size());
    n = std::min(rest_.find_first_of(" \t\r\n!=<>(),"), rest_.size());
    auto word = rest_.substr(0, n);
    return take(word == "in"      ? token::in
                : word == "notin" ? token::not_in
                                  : token::word,
                n);
  }

private:
  static constexpr std::array<std::pair<std::string_view, token>, 9> symbols{
      {{"==", token::equals_twice},
       {"!=", token::differs},
       {"=", token::equals},
       {"!", token::no},
       {"(", token::open},
       {")", token::close},
       {",", token::comma},
       {">", token::greater},
       {"<", token::less}}};

  scanned take(token what, size_t n) {
    scanned out{what, std::string{rest_.substr(0, n)}};
    rest_.remove_prefix(n);
    return out;
  }

  std::string_view rest_;
};

/// Reads the string syntax from left to right.
class label_parser {
public:
  explicit label_parser(std::string_view str) : scanner_(str) { step(); }

  expected<label_selector> parse() {
    label_selector result;
    while (next_.what != token::end) {
      if (!starts_requirement())
        return fail("expected: !, identifier, or 'end of string'");
      label_requirement r;
      if (auto err = requirement(r))
        return make_error(ec::bad_request,
                          "unable to parse requirement: " + message_of(err));
      result.add(std::move(r));
      if (next_.what == token::end)
        break;
      if (next_.what != token::comma)
        return fail("expected: ',' or 'end of string'");
      step();
      if (!starts_requirement())
        return fail("expected: identifier after ','");
    }
    return result;
  }

private:
  caf::error fail(const std::string& what, const char* comma = ", ") {
    return make_error(ec::bad_request, "found '" + next_.text.substr(0, 256)
                                           + "'" + comma + what);
  }

  void step() { next_ = scanner_.next(); }

  /// Keys and values may be called as operators are.
  bool at_word() const {
    return next_.what == token::word || next_.what == token::in
           || next_.what == token::not_in;
  }

  bool starts_requirement() const {
    return at_word() || next_.what == token::no;
  }

  std::string take_word() {
    auto out = std::move(next_.text);
    step();
    return out;
  }

  caf::error requirement(label_requirement& r) {
    auto negated = next_.what == token::no;
    if (negated)
      step();
    if (!at_word())
      return fail("expected: identifier");
    r.key = take_word();
    if (auto problem = qualified_name_problem(r.key); !problem.empty())
      return make_error(ec::bad_request,
                        "invalid label key " + quoted(r.key) + ": " + problem);
    if (negated)
      r.op = label_operator::does_not_exist;
    else if (auto err = condition(r))
      return err;
    if (auto problem = problem_of(r); !problem.empty())
      return make_error(ec::bad_request, problem);
    return caf::none;
  }

  caf::error condition(label_requirement& r) {
    switch (next_.what) {
      case token::end:
      case token::comma:
        return caf::none;
      case token::in:
        r.op = label_operator::in;
        break;
      case token::not_in:
        r.op = label_operator::not_in;
        break;
      case token::differs:
        r.op = label_operator::not_equals;
        break;
      case token::equals:
      case token::equals_twice:
        r.op = label_operator::equals;
        break;
      case token::greater:
        r.op = label_operator::greater;
        break;
      case token::less:
        r.op = label_operator::less;
        break;
      default:
        return fail("expected: '=', '!=', '==', 'in', notin'");
    }
    step();
    if (r.op == label_operator::in || r.op == label_operator::not_in)
      return value_list(r.values);
    return value(r.values);
  }

  caf::error value(std::vector<std::string>& values) {
    if (next_.what == token::end || next_.what == token::comma)
      values.emplace_back();
    else if (at_word())
      values.push_back(take_word());
    else
      return fail("expected: identifier");
    return caf::none;
  }

  caf::error value_list(std::vector<std::string>& values) {
    if (next_.what != token::open)
      return fail("expected: '('", " ");
    step();
    if (!at_word() && next_.what != token::comma && next_.what != token::close)
      return fail("expected: ',', ')' or identifier");
    for (;;) {
      values.push_back(at_word() ? take_word() : std::string{});
      if (next_.what == token::close)
        break;
      if (next_.what != token::comma)
        return fail("expected: ',' or ')'");
      step();
      if (!at_word() && next_.what != token::comma
          && next_.what != token::close)
        return fail("expected: ',', or identifier");
    }
    step();
    return caf::none;
  }

  label_scanner scanner_;
  scanned next_;
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
