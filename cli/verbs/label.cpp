#include "cli/arguments.hpp"
#include "cli/commands.hpp"
#include "cli/writing.hpp"

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <ostream>

namespace troupe::cli {

namespace {

struct map_command {
  std::vector<std::string> words;
  target_options targets;
  write_options write;
  bool overwrite = false;
  bool list = false;
  bool labels = true; ///< otherwise annotations
};

expected<std::string> edit_map(text::document& x, const map_changes& changes,
                               const map_command& cmd, environment& env) {
  auto& meta = x["metadata"];
  auto field = cmd.labels ? "labels" : "annotations";
  auto before = meta.value(field, text::document::object());
  auto after = before;
  for (auto& [key, value] : changes.set) {
    if (!cmd.overwrite && before.contains(key) && before[key] != value)
      return make_error(ec::bad_request, "'" + key + "' already has a value ("
                                             + before[key].get<std::string>()
                                             + "), and --overwrite is false");
    after[key] = value;
  }
  for (auto& key : changes.remove)
    if (after.erase(key) == 0)
      env.out() << (cmd.labels ? "label" : "annotation") << " \"" << key
                << "\" not found.\n";
  if (after.empty())
    meta.erase(field);
  else
    meta[field] = after;
  if (!cmd.labels)
    return std::string{"annotated"};
  if (after == before)
    return std::string{"not labeled"};
  return std::string{changes.set.empty() ? "unlabeled" : "labeled"};
}

void run_map(const map_command& cmd, environment& env) {
  auto pairs = std::find_if(cmd.words.begin(), cmd.words.end(), is_map_change);
  auto changes = parse_map_changes({pairs, cmd.words.end()});
  if (!changes) {
    env.misuse(message_of(changes.error()));
    return;
  }
  if (pairs == cmd.words.end() && !cmd.list) {
    env.misuse(
        std::string{"at least one "} + (cmd.labels ? "label" : "annotation")
        + " update is required"
        + (cmd.words.empty() ? "" : ", \"" + cmd.words.back() + "\" is none"));
    return;
  }
  auto targets = find_targets({cmd.words.begin(), pairs}, cmd.targets, env);
  for (auto& each : targets)
    change_object(
        each,
        [&](text::document& x) -> expected<std::string> {
          auto said = edit_map(x, *changes, cmd, env);
          if (!said || !cmd.list)
            return said;
          auto field = cmd.labels ? "labels" : "annotations";
          // Named, because items() keeps no hold of a temporary.
          auto shown = x["metadata"].value(field, text::document::object());
          for (auto& [key, value] : shown.items())
            env.out() << key << "=" << value.get<std::string>() << "\n";
          return std::string{};
        },
        cmd.write, env);
}

void add_map(CLI::App& app, environment& env, bool labels) {
  auto cmd = std::make_shared<map_command>();
  cmd->labels = labels;
  auto* sub = app.add_subcommand(labels ? "label" : "annotate",
                                 labels ? "Set and remove labels"
                                        : "Set and remove annotations");
  sub->add_option("WHAT", cmd->words, "KIND NAME... KEY=VALUE... KEY-...");
  sub->add_flag("--overwrite", cmd->overwrite, "Change what has a value");
  sub->add_flag("--list", cmd->list, "Show them");
  add_target_options(*sub, cmd->targets);
  add_write_options(*sub, cmd->write);
  sub->callback([cmd, &env] { run_map(*cmd, env); });
}

} // namespace

void add_label(CLI::App& app, environment& env) {
  add_map(app, env, true);
}

void add_annotate(CLI::App& app, environment& env) {
  add_map(app, env, false);
}

} // namespace troupe::cli
