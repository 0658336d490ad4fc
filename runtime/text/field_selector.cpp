#include "runtime/text/selector.hpp"

namespace troupe::text {

namespace {

/// Takes a field selector's text up to an unescaped ',' or '='.
expected<std::string> take_escaped(std::string_view& str, bool stop_at_equal) {
  std::string result;
  while (!str.empty() && str[0] != ',') {
    if (stop_at_equal && (str[0] == '=' || str.starts_with("!=")))
      break;
    if (str[0] == '\\') {
      str.remove_prefix(1);
      if (str.empty() || (str[0] != ',' && str[0] != '=' && str[0] != '\\'))
        return make_error(ec::bad_request,
                          "invalid escape sequence in a field selector");
    } else if (str[0] == '=') {
      return make_error(ec::bad_request,
                        "invalid field selector: unescaped '=' in a value");
    }
    result += str[0];
    str.remove_prefix(1);
  }
  return result;
}

std::string escape(std::string_view str) {
  std::string result;
  for (auto c : str) {
    if (c == ',' || c == '=' || c == '\\')
      result += '\\';
    result += c;
  }
  return result;
}

expected<field_selector::term> take_term(std::string_view& str) {
  field_selector::term t;
  auto field = take_escaped(str, true);
  if (!field)
    return field.error();
  t.field = std::move(*field);
  t.equal = !str.starts_with('!');
  if (!t.equal)
    str.remove_prefix(1);
  if (!str.starts_with('=') || t.field.empty())
    return make_error(ec::bad_request, "invalid field selector: expected "
                                       "FIELD=VALUE, FIELD==VALUE or "
                                       "FIELD!=VALUE");
  str.remove_prefix(t.equal && str.starts_with("==") ? 2 : 1);
  auto value = take_escaped(str, false);
  if (!value)
    return value.error();
  t.value = std::move(*value);
  return t;
}

} // namespace

expected<field_selector> field_selector::parse(std::string_view str) {
  field_selector result;
  while (!str.empty()) {
    if (str[0] == ',') {
      str.remove_prefix(1);
      continue;
    }
    auto t = take_term(str);
    if (!t)
      return t.error();
    result.terms.push_back(std::move(*t));
  }
  return result;
}

std::optional<std::string>
field_selector::required(std::string_view field) const {
  for (auto& t : terms)
    if (t.equal && t.field == field)
      return t.value;
  return std::nullopt;
}

std::string field_selector::str() const {
  std::string result;
  for (auto& t : terms) {
    if (!result.empty())
      result += ",";
    result += escape(t.field) + (t.equal ? "=" : "!=") + escape(t.value);
  }
  return result;
}

} // namespace troupe::text
