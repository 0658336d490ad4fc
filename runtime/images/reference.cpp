#include "runtime/images/reference.hpp"

#include "runtime/images/digest.hpp"

#include <algorithm>
#include <cctype>

namespace troupe::images {

namespace {

/// Of registry and repository together, as Docker's reference grammar has it.
constexpr size_t longest_name = 255;
/// Nothing that is longer can be one; spares the rest from looking at it.
constexpr size_t longest_reference = 4096;

constexpr auto default_registry = "docker.io";
constexpr auto old_default_registry = "index.docker.io";
constexpr auto official = "library/";

caf::error refuse(const std::string& reason = "invalid reference format") {
  return make_error(ec::invalid, reason);
}

bool is_lower_or_digit(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

bool is_alphanumeric(char c) {
  return is_lower_or_digit(c) || (c >= 'A' && c <= 'Z');
}

/// What stands between the letters of a component: one dot, one or two
/// underscores, any number of dashes.
bool is_separator(std::string_view text) {
  return text == "." || text == "_" || text == "__"
         || text.find_first_not_of('-') == text.npos;
}

bool is_component(std::string_view text) {
  size_t at = 0;
  while (at < text.size()) {
    auto begin = at;
    while (at < text.size() && is_lower_or_digit(text[at]))
      ++at;
    if (at == begin)
      return false;
    if (at == text.size())
      return true;
    begin = at;
    while (at < text.size() && !is_lower_or_digit(text[at]))
      ++at;
    if (!is_separator(text.substr(begin, at - begin)))
      return false;
  }
  return false;
}

/// Calls `check` for each part between separators; false when one fails.
template <class F>
bool all_parts(std::string_view text, char separator, F check) {
  for (size_t begin = 0;; ++begin) {
    auto end = std::min(text.find(separator, begin), text.size());
    if (!check(text.substr(begin, end - begin)))
      return false;
    if (end == text.size())
      return true;
    begin = end;
  }
}

bool is_host_label(std::string_view text) {
  return !text.empty() && is_alphanumeric(text.front())
         && is_alphanumeric(text.back())
         && std::all_of(text.begin(), text.end(),
                        [](char c) { return is_alphanumeric(c) || c == '-'; });
}

bool is_registry(std::string_view text) {
  auto colon = text.find(':');
  if (colon != text.npos) {
    auto port = text.substr(colon + 1);
    if (port.empty() || port.find_first_not_of("0123456789") != port.npos)
      return false;
  }
  return all_parts(text.substr(0, colon), '.', is_host_label);
}

bool has_upper_case(std::string_view text) {
  return std::any_of(text.begin(), text.end(),
                     [](char c) { return c >= 'A' && c <= 'Z'; });
}

/// 64 hexadecimal digits would be taken for an image's id.
bool looks_like_id(std::string_view text) {
  return text.size() == 64
         && text.find_first_not_of("0123456789abcdef") == text.npos;
}

/// Whether the first of several parts looks like a host.
bool begins_with_host(std::string_view text) {
  auto slash = text.find('/');
  auto first = text.substr(0, slash);
  return slash != text.npos
         && (first.find_first_of(".:") != first.npos || first == "localhost");
}

/// Splits registry and the rest.
void take_registry(std::string_view& rest, reference& out) {
  auto slash = rest.find('/');
  auto first = rest.substr(0, slash);
  if (begins_with_host(rest)) {
    out.registry = first == old_default_registry ? default_registry : first;
    rest.remove_prefix(slash + 1);
  } else {
    out.registry = default_registry;
  }
}

/// Takes tag and digest off the end of what is left behind the registry.
bool take_version(std::string_view& rest, reference& out) {
  if (auto at = rest.find('@'); at != rest.npos) {
    out.digest = rest.substr(at + 1);
    rest = rest.substr(0, at);
    if (out.digest.empty())
      return false;
  }
  if (auto colon = rest.find(':'); colon != rest.npos) {
    out.tag = rest.substr(colon + 1);
    rest = rest.substr(0, colon);
    return is_tag(out.tag);
  }
  if (out.digest.empty())
    out.tag = "latest";
  return true;
}

} // namespace

bool is_tag(std::string_view text) {
  return !text.empty() && text.size() <= 128
         && (is_alphanumeric(text[0]) || text[0] == '_')
         && std::all_of(text.begin(), text.end(), [](char c) {
              return is_alphanumeric(c) || c == '_' || c == '.' || c == '-';
            });
}

std::string reference::whole() const {
  auto result = name();
  if (!tag.empty())
    result += ":" + tag;
  if (!digest.empty())
    result += "@" + digest;
  return result;
}

std::string reference::familiar() const {
  auto result = whole();
  // What would be taken for a host must stand behind one.
  if (registry == default_registry && !begins_with_host(repository)) {
    result.erase(0, registry.size() + 1);
    std::string_view lead = official;
    if (repository.rfind(lead, 0) == 0
        && repository.find('/', lead.size()) == repository.npos)
      result.erase(0, lead.size());
  }
  return result;
}

expected<reference> parse_reference(std::string_view text) {
  if (text.size() > longest_reference)
    return refuse();
  if (looks_like_id(text))
    return refuse("invalid repository name (" + std::string{text}
                  + "), cannot specify 64-byte hexadecimal strings");
  reference result;
  auto rest = text;
  take_registry(rest, result);
  if (has_upper_case(rest.substr(0, rest.find(':'))))
    return refuse("invalid reference format: repository name must be "
                  "lowercase");
  if (!take_version(rest, result) || !is_registry(result.registry)
      || !all_parts(rest, '/', is_component))
    return refuse();
  result.repository = rest;
  if (result.registry == default_registry && rest.find('/') == rest.npos)
    result.repository.insert(0, official);
  if (result.name().size() > longest_name)
    return refuse("repository name must not be more than 255 characters");
  if (auto problem = digest_problem(result.digest);
      !result.digest.empty() && !problem.empty())
    return refuse(problem);
  return result;
}

std::string invalid_name_message(const std::string& image,
                                 const caf::error& reason) {
  return "Failed to apply default image tag \"" + image
         + "\": couldn't parse image reference \"" + image
         + "\": " + message_of(reason);
}

} // namespace troupe::images
