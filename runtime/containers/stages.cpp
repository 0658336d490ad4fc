#include "runtime/containers/stages.hpp"

#include <yaml-cpp/yaml.h>

#include <cstdlib>
#include <set>
#include <sstream>

namespace troupe::simulation {

using std::chrono::nanoseconds;

namespace {

/// Longer ones are surely mistakes, and could not be added up.
constexpr double longest_delay_ns = 1e9 * 3600 * 24 * 3650;

/// Reads a map of YAML and remembers the first thing that is wrong.
class reader {
public:
  reader(const YAML::Node& node, std::string path, caf::error& problem)
      : node_(node), path_(std::move(path)), problem_(problem) {
    if (!node_.IsNull() && !node_.IsMap())
      refuse("", "must be a map");
  }

  /// Whatever was not asked for is unknown.
  ~reader() {
    if (!node_.IsMap())
      return;
    for (auto entry : node_)
      if (auto key = entry.first.Scalar(); seen_.count(key) == 0)
        refuse(key, "unknown field");
  }

  std::string text(const char* key, const std::string& fallback = {}) {
    auto value = get(key);
    if (!value.IsDefined() || value.IsNull())
      return fallback;
    if (!value.IsScalar()) {
      refuse(key, "must be a text");
      return fallback;
    }
    return value.Scalar();
  }

  int32_t number(const char* key) {
    auto value = text(key);
    if (value.empty())
      return 0;
    char* end = nullptr;
    auto result = strtol(value.c_str(), &end, 10);
    if (*end != '\0' || result < 0 || result > 255)
      refuse(key, "must be a number from 0 to 255");
    return static_cast<int32_t>(result);
  }

  nanoseconds duration(const char* key) {
    auto value = text(key);
    if (value.empty())
      return nanoseconds{0};
    auto result = parse_duration(value);
    if (result)
      return *result;
    refuse(key, message_of(result.error()));
    return nanoseconds{0};
  }

  template <class T>
  T word(const char* key, std::initializer_list<std::pair<const char*, T>> all,
         T fallback) {
    auto value = text(key);
    if (value.empty())
      return fallback;
    std::string known;
    for (auto& [name, result] : all) {
      if (value == name)
        return result;
      known += known.empty() ? name : std::string{", "} + name;
    }
    refuse(key, "\"" + value + "\" must be one of " + known);
    return fallback;
  }

  std::map<std::string, std::string> texts(const char* key) {
    std::map<std::string, std::string> result;
    auto value = get(key);
    if (!value.IsDefined() || value.IsNull())
      return result;
    if (!value.IsMap()) {
      refuse(key, "must be a map of texts");
      return result;
    }
    for (auto entry : value) {
      if (!entry.second.IsScalar()) {
        refuse(key, "must be a map of texts");
        break;
      }
      result[entry.first.Scalar()] = entry.second.Scalar();
    }
    return result;
  }

  /// Calls `each` with a reader of every element.
  template <class F>
  void list(const char* key, F each) {
    auto value = get(key);
    if (!value.IsDefined() || value.IsNull())
      return;
    if (!value.IsSequence())
      return refuse(key, "must be a list");
    for (size_t i = 0; i < value.size(); ++i) {
      reader element{value[i], where(key) + "[" + std::to_string(i) + "]",
                     problem_};
      each(element);
    }
  }

  match who() {
    match result;
    auto value = get("match");
    if (!value.IsDefined() || value.IsNull())
      return result;
    reader fields{value, where("match"), problem_};
    result.image = fields.text("image");
    result.container = fields.text("container");
    result.pod = fields.text("pod");
    result.ns = fields.text("namespace");
    result.labels = fields.texts("labels");
    result.annotations = fields.texts("annotations");
    return result;
  }

  void refuse(const std::string& key, const std::string& why) {
    if (!problem_)
      problem_ = make_error(ec::invalid, where(key) + ": " + why);
  }

private:
  YAML::Node get(const char* key) {
    seen_.insert(key);
    return node_.IsMap() ? node_[key] : YAML::Node{YAML::NodeType::Undefined};
  }

  std::string where(const std::string& key) const {
    if (key.empty())
      return path_.empty() ? "script" : path_;
    return path_.empty() ? key : path_ + "." + key;
  }

  const YAML::Node node_;
  std::string path_;
  caf::error& problem_;
  std::set<std::string> seen_;
};

stage read_stage(reader& in) {
  stage result;
  result.name = in.text("name");
  result.who = in.who();
  result.from = in.word<place>(
      "from", {{"created", place::created}, {"running", place::running}},
      place::created);
  result.on = in.word<cause>(
      "on",
      {{"start", cause::start}, {"stop", cause::stop}, {"time", cause::time}},
      cause::time);
  result.to = in.word<place>(
      "to", {{"running", place::running}, {"exited", place::exited}},
      place::running);
  result.delay = in.duration("delay");
  result.jitter = in.duration("jitter");
  result.delay_from = in.text("delayFrom");
  result.exit_code = in.number("exitCode");
  result.exit_code_from = in.text("exitCodeFrom");
  result.signal = in.number("signal");
  result.reason = in.text("reason");
  result.message = in.text("message");
  std::istringstream lines{in.text("log")};
  for (std::string line; std::getline(lines, line);)
    result.log.push_back(line);
  if (result.on == cause::start && result.from != place::created)
    in.refuse("from", "only a created container is started");
  if (result.on == cause::time && result.from == place::created)
    in.refuse("from", "a created container waits for its start");
  if (result.on == cause::stop && result.to != place::exited)
    in.refuse("to", "a stopped container exits");
  return result;
}

exec_rule read_exec(reader& in) {
  exec_rule result;
  result.who = in.who();
  result.command = in.text("command", "*");
  result.delay = in.duration("delay");
  result.exit_code = in.number("exitCode");
  result.output = in.text("stdout");
  result.errors = in.text("stderr");
  return result;
}

image_rule read_image(reader& in) {
  image_rule result;
  result.image = in.text("image", "*");
  result.delay = in.duration("delay");
  result.error = in.text("error");
  return result;
}

sandbox_rule read_sandbox(reader& in) {
  sandbox_rule result;
  result.who = in.who();
  result.delay = in.duration("delay");
  return result;
}

bool all_in(const std::map<std::string, std::string>& wanted,
            const texts& there) {
  for (auto& [key, pattern] : wanted) {
    auto at = there.find(key);
    if (at == there.end() || !fits(pattern, at->second))
      return false;
  }
  return true;
}

bool empty_or_fits(const std::string& pattern, const std::string& text) {
  return pattern.empty() || fits(pattern, text);
}

stage start_at_once() {
  stage result;
  result.name = "start";
  return result;
}

stage stop_at_once() {
  stage result;
  result.name = "stop";
  result.from = place::running;
  result.on = cause::stop;
  result.to = place::exited;
  result.exit_code = 143;
  result.signal = 15;
  return result;
}

} // namespace

bool fits(const std::string& pattern, const std::string& text) {
  size_t p = 0;
  size_t t = 0;
  auto star = std::string::npos;
  size_t mark = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      mark = t;
    } else if (p < pattern.size()
               && (pattern[p] == '?' || pattern[p] == text[t])) {
      ++p;
      ++t;
    } else if (star != std::string::npos) {
      p = star + 1;
      t = ++mark;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*')
    ++p;
  return p == pattern.size();
}

bool match::accepts(const subject& whom) const {
  return empty_or_fits(image, whom.image)
         && empty_or_fits(container, whom.container)
         && empty_or_fits(pod, whom.pod) && empty_or_fits(ns, whom.ns)
         && all_in(labels, whom.labels)
         && all_in(annotations, whom.annotations);
}

nanoseconds stage::delay_of(const subject& whom, uint64_t chance) const {
  auto result = delay;
  auto at = whom.annotations.find(delay_from);
  if (!delay_from.empty() && at != whom.annotations.end())
    if (auto told = parse_duration(at->second))
      result = *told;
  if (jitter.count() > 0)
    result += nanoseconds{static_cast<int64_t>(
        chance % static_cast<uint64_t>(jitter.count() + 1))};
  return result;
}

int32_t stage::exit_code_of(const subject& whom) const {
  auto at = whom.annotations.find(exit_code_from);
  if (exit_code_from.empty() || at == whom.annotations.end())
    return exit_code;
  return static_cast<int32_t>(strtol(at->second.c_str(), nullptr, 10) & 255);
}

const stage* script::find(place from, cause on, const subject& whom) const {
  for (auto& candidate : stages)
    if (candidate.from == from && candidate.on == on
        && candidate.who.accepts(whom))
      return &candidate;
  static const auto start = start_at_once();
  static const auto stop = stop_at_once();
  switch (on) {
    case cause::start:
      return &start;
    case cause::stop:
      return &stop;
    default:
      return nullptr;
  }
}

expected<nanoseconds> parse_duration(const std::string& text) {
  double total = 0;
  auto at = text.c_str();
  auto bad =
      make_error(ec::invalid, "\"" + text + "\" is no duration such as 1m30s");
  if (text.empty())
    return bad;
  while (*at != '\0') {
    if ((*at < '0' || *at > '9') && *at != '.')
      return bad;
    char* end = nullptr;
    auto value = strtod(at, &end);
    if (end == at)
      return bad;
    std::string unit;
    for (at = end; *at >= 'a' && *at <= 'z'; ++at)
      unit += *at;
    if (unit == "h")
      total += value * 3600e9;
    else if (unit == "m")
      total += value * 60e9;
    else if (unit == "s")
      total += value * 1e9;
    else if (unit == "ms")
      total += value * 1e6;
    else if (unit == "us")
      total += value * 1e3;
    else
      return bad;
  }
  if (total > longest_delay_ns)
    return bad;
  return nanoseconds{static_cast<int64_t>(total)};
}

expected<script> parse_script(const std::string& yaml) {
  script result;
  caf::error problem;
  // The library throws; nothing of that leaves here.
  try {
    auto root = YAML::Load(yaml);
    reader in{root, "", problem};
    in.list("stages",
            [&](reader& r) { result.stages.push_back(read_stage(r)); });
    in.list("execs", [&](reader& r) { result.execs.push_back(read_exec(r)); });
    in.list("images",
            [&](reader& r) { result.images.push_back(read_image(r)); });
    in.list("sandboxes",
            [&](reader& r) { result.sandboxes.push_back(read_sandbox(r)); });
  } catch (const YAML::Exception& e) {
    return make_error(ec::invalid, e.what());
  }
  if (problem)
    return problem;
  return result;
}

} // namespace troupe::simulation
