#include "runtime/text/go_text.hpp"

#include <nlohmann/json.hpp>

namespace troupe::text {

std::string go_text(const document& value) {
  if (value.is_null())
    return "<nil>";
  if (value.is_string())
    return value.get<std::string>();
  if (!value.is_structured())
    return print_json(value);
  std::string out = value.is_array() ? "[" : "map[";
  auto first = true;
  for (auto& [name, item] : value.items()) {
    out += first ? "" : " ";
    first = false;
    if (value.is_object())
      out += name + ":";
    out += go_text(item);
  }
  return out + "]";
}

std::string go_string(const document& value) {
  if (value.is_string() || value.is_structured())
    return go_text(value);
  if (value.is_null())
    return "%!s(<nil>)";
  return "%!s(" + go_type(value) + "=" + go_text(value) + ")";
}

std::string go_type(const document& value) {
  if (value.is_object())
    return "map[string]interface {}";
  if (value.is_array())
    return "[]interface {}";
  if (value.is_string())
    return "string";
  if (value.is_boolean())
    return "bool";
  if (value.is_number_float())
    return "float64";
  return value.is_number() ? "int64" : "%!s(<nil>)";
}

} // namespace troupe::text
