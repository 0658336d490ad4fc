#include "runtime/rules/formats.hpp"

#include "runtime/rules/addresses.hpp"

#include <algorithm>

namespace troupe::rules {

namespace {

constexpr std::string_view label_text =
    "a lowercase RFC 1123 label must consist of lower case alphanumeric "
    "characters or '-', and must start and end with an alphanumeric character "
    "(e.g. 'my-name',  or '123-abc', regex used for validation is "
    "'[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
constexpr std::string_view subdomain_text =
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric "
    "characters, '-' or '.', and must start and end with an alphanumeric "
    "character (e.g. 'example.com', regex used for validation is "
    "'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
constexpr std::string_view label_1035_text =
    "a DNS-1035 label must consist of lower case alphanumeric characters or "
    "'-', start with an alphabetic character, and end with an alphanumeric "
    "character (e.g. 'my-name',  or 'abc-123', regex used for validation is "
    "'[a-z]([-a-z0-9]*[a-z0-9])?')";
constexpr std::string_view name_part_text =
    "must consist of alphanumeric characters, '-', '_' or '.', and must start "
    "and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or "
    "'123-abc', regex used for validation is "
    "'([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";
constexpr std::string_view qualified_text =
    "a qualified name must consist of alphanumeric characters, '-', '_' or "
    "'.', and must start and end with an alphanumeric character (e.g. "
    "'MyName',  or 'my.name',  or '123-abc', regex used for validation is "
    "'([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]') with an optional DNS "
    "subdomain "
    "prefix and '/' (e.g. 'example.com/MyName')";
constexpr std::string_view label_value_text =
    "a valid label must be an empty string or consist of alphanumeric "
    "characters, '-', '_' or '.', and must start and end with an alphanumeric "
    "character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for "
    "validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";
constexpr std::string_view config_key_text =
    "a valid config key must consist of alphanumeric characters, '-', '_' or "
    "'.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for "
    "validation is '[-._a-zA-Z0-9]+')";

bool lower(char c) {
  return c >= 'a' && c <= 'z';
}

bool digit(char c) {
  return c >= '0' && c <= '9';
}

bool lower_or_digit(char c) {
  return lower(c) || digit(c);
}

bool alphanumeric(char c) {
  return lower_or_digit(c) || (c >= 'A' && c <= 'Z');
}

bool name_char(char c) {
  return alphanumeric(c) || c == '-' || c == '_' || c == '.';
}

bool label_shaped(std::string_view text) {
  return !text.empty() && lower_or_digit(text.front())
         && lower_or_digit(text.back())
         && std::all_of(text.begin(), text.end(),
                        [](char c) { return lower_or_digit(c) || c == '-'; });
}

bool subdomain_shaped(std::string_view text) {
  for (;;) {
    auto dot = text.find('.');
    if (!label_shaped(text.substr(0, dot)))
      return false;
    if (dot == std::string_view::npos)
      return true;
    text.remove_prefix(dot + 1);
  }
}

bool name_shaped(std::string_view text) {
  return !text.empty() && alphanumeric(text.front())
         && alphanumeric(text.back())
         && std::all_of(text.begin(), text.end(), name_char);
}

std::string at_most(size_t characters) {
  return "must be no more than " + std::to_string(characters) + " characters";
}

void add_if(problems& out, bool wrong, std::string_view text) {
  if (wrong)
    out.emplace_back(text);
}

} // namespace

problems check_dns1123_label(std::string_view text) {
  problems result;
  if (text.size() > 63)
    result.push_back(at_most(63));
  add_if(result, !label_shaped(text), label_text);
  return result;
}

problems check_dns1123_subdomain(std::string_view text) {
  problems result;
  if (text.size() > 253)
    result.push_back(at_most(253));
  add_if(result, !subdomain_shaped(text), subdomain_text);
  return result;
}

problems check_dns1035_label(std::string_view text) {
  problems result;
  if (text.size() > 63)
    result.push_back(at_most(63));
  add_if(result, !label_shaped(text) || !lower(text.front()), label_1035_text);
  return result;
}

problems check_path_segment(std::string_view text) {
  problems result;
  if (text == "." || text == "..")
    return {"may not be '" + std::string{text} + "'"};
  add_if(result, text.find('/') != std::string_view::npos,
         "may not contain '/'");
  add_if(result, text.find('%') != std::string_view::npos,
         "may not contain '%'");
  return result;
}

problems check_qualified_name(std::string_view text) {
  problems result;
  auto slash = text.find('/');
  auto name = text;
  if (slash != std::string_view::npos) {
    auto prefix = text.substr(0, slash);
    name = text.substr(slash + 1);
    if (name.find('/') != std::string_view::npos)
      return {std::string{qualified_text}};
    if (prefix.empty())
      result.emplace_back("prefix part must be non-empty");
    else
      for (auto& problem : check_dns1123_subdomain(prefix))
        result.push_back("prefix part " + problem);
  }
  if (name.empty())
    result.emplace_back("name part must be non-empty");
  else if (name.size() > 63)
    result.push_back("name part " + at_most(63));
  if (!name_shaped(name))
    result.push_back("name part " + std::string{name_part_text});
  return result;
}

problems check_domain_prefixed_path(std::string_view text) {
  auto slash = text.find('/');
  if (slash == 0 || slash == std::string_view::npos || slash + 1 == text.size())
    return {"must be a domain-prefixed path (such as \"acme.io/foo\")"};
  auto result = check_dns1123_subdomain(text.substr(0, slash));
  auto path = text.substr(slash + 1);
  bool good = std::all_of(path.begin(), path.end(), [](char c) {
    static constexpr std::string_view marks = "-._~!$&'()*+,;=:@/%";
    return alphanumeric(c) || marks.find(c) != std::string_view::npos;
  });
  add_if(result, !good, "must be a valid HTTP path");
  return result;
}

problems check_label_value(std::string_view text) {
  problems result;
  if (text.size() > 63)
    result.push_back(at_most(63));
  add_if(result, !text.empty() && !name_shaped(text), label_value_text);
  return result;
}

problems check_config_key(std::string_view text) {
  problems result;
  if (text.size() > 253)
    result.push_back(at_most(253));
  bool good = !text.empty() && std::all_of(text.begin(), text.end(), name_char);
  add_if(result, !good, config_key_text);
  if (text == ".")
    result.emplace_back("must not be '.'");
  else if (text == "..")
    result.emplace_back("must not be '..'");
  else
    add_if(result, text.substr(0, 2) == "..", "must not start with '..'");
  return result;
}

problems check_env_name(std::string_view text) {
  bool good =
      !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
        return c >= ' ' && c <= '~' && c != '=';
      });
  if (good)
    return {};
  return {"a valid environment variable name must consist only of printable "
          "ASCII characters other than '='"};
}

problems check_port_name(std::string_view text) {
  problems result;
  if (text.size() > 15)
    result.push_back(at_most(15));
  bool known = std::all_of(text.begin(), text.end(), [](char c) {
    return lower_or_digit(c) || c == '-';
  });
  add_if(result, !known,
         "must contain only alpha-numeric characters (a-z, 0-9), and hyphens "
         "(-)");
  add_if(result, std::none_of(text.begin(), text.end(), lower),
         "must contain at least one letter (a-z)");
  add_if(result, text.find("--") != std::string_view::npos,
         "must not contain consecutive hyphens");
  add_if(result, !text.empty() && (text.front() == '-' || text.back() == '-'),
         "must not begin or end with a hyphen");
  return result;
}

problems check_port_number(int64_t number) {
  if (number >= 1 && number <= 65535)
    return {};
  return {"must be between 1 and 65535, inclusive"};
}

problems check_ip(std::string_view text) {
  if (ip_address::parse(text))
    return {};
  return {"must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"};
}

problems check_cidr(std::string_view text) {
  if (ip_range::parse(text))
    return {};
  return {"must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)"};
}

problems check_relative_path(std::string_view text) {
  problems result;
  add_if(result, !text.empty() && text.front() == '/',
         "must be a relative path");
  add_if(result, has_back_step(text), "must not contain '..'");
  return result;
}

bool is_percentage(std::string_view text) {
  return text.size() > 1 && text.back() == '%'
         && std::all_of(text.begin(), text.end() - 1, digit);
}

bool has_back_step(std::string_view text) {
  for (;;) {
    auto slash = text.find('/');
    if (text.substr(0, slash) == "..")
      return true;
    if (slash == std::string_view::npos)
      return false;
    text.remove_prefix(slash + 1);
  }
}

} // namespace troupe::rules
