#include "cli/arguments.hpp"

#include "runtime/text/names.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <cstdlib>
#include <sstream>

namespace troupe::cli {

namespace {

caf::error wrong(std::string what) {
  return make_error(ec::bad_request, std::move(what));
}

} // namespace

bool is_map_change(const std::string& word) {
  if (word.find('=') != std::string::npos)
    return word.front() != '=';
  return word.size() > 1 && word.back() == '-';
}

expected<map_changes> parse_map_changes(const std::vector<std::string>& words) {
  map_changes result;
  for (auto& word : words) {
    auto at = word.find('=');
    if (at != std::string::npos && at > 0)
      result.set[word.substr(0, at)] = word.substr(at + 1);
    else if (at == std::string::npos && word.size() > 1 && word.back() == '-')
      result.remove.push_back(word.substr(0, word.size() - 1));
    else
      return wrong("unknown label spec: " + word
                   + ": want key=value, or key- to remove it");
  }
  for (auto& key : result.remove)
    if (result.set.count(key) > 0)
      return wrong("can not both modify and remove \"" + key
                   + "\" in the same command");
  return result;
}

expected<std::pair<std::string, std::string>>
parse_assignment(const std::string& word, std::string_view flag) {
  auto at = word.find('=');
  if (at == std::string::npos || at == 0)
    return wrong("invalid " + std::string{flag} + " \"" + word
                 + "\": expected key=value");
  return std::make_pair(word.substr(0, at), word.substr(at + 1));
}

expected<std::map<std::string, std::string>>
parse_labels(const std::string& text) {
  std::map<std::string, std::string> result;
  std::istringstream in{text};
  for (std::string word; std::getline(in, word, ',');) {
    auto pair = parse_assignment(word, "label");
    if (!pair)
      return pair.error();
    result.insert_or_assign(pair->first, pair->second);
  }
  return result;
}

expected<taint_change> parse_taint(const std::string& word) {
  taint_change result;
  auto spec = word;
  if (!spec.empty() && spec.back() == '-') {
    result.remove = true;
    spec.pop_back();
  }
  auto colon = spec.find(':');
  if (colon != std::string::npos) {
    result.effect = spec.substr(colon + 1);
    spec.resize(colon);
  }
  auto at = spec.find('=');
  if (at != std::string::npos) {
    result.value = spec.substr(at + 1);
    spec.resize(at);
  }
  result.key = spec;
  if (colon == std::string::npos && !result.remove)
    return wrong("invalid taint spec: " + word
                 + ": want key=value:Effect, or key:Effect- to remove it");
  if (auto bad = text::qualified_name_problem(result.key); !bad.empty())
    return wrong("invalid taint spec: " + word + ": key: " + bad);
  if (auto bad = text::label_value_problem(result.value); !bad.empty())
    return wrong("invalid taint spec: " + word + ": value: " + bad);
  std::array<std::string_view, 3> known{"NoSchedule", "PreferNoSchedule",
                                        "NoExecute"};
  if (colon != std::string::npos
      && std::find(known.begin(), known.end(), result.effect) == known.end())
    return wrong("invalid taint effect: " + result.effect
                 + ", unsupported taint effect; want NoSchedule, "
                   "PreferNoSchedule or NoExecute");
  return result;
}

expected<int> parse_port(const std::string& word, std::string_view field) {
  int port = 0;
  auto* end = word.data() + word.size();
  auto read = std::from_chars(word.data(), end, port);
  if (read.ec != std::errc{} || read.ptr != end || port < 1 || port > 65535)
    return wrong("invalid " + std::string{field} + " \"" + word
                 + "\": must be between 1 and 65535, inclusive");
  return port;
}

expected<port_pair> parse_port_pair(const std::string& word) {
  auto colon = word.find(':');
  auto port = parse_port(word.substr(0, colon), "port");
  if (!port)
    return port.error();
  port_pair result;
  result.port = *port;
  result.target = colon == std::string::npos ? word : word.substr(colon + 1);
  result.name = word;
  std::transform(result.name.begin(), result.name.end(), result.name.begin(),
                 [](unsigned char c) {
                   return c == ':' ? '-' : static_cast<char>(std::tolower(c));
                 });
  auto number = !result.target.empty()
                && std::all_of(result.target.begin(), result.target.end(),
                               [](unsigned char c) { return std::isdigit(c); });
  if (result.target.empty())
    return wrong("invalid target port in \"" + word + "\": it is empty");
  if (number)
    if (auto target = parse_port(result.target, "target port"); !target)
      return target.error();
  return result;
}

std::string container_name(const std::string& image) {
  auto name = image.substr(image.rfind('/') + 1);
  name = name.substr(0, name.find_first_of(":@"));
  std::string result;
  for (unsigned char c : name)
    if (std::isalnum(c))
      result += static_cast<char>(std::tolower(c));
    else if (!result.empty())
      result += '-';
  result = result.substr(0, 63);
  while (!result.empty() && result.back() == '-')
    result.pop_back();
  return result;
}

expected<std::pair<std::string, std::string>>
parse_file_source(const std::string& word) {
  auto at = word.find('=');
  auto path = at == std::string::npos ? word : word.substr(at + 1);
  auto key = at == std::string::npos ? word.substr(word.rfind('/') + 1)
                                     : word.substr(0, at);
  if (path.empty())
    return wrong("file path for key \"" + key + "\" is missing");
  if (key.empty() && at != std::string::npos)
    return wrong("key name for file path " + path + " is missing");
  return std::make_pair(key, path);
}

expected<std::map<std::string, std::string>>
parse_env_lines(const std::string& content, const std::string& file) {
  std::map<std::string, std::string> result;
  std::istringstream in{content};
  for (std::string line; std::getline(in, line);) {
    if (!line.empty() && line.back() == '\r')
      line.pop_back();
    auto start = line.find_first_not_of(" \t");
    if (start == std::string::npos || line[start] == '#')
      continue;
    line.erase(0, start);
    auto at = line.find('=');
    if (at == 0)
      return wrong(file + ": \"" + line + "\" has no key");
    auto key = line.substr(0, at);
    if (at != std::string::npos)
      result[key] = line.substr(at + 1);
    else if (auto* value = std::getenv(key.c_str()); value != nullptr)
      result[key] = value;
  }
  return result;
}

} // namespace troupe::cli
