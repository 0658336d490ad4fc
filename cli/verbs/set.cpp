#include "cli/arguments.hpp"
#include "cli/commands.hpp"
#include "cli/writing.hpp"

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include <algorithm>

namespace troupe::cli {

namespace {

struct image_command {
  std::vector<std::string> words;
  target_options targets;
  write_options write;
};

/// Returns the pod's spec within an object; null when it has none.
text::document* pod_spec(text::document& x) {
  auto kind = x.value("kind", "");
  auto* at = &x;
  auto down = [&](const char* field) {
    at = at != nullptr && at->contains(field) ? &(*at)[field] : nullptr;
  };
  if (kind == "CronJob") {
    down("spec");
    down("jobTemplate");
  }
  if (kind != "Pod") {
    down("spec");
    down("template");
  }
  down("spec");
  return at != nullptr && at->contains("containers") ? at : nullptr;
}

expected<std::string>
set_images(text::document& x,
           const std::map<std::string, std::string>& images) {
  auto* spec = pod_spec(x);
  if (spec == nullptr)
    return make_error(ec::bad_request, x.value("kind", "") + " \""
                                           + x["metadata"].value("name", "")
                                           + "\" has no containers");
  bool changed = false;
  for (auto& [name, image] : images) {
    bool found = false;
    for (auto field : {"initContainers", "containers"}) {
      if (!spec->contains(field))
        continue;
      for (auto& c : (*spec)[field]) {
        if (name != "*" && c.value("name", "") != name)
          continue;
        found = true;
        changed = changed || c.value("image", "") != image;
        c["image"] = image;
      }
    }
    if (!found)
      return make_error(ec::bad_request,
                        "unable to find container named \"" + name + "\"");
  }
  return std::string{changed ? "image updated" : ""};
}

void run_set_image(const image_command& cmd, environment& env) {
  auto pairs = std::find_if(cmd.words.begin(), cmd.words.end(), [](auto& w) {
    return w.find('=') != std::string::npos;
  });
  std::map<std::string, std::string> images;
  for (auto at = pairs; at != cmd.words.end(); ++at) {
    auto pair = parse_assignment(*at, "image");
    if (!pair || pair->second.empty()) {
      env.misuse("invalid image \"" + *at + "\": expected CONTAINER=IMAGE");
      return;
    }
    images.insert_or_assign(pair->first, pair->second);
  }
  if (images.empty()) {
    env.misuse("at least one image update is required");
    return;
  }
  for (auto& each : find_targets({cmd.words.begin(), pairs}, cmd.targets, env))
    change_object(
        each, [&](text::document& x) { return set_images(x, images); },
        cmd.write, env);
}

} // namespace

void add_set(CLI::App& app, environment& env) {
  auto* set = app.add_subcommand("set", "Change one thing of an object");
  set->require_subcommand(1);
  auto cmd = std::make_shared<image_command>();
  auto* image = set->add_subcommand("image", "Images of containers");
  image->add_option("WHAT", cmd->words, "KIND NAME CONTAINER=IMAGE...");
  add_target_options(*image, cmd->targets);
  add_write_options(*image, cmd->write);
  image->callback([cmd, &env] { run_set_image(*cmd, env); });
}

} // namespace troupe::cli
