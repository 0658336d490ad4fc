#include "runtime/images/keyring.hpp"

#include "runtime/crypto/encoding.hpp"
#include "runtime/text/document.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <optional>

namespace troupe::images {

namespace {

using tree = nlohmann::json;

constexpr auto default_key = "index.docker.io";

/// Host, port and path of what stands in a configuration, without a scheme.
struct location {
  std::string host;
  std::string port;
  std::string path;
};

location locate(std::string_view text) {
  location result;
  auto slash = std::min(text.find('/'), text.size());
  result.path = text.substr(slash);
  auto host = text.substr(0, slash);
  if (auto at = host.rfind('@'); at != host.npos)
    host.remove_prefix(at + 1);
  auto colon = host.rfind(':');
  auto bracket = host.rfind(']');
  if (colon != host.npos && (bracket == host.npos || colon > bracket)) {
    result.port = host.substr(colon + 1);
    host = host.substr(0, colon);
  }
  result.host = host;
  return result;
}

std::vector<std::string> labels_of(const std::string& host) {
  std::vector<std::string> result;
  for (size_t begin = 0; begin <= host.size();) {
    auto end = std::min(host.find('.', begin), host.size());
    result.push_back(host.substr(begin, end - begin));
    begin = end + 1;
  }
  return result;
}

/// Whether a class such as [a-z] or [^x] holds `c`; moves behind it. A class
/// without an end holds nothing.
bool class_holds(std::string_view pattern, size_t& at, char c) {
  auto end = pattern.find(']', at + 2);
  if (end == pattern.npos) {
    at = pattern.size();
    return false;
  }
  auto negated = pattern[at + 1] == '^';
  auto found = false;
  for (auto i = at + (negated ? 2 : 1); i < end; ++i) {
    auto is_range = i + 2 < end && pattern[i + 1] == '-';
    found = found || (c >= pattern[i] && c <= pattern[is_range ? i + 2 : i]);
    i += is_range ? 2 : 0;
  }
  at = end + 1;
  return found != negated;
}

/// Whether one character fits; moves behind what it was held against.
bool fits(std::string_view pattern, size_t& at, char c) {
  if (pattern[at] == '[')
    return class_holds(pattern, at, c);
  if (pattern[at] == '\\' && at + 1 < pattern.size())
    ++at;
  else if (pattern[at] == '?')
    return ++at, true;
  return pattern[at++] == c;
}

/// Go's path.Match within one label. Its time is bounded by the product of the
/// lengths: patterns come from users.
bool glob(std::string_view pattern, std::string_view text) {
  size_t at = 0, i = 0;
  size_t star = pattern.npos, star_text = 0;
  while (i < text.size()) {
    auto next = at;
    if (at < pattern.size() && pattern[at] == '*') {
      star = at++;
      star_text = i;
    } else if (at < pattern.size() && fits(pattern, next, text[i])) {
      at = next;
      ++i;
    } else if (star != pattern.npos) {
      // The star takes one more.
      at = star + 1;
      i = ++star_text;
    } else {
      return false;
    }
  }
  while (at < pattern.size() && pattern[at] == '*')
    ++at;
  return at == pattern.size();
}

bool matches(const std::string& key, const std::string& name) {
  auto where = locate(key);
  auto target = locate(name);
  if (where.port != target.port || target.path.rfind(where.path, 0) != 0)
    return false;
  auto patterns = labels_of(where.host);
  auto labels = labels_of(target.host);
  return std::equal(patterns.begin(), patterns.end(), labels.begin(),
                    labels.end(), glob);
}

/// The key without scheme; what leads to either version of the API counts as
/// the host alone.
std::string usual_key(std::string_view text) {
  for (std::string_view scheme : {"https://", "http://"})
    if (text.substr(0, scheme.size()) == scheme) {
      text.remove_prefix(scheme.size());
      break;
    }
  auto slash = std::min(text.find('/'), text.size());
  auto host = text.substr(0, slash);
  auto path = text.substr(slash);
  if (path.substr(0, 4) == "/v1/" || path.substr(0, 4) == "/v2/")
    path.remove_prefix(3);
  auto result = std::string{host};
  return path == "/" ? result : result + std::string{path};
}

/// "auth" is user and password in Base64, with padding or without.
std::optional<std::pair<std::string, std::string>>
decode_auth(std::string text) {
  if (text.find('=') == text.npos)
    text.append((4 - text.size() % 4) % 4, '=');
  auto decoded = crypto::base64_decode(text);
  if (!decoded)
    return std::nullopt;
  auto colon = decoded->find(':');
  if (colon == decoded->npos)
    return std::nullopt;
  return std::pair{decoded->substr(0, colon), decoded->substr(colon + 1)};
}

caf::error unreadable() {
  // No detail: it might be of the secret.
  return make_error(ec::invalid, "a pull secret cannot be understood");
}

expected<credentials> read_entry(const tree& from) {
  credentials result;
  if (!from.is_object())
    return unreadable();
  for (auto [key, to] : {std::pair{"username", &result.user},
                         std::pair{"password", &result.password},
                         std::pair{"identitytoken", &result.identity_token},
                         std::pair{"registrytoken", &result.registry_token}})
    if (auto at = from.find(key); at != from.end() && at->is_string())
      *to = at->get<std::string>();
  if (auto at = from.find("auth");
      at != from.end() && at->is_string()
      && !at->get_ref<const std::string&>().empty()) {
    auto decoded = decode_auth(at->get<std::string>());
    if (!decoded)
      return unreadable();
    result.user = decoded->first;
    result.password = decoded->second;
  }
  return result;
}

bool is_of_default_registry(const std::string& name) {
  auto first = name.substr(0, name.find('/'));
  return first == "docker.io" || first == default_key
         || first.find_first_of(".:") == first.npos;
}

} // namespace

void keyring::add(const std::string& key, credentials who) {
  if (!key.empty())
    known_[usual_key(key)].push_back(std::move(who));
}

caf::error keyring::add_config(std::string_view json) {
  auto from = text::parse_json(json);
  if (!from || !from->is_object())
    return unreadable();
  auto auths = from->find("auths");
  if (auths == from->end() || auths->is_null())
    return {};
  return add_old_config(auths->dump());
}

caf::error keyring::add_old_config(std::string_view json) {
  auto from = text::parse_json(json);
  if (!from || !from->is_object())
    return unreadable();
  std::vector<std::pair<std::string, credentials>> all;
  for (auto& [key, value] : from->items()) {
    auto entry = read_entry(value);
    if (!entry)
      return entry.error();
    all.emplace_back(key, std::move(*entry));
  }
  // All of a secret or nothing of it.
  for (auto& [key, who] : all)
    add(key, std::move(who));
  return {};
}

std::vector<credentials> keyring::find(const std::string& name) const {
  std::vector<credentials> result;
  for (auto& [key, all] : known_)
    if (matches(key, name))
      result.insert(result.end(), all.begin(), all.end());
  if (result.empty() && is_of_default_registry(name))
    if (auto at = known_.find(default_key); at != known_.end())
      result = at->second;
  return result;
}

} // namespace troupe::images
