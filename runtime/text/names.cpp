#include "runtime/text/names.hpp"

#include <algorithm>

namespace troupe::text {

namespace {

bool is_lower(char c) {
  return c >= 'a' && c <= 'z';
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

bool is_alphanumeric(char c) {
  return is_lower(c) || is_digit(c) || (c >= 'A' && c <= 'Z');
}

bool is_name_char(char c) {
  return is_alphanumeric(c) || c == '-' || c == '_' || c == '.';
}

bool is_label(std::string_view str) {
  auto edge = [](char c) { return is_lower(c) || is_digit(c); };
  return !str.empty() && edge(str.front()) && edge(str.back())
         && std::all_of(str.begin(), str.end(),
                        [&](char c) { return edge(c) || c == '-'; });
}

bool is_subdomain(std::string_view str) {
  for (;;) {
    auto dot = str.find('.');
    if (!is_label(str.substr(0, dot)))
      return false;
    if (dot == std::string_view::npos)
      return true;
    str.remove_prefix(dot + 1);
  }
}

/// Letters, digits and -_. between letters or digits.
bool is_name(std::string_view str) {
  return !str.empty() && is_alphanumeric(str.front())
         && is_alphanumeric(str.back())
         && std::all_of(str.begin(), str.end(), is_name_char);
}

std::string too_long(size_t bound) {
  return "must be no more than " + std::to_string(bound) + " bytes";
}

constexpr const char* name_rule =
    "must consist of alphanumeric characters, '-', '_' or '.', and must start "
    "and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or "
    "'123-abc', regex used for validation is "
    "'([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";

constexpr const char* subdomain_rule =
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric "
    "characters, '-' or '.', and must start and end with an alphanumeric "
    "character (e.g. 'example.com', regex used for validation is "
    "'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";

std::string dns_subdomain_problem(std::string_view str) {
  if (str.size() > 253)
    return too_long(253);
  return is_subdomain(str) ? std::string{} : std::string{subdomain_rule};
}

} // namespace

std::string qualified_name_problem(std::string_view str) {
  auto slash = str.find('/');
  auto name = str;
  if (slash != std::string_view::npos) {
    auto prefix = str.substr(0, slash);
    name = str.substr(slash + 1);
    if (name.find('/') != std::string_view::npos)
      return std::string{"a qualified name "} + name_rule
             + " with an optional DNS subdomain prefix and '/' (e.g. "
               "'example.com/MyName')";
    if (prefix.empty())
      return "prefix part must be non-empty";
    if (auto problem = dns_subdomain_problem(prefix); !problem.empty())
      return "prefix part " + problem;
  }
  if (name.empty())
    return "name part must be non-empty";
  if (name.size() > 63)
    return "name part " + too_long(63);
  if (!is_name(name))
    return std::string{"name part "} + name_rule;
  return {};
}

std::string label_value_problem(std::string_view str) {
  if (str.size() > 63)
    return too_long(63);
  if (!str.empty() && !is_name(str))
    return "a valid label must be an empty string or consist of alphanumeric "
           "characters, '-', '_' or '.', and must start and end with an "
           "alphanumeric character (e.g. 'MyValue',  or 'my_value',  or "
           "'12345', regex used for validation is "
           "'(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";
  return {};
}

} // namespace troupe::text
