#include "runtime/oci/spec_parts.hpp"
#include "runtime/process/container_setup.hpp"

#include <algorithm>

namespace troupe::oci {

namespace {

using nlohmann::json;

constexpr const char* default_path =
    "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

bool has_nul(const std::string& text) {
  return text.find('\0') != text.npos;
}

/// Variables in the order in which they were first told; the last word counts.
class environment {
public:
  void set(const std::string& name, const std::string& value) {
    auto at = std::find_if(texts_.begin(), texts_.end(),
                           [&](auto& each) { return each.first == name; });
    if (at == texts_.end())
      texts_.emplace_back(name, value);
    else
      at->second = value;
  }

  void set_default(const std::string& name, const std::string& value) {
    for (auto& each : texts_)
      if (each.first == name)
        return;
    texts_.emplace_back(name, value);
  }

  json texts() const {
    json result = json::array();
    for (auto& [name, value] : texts_)
      result.push_back(name + "=" + value);
    return result;
  }

private:
  std::vector<std::pair<std::string, std::string>> texts_;
};

expected<json> variables_of(const container::ContainerConfig& config,
                            const process::image_config& image,
                            const surroundings& around) {
  environment env;
  for (auto& text : image.environment)
    if (auto sign = text.find('='); sign != text.npos && sign > 0)
      env.set(text.substr(0, sign), text.substr(sign + 1));
  if (auto err = process::check_variables(config))
    return err;
  for (auto& variable : config.env())
    env.set(variable.name(), variable.value());
  env.set_default("PATH", default_path);
  env.set_default("HOSTNAME", around.hostname);
  env.set_default("HOME", around.who.home);
  if (config.tty())
    env.set_default("TERM", "xterm");
  return env.texts();
}

json user_of(const identity& who) {
  json groups = json::array();
  for (auto group : who.groups)
    groups.push_back(group);
  return {{"uid", who.user},
          {"gid", who.group},
          {"additionalGids", std::move(groups)}};
}

} // namespace

expected<json> describe_process(const container::ContainerConfig& config,
                                const process::image_config& image,
                                const surroundings& around) {
  if (has_nul(config.working_dir()))
    return refuse("workingDir", "must not contain a NUL");
  auto variables = variables_of(config, image, around);
  if (!variables)
    return variables.error();
  auto& security = config.security();
  auto capabilities = process::container_capabilities(security);
  if (!capabilities)
    return capabilities.error();
  auto names =
      process::capability_names(*capabilities & around.possible_capabilities);
  auto folder =
      config.working_dir().empty() ? image.working_dir : config.working_dir();
  if (folder.empty() || folder.front() != '/')
    folder.insert(0, "/");
  json result = {
      {"cwd", folder},
      {"env", std::move(*variables)},
      {"user", user_of(around.who)},
      {"noNewPrivileges", security.no_new_privileges()},
      // Not inherited: a program's file must not give back what was dropped.
      {"capabilities",
       {{"bounding", names}, {"effective", names}, {"permitted", names}}},
  };
  if (config.has_oom_score_adj())
    result["oomScoreAdj"] =
        std::max<int>(config.oom_score_adj(), around.lowest_oom_score);
  return result;
}

} // namespace troupe::oci
